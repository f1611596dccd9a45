//! What the class byte of a command says (ISO/IEC 7816-4:2013 §5.4.1; JCRE 3.0.5 §4.3), for `APDU` and `APDUUtil`.

/// Neither FF nor 001x xxxx, which is reserved.
pub(crate) fn is_valid(class: u8) -> bool {
    class != 0xFF && class & 0xE0 != 0x20
}

/// Whether the command belongs to an interindustry class.
pub(crate) fn is_interindustry(class: u8) -> bool {
    class & 0x80 == 0
}

/// Whether more commands of a chain follow.
pub(crate) fn is_chaining(class: u8) -> bool {
    is_valid(class) && class & 0x10 != 0
}

/// Bits b4 and b3 of the first encoding, b6 of the further one.
pub(crate) fn is_secure_messaging(class: u8) -> bool {
    let bits = if class & 0x40 == 0 { 0x0C } else { 0x20 };
    is_valid(class) && class & bits != 0
}

/// 0 to 3 in the first encoding, 4 to 19 in the further one; 0 of an invalid class.
pub(crate) fn channel(class: u8) -> u8 {
    match class {
        _ if !is_valid(class) => 0,
        class if class & 0x40 == 0 => class & 0x03,
        class => 4 + (class & 0x0F),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_classes_say_nothing() {
        for class in (0x20..0x40).chain([0xFF]) {
            assert!(!is_valid(class));
            assert!(!is_chaining(class) && !is_secure_messaging(class));
            assert_eq!(channel(class), 0);
        }
    }

    #[test]
    fn both_encodings_are_read() {
        assert_eq!([0x03, 0x83, 0x40, 0xCF].map(channel), [3, 3, 4, 19]);
        assert_eq!(
            [0x0C, 0x04, 0x60, 0xE1, 0x4C, 0x10].map(is_secure_messaging),
            [true, true, true, true, false, false]
        );
        assert_eq!([0x10, 0xD0, 0x0F].map(is_chaining), [true, true, false]);
    }
}
