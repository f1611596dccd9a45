use hydra_cap::{CapError, CapFile, ComponentTag};

/// Bytes of the block that is put in front: as many as offsets in a block can count, but for two.
const FILLER: usize = 0xFFFD;

/// A file of the extended form with one block of code and no Export component, and a full block put before its own: all
/// its code lies beyond 64 KiB (JCVM 3.2 §6.10), and everything that names a method names the second block.
///
/// Panics if the file has another shape.
pub fn behind_a_full_block(cap: &CapFile) -> Result<CapFile, CapError> {
    assert!(cap.is_extended() && cap.method().blocks.len() == 1);
    assert!(cap.component(ComponentTag::Export).is_none());
    let mut components = Vec::new();
    for (tag, info) in cap.components() {
        let mut info = info.to_vec();
        match tag {
            ComponentTag::Method => info = two_blocks(&info),
            ComponentTag::ReferenceLocation => {
                // A block without byte and short indices comes first.
                info[0] = 2;
                info.splice(1..1, [0; 4]);
            }
            ComponentTag::Directory => {
                grow(&mut info[12..16], FILLER + 4);
                grow(&mut info[18..22], 4);
                info[44] = 2;
            }
            ComponentTag::Applet => {
                let mut at = 1;
                for applet in cap.applets() {
                    at += 1 + applet.aid.as_bytes().len();
                    info[at] = 1;
                    at += 3;
                }
            }
            ComponentTag::ConstantPool => {
                for entry in info[2..].chunks_mut(4) {
                    // A static method of this file.
                    if entry[0] == 6 && entry[1] < 0x80 {
                        entry[1] = 1;
                    }
                }
            }
            ComponentTag::Class => {
                for class in cap.classes() {
                    let start = usize::from(class.offset) + 10;
                    let entries = class.public_methods.len() + class.package_methods.len();
                    for entry in info[start..][..3 * entries].chunks_mut(3) {
                        if entry != [0xFF; 3] {
                            entry[0] = 1;
                        }
                    }
                }
            }
            ComponentTag::Descriptor => described(&mut info),
            _ => {}
        }
        components.push((tag, info));
    }
    CapFile::from_components(components)
}

fn two_blocks(method: &[u8]) -> Vec<u8> {
    let first = 1 + 2 * 4_usize;
    let mut info = vec![2];
    for start in [first, first + FILLER] {
        info.extend(u32::try_from(start).unwrap_or_default().to_be_bytes());
    }
    // No handlers, then methods that nobody calls: header, return.
    info.push(0);
    info.extend([0x00, 0x10, 0x7A].repeat(FILLER / 3));
    info.extend(&method[1 + 4..]);
    info
}

fn grow(number: &mut [u8], by: usize) {
    let old = number
        .iter()
        .fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    let new = old + u32::try_from(by).unwrap_or_default();
    number.copy_from_slice(&new.to_be_bytes());
}

/// Descriptor: for each package its classes, for each of them interfaces, fields and methods.
fn described(info: &mut [u8]) {
    let two = |info: &[u8], at: usize| usize::from(u16::from_be_bytes([info[at], info[at + 1]]));
    let mut at = 1;
    for _ in 0..info[0] {
        let classes = info[at];
        at += 1;
        for _ in 0..classes {
            let interface = info[at + 1] & 0x40 != 0;
            let (fields, methods) = (two(info, at + 5), two(info, at + 7));
            at += 9 + 2 * usize::from(info[at + 4]) + 7 * fields;
            for _ in 0..methods {
                if !interface {
                    info[at + 2] = 1;
                }
                at += 13;
            }
        }
    }
}
