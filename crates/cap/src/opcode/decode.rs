use core::fmt;

use super::{Layout, Opcode};

/// An instruction with its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction<'a> {
    /// Where the opcode stands.
    pub offset: usize,
    /// The opcode.
    pub opcode: Opcode,
    /// What follows it.
    pub operands: Operands<'a>,
    /// Bytes, opcode included.
    pub length: usize,
}

/// The operands of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operands<'a> {
    /// None.
    None,
    /// A constant.
    Immediate(i32),
    /// A local variable.
    Local(u8),
    /// The nibbles of `dup_x` and `swap_x`.
    Mn {
        /// High nibble.
        m: u8,
        /// Low nibble.
        n: u8,
    },
    /// A target relative to the opcode.
    Branch(i16),
    /// A constant pool index.
    Cp(u16),
    /// A local variable and a constant.
    LocalImmediate {
        /// The variable.
        local: u8,
        /// The constant.
        value: i16,
    },
    /// `invokeinterface`.
    Interface {
        /// Argument words, the object included.
        nargs: u8,
        /// The interface's constant pool index.
        cp: u16,
        /// The method token in that interface.
        token: u8,
    },
    /// `newarray`: the type.
    ArrayType(u8),
    /// `checkcast` and `instanceof`.
    TypeCheck {
        /// 0 class, 10 to 13 primitive array, 14 reference array.
        kind: u8,
        /// The class's constant pool index.
        cp: u16,
    },
    /// A switch with a target for each number from `low`.
    TableSwitch {
        /// Default target, relative to the opcode.
        default: i16,
        /// First number.
        low: i32,
        /// Last number.
        high: i32,
        /// The targets.
        targets: SwitchTargets<'a>,
    },
    /// A switch over listed numbers.
    LookupSwitch {
        /// Default target, relative to the opcode.
        default: i16,
        /// The pairs.
        targets: SwitchTargets<'a>,
    },
}

/// The targets of a switch as they stand in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SwitchTargets<'a> {
    bytes: &'a [u8],
    match_size: usize,
}

impl<'a> SwitchTargets<'a> {
    /// How many.
    pub fn len(&self) -> usize {
        self.bytes.len() / (self.match_size + 2)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Each with the number it matches (`None` in a table switch, where it is the position that counts), relative to the opcode.
    pub fn iter(&self) -> impl Iterator<Item = (Option<i32>, i16)> + 'a {
        let match_size = self.match_size;
        self.bytes.chunks_exact(match_size + 2).map(move |entry| {
            let (number, target) = entry.split_at(match_size);
            let number = match *number {
                [a, b] => Some(i32::from(i16::from_be_bytes([a, b]))),
                [a, b, c, d] => Some(i32::from_be_bytes([a, b, c, d])),
                _ => None,
            };
            let target = match *target {
                [a, b] => i16::from_be_bytes([a, b]),
                _ => 0,
            };
            (number, target)
        })
    }
}

/// Why bytes are no instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Not one of the 185.
    Undefined {
        /// Where.
        offset: usize,
        /// The byte.
        byte: u8,
    },
    /// The operands reach beyond the end.
    Truncated {
        /// Where the instruction begins.
        offset: usize,
    },
    /// An operand has a value that the instruction does not allow.
    Operand {
        /// Where the instruction begins.
        offset: usize,
    },
}

impl DecodeError {
    /// Where the instruction begins.
    pub fn offset(self) -> usize {
        match self {
            Self::Undefined { offset, .. }
            | Self::Truncated { offset }
            | Self::Operand { offset } => offset,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undefined { offset, byte } => {
                write!(f, "offset {offset}: {byte:02X} is no instruction")
            }
            Self::Truncated { offset } => {
                write!(f, "offset {offset}: the instruction is cut short")
            }
            Self::Operand { offset } => write!(f, "offset {offset}: the operand is not allowed"),
        }
    }
}

impl core::error::Error for DecodeError {}

struct Bytes<'a> {
    code: &'a [u8],
    at: usize,
    start: usize,
}

