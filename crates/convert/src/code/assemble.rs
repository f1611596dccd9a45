//! Addresses: branches get the short form where they reach, the wide form elsewhere.

use hydra_cap::opcode::Opcode;

/// An instruction whose jumps are positions in the list of instructions.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) opcode: Opcode,
    pub(crate) operand: Operand,
}

#[derive(Clone, Debug)]
pub(crate) enum Operand {
    /// Bytes that refer to nothing.
    Bytes(Vec<u8>),
    /// A one-byte constant pool index.
    Index8(u8),
    /// A two-byte constant pool index.
    Index16(u16),
    /// `invokeinterface`: argument words, index, token.
    Interface(u8, u16, u8),
    /// `checkcast`, `instanceof`: array type and, unless it is a primitive array, the index.
    TypeCheck(u8, Option<u16>),
    /// A branch in its short form.
    Branch(Label),
    /// A switch with keys of this many bytes.
    Switch {
        key_bytes: usize,
        table: bool,
        default: Label,
        targets: Vec<(i32, Label)>,
    },
}

/// Where a jump goes: the index of a JVM instruction.
pub(crate) type Label = usize;

/// A method's code with addresses from its first byte.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assembled {
    pub(crate) bytes: Vec<u8>,
    /// Where one-byte constant pool indices stand.
    pub(crate) byte_indices: Vec<usize>,
    /// Where two-byte constant pool indices stand.
    pub(crate) short_indices: Vec<usize>,
    /// Offset of each JVM instruction, and one past the last.
    pub(crate) offsets: Vec<usize>,
    /// Offset of each trampoline.
    pub(crate) trampolines: Vec<usize>,
}

/// Places the instructions. `positions` gives for each JVM instruction (and one past the last) the
/// item it begins at; `trampolines` the items of the trampolines.
pub(crate) fn assemble(
    items: &[Item],
    positions: &[usize],
    trampolines: &[usize],
) -> Result<Assembled, String> {
    let mut wide = vec![false; items.len()];
    let position = |label: Label| positions[label];
    let offsets = loop {
        let mut offsets = Vec::with_capacity(items.len() + 1);
        let mut at = 0;
        for (item, wide) in items.iter().zip(&wide) {
            offsets.push(at);
            at += item.size(*wide);
        }
        offsets.push(at);
        let mut grown = false;
        for (index, item) in items.iter().enumerate() {
            if let Operand::Branch(label) = item.operand
                && !wide[index]
            {
                let distance = difference(offsets[position(label)], offsets[index]);
                if distance.and_then(|d| i8::try_from(d).ok()).is_none() {
                    wide[index] = true;
                    grown = true;
                }
            }
        }
        if !grown {
            break offsets;
        }
    };
    let mut result = Assembled {
        offsets: positions.iter().map(|p| offsets[*p]).collect(),
        trampolines: trampolines.iter().map(|p| offsets[*p]).collect(),
        ..Assembled::default()
    };
    for (index, item) in items.iter().enumerate() {
        let here = offsets[index];
        let distance = |label: Label| {
            difference(offsets[position(label)], here)
                .and_then(|d| i16::try_from(d).ok())
                .ok_or_else(|| "the method is too long for a branch".to_owned())
        };
        let opcode = if wide[index] {
            let name = format!("{}_w", item.opcode.mnemonic());
            Opcode::from_mnemonic(&name).ok_or_else(|| format!("no instruction {name}"))?
        } else {
            item.opcode
        };
        let bytes = &mut result.bytes;
        bytes.push(opcode.byte());
        match &item.operand {
            Operand::Bytes(more) => bytes.extend(more),
            Operand::Index8(cp) => {
                result.byte_indices.push(bytes.len());
                bytes.push(*cp);
            }
            Operand::Index16(cp) => {
                result.short_indices.push(bytes.len());
                bytes.extend(cp.to_be_bytes());
            }
            Operand::Interface(words, cp, token) => {
                bytes.push(*words);
                result.short_indices.push(bytes.len());
                bytes.extend(cp.to_be_bytes());
                bytes.push(*token);
            }
            Operand::TypeCheck(kind, cp) => {
                bytes.push(*kind);
                if cp.is_some() {
                    result.short_indices.push(bytes.len());
                }
                bytes.extend(cp.unwrap_or(0).to_be_bytes());
            }
            Operand::Branch(label) => {
                let distance = distance(*label)?.to_be_bytes();
                bytes.extend(if wide[index] {
                    &distance[..]
                } else {
                    &distance[1..]
                });
            }
            Operand::Switch {
                key_bytes,
                table,
                default,
                targets,
            } => {
                bytes.extend(distance(*default)?.to_be_bytes());
                let key = |value: i32| value.to_be_bytes()[4 - key_bytes..].to_vec();
                if *table {
                    let (low, high) = bounds(targets)?;
                    bytes.extend(key(low));
                    bytes.extend(key(high));
                    for (_, label) in targets {
                        bytes.extend(distance(*label)?.to_be_bytes());
                    }
                } else {
                    let count = u16::try_from(targets.len())
                        .map_err(|_| "the switch has too many cases".to_owned())?;
                    bytes.extend(count.to_be_bytes());
                    for (value, label) in targets {
                        bytes.extend(key(*value));
                        bytes.extend(distance(*label)?.to_be_bytes());
                    }
                }
            }
        }
    }
    Ok(result)
}

fn bounds(targets: &[(i32, Label)]) -> Result<(i32, i32), String> {
    match (targets.first(), targets.last()) {
        (Some((low, _)), Some((high, _))) => Ok((*low, *high)),
        _ => Err("a table switch without cases".to_owned()),
    }
}

fn difference(to: usize, from: usize) -> Option<i64> {
    Some(i64::try_from(to).ok()? - i64::try_from(from).ok()?)
}

impl Item {
    fn size(&self, wide: bool) -> usize {
        1 + match &self.operand {
            Operand::Bytes(bytes) => bytes.len(),
            Operand::Index8(_) => 1,
            Operand::Index16(_) => 2,
            Operand::Interface(..) => 4,
            Operand::TypeCheck(..) => 3,
            Operand::Branch(_) => 1 + usize::from(wide),
            Operand::Switch {
                key_bytes,
                table: true,
                targets,
                ..
            } => 2 + 2 * key_bytes + 2 * targets.len(),
            Operand::Switch {
                key_bytes, targets, ..
            } => 4 + (key_bytes + 2) * targets.len(),
        }
    }
}