impl<'a> Bytes<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let bytes = self
            .code
            .get(self.at..)
            .and_then(|rest| rest.first_chunk::<N>());
        let bytes = *bytes.ok_or(DecodeError::Truncated { offset: self.start })?;
        self.at += N;
        Ok(bytes)
    }

    fn u1(&mut self) -> Result<u8, DecodeError> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn s1(&mut self) -> Result<i16, DecodeError> {
        self.take().map(|bytes| i16::from(i8::from_be_bytes(bytes)))
    }

    fn s2(&mut self) -> Result<i16, DecodeError> {
        self.take().map(i16::from_be_bytes)
    }

    fn u2(&mut self) -> Result<u16, DecodeError> {
        self.take().map(u16::from_be_bytes)
    }

    fn s4(&mut self) -> Result<i32, DecodeError> {
        self.take().map(i32::from_be_bytes)
    }

    fn targets(&mut self, count: i64, match_size: usize) -> Result<SwitchTargets<'a>, DecodeError> {
        let truncated = DecodeError::Truncated { offset: self.start };
        let count =
            usize::try_from(count).map_err(|_| DecodeError::Operand { offset: self.start })?;
        let size = count.checked_mul(match_size + 2).ok_or(truncated)?;
        let end = self.at.checked_add(size).ok_or(truncated)?;
        let bytes = self.code.get(self.at..end).ok_or(truncated)?;
        self.at = end;
        Ok(SwitchTargets { bytes, match_size })
    }

    fn table(&mut self, default: i16, low: i32, high: i32) -> Result<Operands<'a>, DecodeError> {
        let targets = self.targets(i64::from(high) - i64::from(low) + 1, 0)?;
        Ok(Operands::TableSwitch {
            default,
            low,
            high,
            targets,
        })
    }
}

impl<'a> Instruction<'a> {
    /// Reads the instruction at `offset`. Operand values that no instruction of the kind allows are refused.
    pub fn decode(code: &'a [u8], offset: usize) -> Result<Self, DecodeError> {
        let mut bytes = Bytes {
            code,
            at: offset,
            start: offset,
        };
        let byte = bytes.u1()?;
        let opcode = Opcode::from_byte(byte).ok_or(DecodeError::Undefined { offset, byte })?;
        let refused = DecodeError::Operand { offset };
        let operands = match opcode.layout() {
            Layout::None => Operands::None,
            Layout::Imm8 => Operands::Immediate(bytes.s1()?.into()),
            Layout::Imm16 => Operands::Immediate(bytes.s2()?.into()),
            Layout::Imm32 => Operands::Immediate(bytes.s4()?),
            Layout::Local => Operands::Local(bytes.u1()?),
            Layout::Mn => {
                let mn = bytes.u1()?;
                let (m, n) = (mn >> 4, mn & 0xF);
                let allowed = match opcode {
                    Opcode::SwapX => (1..=2).contains(&m) && (1..=2).contains(&n),
                    _ => (1..=4).contains(&m) && (n == 0 || (m..=m + 4).contains(&n)),
                };
                if !allowed {
                    return Err(refused);
                }
                Operands::Mn { m, n }
            }
            Layout::Branch8 => Operands::Branch(bytes.s1()?),
            Layout::Branch16 => Operands::Branch(bytes.s2()?),
            Layout::Cp8 => Operands::Cp(bytes.u1()?.into()),
            Layout::Cp16 => Operands::Cp(bytes.u2()?),
            Layout::LocalImm8 => Operands::LocalImmediate {
                local: bytes.u1()?,
                value: bytes.s1()?,
            },
            Layout::LocalImm16 => Operands::LocalImmediate {
                local: bytes.u1()?,
                value: bytes.s2()?,
            },
            Layout::Interface => {
                let (nargs, cp, token) = (bytes.u1()?, bytes.u2()?, bytes.u1()?);
                if nargs == 0 {
                    return Err(refused);
                }
                Operands::Interface { nargs, cp, token }
            }
            Layout::ArrayType => match bytes.u1()? {
                kind @ 10..=13 => Operands::ArrayType(kind),
                _ => return Err(refused),
            },
            Layout::TypeCheck => match (bytes.u1()?, bytes.u2()?) {
                (kind @ (0 | 14), cp) | (kind @ 10..=13, cp @ 0) => {
                    Operands::TypeCheck { kind, cp }
                }
                _ => return Err(refused),
            },
            Layout::TableSwitch16 => {
                let (default, low, high) = (bytes.s2()?, bytes.s2()?, bytes.s2()?);
                bytes.table(default, low.into(), high.into())?
            }
            Layout::TableSwitch32 => {
                let (default, low, high) = (bytes.s2()?, bytes.s4()?, bytes.s4()?);
                bytes.table(default, low, high)?
            }
            Layout::LookupSwitch16 => {
                let (default, count) = (bytes.s2()?, bytes.u2()?);
                Operands::LookupSwitch {
                    default,
                    targets: bytes.targets(count.into(), 2)?,
                }
            }
            Layout::LookupSwitch32 => {
                let (default, count) = (bytes.s2()?, bytes.u2()?);
                Operands::LookupSwitch {
                    default,
                    targets: bytes.targets(count.into(), 4)?,
                }
            }
        };
        Ok(Self {
            offset,
            opcode,
            operands,
            length: bytes.at - offset,
        })
    }

    /// Calls `visit` with each place that control may branch to, as an offset in the code; fall-through is not among them.
    pub fn for_each_target(&self, mut visit: impl FnMut(i64)) {
        let from = i64::try_from(self.offset).unwrap_or(i64::MAX);
        let mut branch = |by: i16| visit(from.saturating_add(by.into()));
        match self.operands {
            Operands::Branch(by) => branch(by),
            Operands::TableSwitch {
                default, targets, ..
            }
            | Operands::LookupSwitch { default, targets } => {
                branch(default);
                targets.iter().for_each(|(_, by)| branch(by));
            }
            _ => {}
        }
    }

    /// The first local variable that the instruction reads or writes, and how many words of it.
    pub fn local_variable(&self) -> Option<(usize, usize)> {
        use Opcode as O;
        let operand = match self.operands {
            Operands::Local(local) | Operands::LocalImmediate { local, .. } => usize::from(local),
            _ => 0,
        };
        let place = match self.opcode {
            O::Aload | O::Sload | O::Astore | O::Sstore | O::Sinc | O::SincW | O::Ret => {
                (operand, 1)
            }
            O::Iload | O::Istore | O::Iinc | O::IincW => (operand, 2),
            O::Aload0 | O::Sload0 | O::Astore0 | O::Sstore0 => (0, 1),
            O::Aload1 | O::Sload1 | O::Astore1 | O::Sstore1 => (1, 1),
            O::Aload2 | O::Sload2 | O::Astore2 | O::Sstore2 => (2, 1),
            O::Aload3 | O::Sload3 | O::Astore3 | O::Sstore3 => (3, 1),
            O::Iload0 | O::Istore0 => (0, 2),
            O::Iload1 | O::Istore1 => (1, 2),
            O::Iload2 | O::Istore2 => (2, 2),
            O::Iload3 | O::Istore3 => (3, 2),
            opcode if opcode.is_of_this() => (0, 1),
            _ => return None,
        };
        Some(place)
    }

    /// The constant pool index, if the instruction has one.
    pub fn cp_index(&self) -> Option<u16> {
        match self.operands {
            Operands::Cp(cp)
            | Operands::Interface { cp, .. }
            | Operands::TypeCheck { kind: 0 | 14, cp } => Some(cp),
            _ => None,
        }
    }
}

impl fmt::Display for Instruction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.opcode.mnemonic())?;
        let at = |by: i16| {
            i64::try_from(self.offset)
                .unwrap_or(i64::MAX)
                .saturating_add(by.into())
        };
        match self.operands {
            Operands::None => Ok(()),
            Operands::Immediate(value) => write!(f, " {value}"),
            Operands::Local(local) => write!(f, " {local}"),
            Operands::Mn { m, n } => write!(f, " {m},{n}"),
            Operands::Branch(by) => write!(f, " {}", at(by)),
            Operands::Cp(cp) => write!(f, " #{cp}"),
            Operands::LocalImmediate { local, value } => write!(f, " {local} {value}"),
            Operands::Interface { nargs, cp, token } => write!(f, " {nargs} #{cp} {token}"),
            Operands::ArrayType(kind) => write!(f, " {kind}"),
            Operands::TypeCheck { kind, cp } => write!(f, " {kind} #{cp}"),
            Operands::TableSwitch {
                default,
                low,
                high,
                targets,
            } => {
                write!(f, " {} {low}..{high}", at(default))?;
                targets
                    .iter()
                    .try_for_each(|(_, by)| write!(f, " {}", at(by)))
            }
            Operands::LookupSwitch { default, targets } => {
                write!(f, " {}", at(default))?;
                targets.iter().try_for_each(|(number, by)| {
                    write!(f, " {}:{}", number.unwrap_or_default(), at(by))
                })
            }
        }
    }
}
