use super::*;
use alloc::string::ToString;

#[test]
fn the_numbers_are_dense_and_lead_back() {
    for (number, opcode) in Opcode::ALL.into_iter().enumerate() {
        assert_eq!(usize::from(opcode.byte()), number);
        assert_eq!(Opcode::from_byte(opcode.byte()), Some(opcode));
        assert_eq!(Opcode::from_mnemonic(opcode.mnemonic()), Some(opcode));
    }
    for byte in 185..=255 {
        assert_eq!(Opcode::from_byte(byte), None);
    }
}

#[test]
fn switches_are_read_with_their_targets() {
    let code = [0x00, 0x75, 0, 20, 0, 2, 0xFF, 0xFB, 0, 30, 0, 9, 0, 40];
    let switch = Instruction::decode(&code, 1).unwrap();
    assert_eq!(
        (switch.length, switch.to_string().as_str()),
        (13, "slookupswitch 21 -5:31 9:41")
    );
    let code = [
        0x74, 0, 20, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 1, 0, 30, 0, 31, 0, 32,
    ];
    let switch = Instruction::decode(&code, 0).unwrap();
    assert_eq!(
        (switch.length, switch.to_string().as_str()),
        (17, "itableswitch 20 -1..1 30 31 32")
    );
    let mut seen = alloc::vec::Vec::new();
    switch.for_each_target(|target| seen.push(target));
    assert_eq!(seen, [20, 30, 31, 32]);
}

#[test]
fn a_table_of_the_whole_range_is_cut_short_not_overflowed() {
    let code = [0x74, 0, 0, 0x80, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0];
    assert_eq!(
        Instruction::decode(&code, 0),
        Err(DecodeError::Truncated { offset: 0 })
    );
    let code = [0x73, 0, 0, 0, 5, 0, 3, 0, 0];
    assert_eq!(
        Instruction::decode(&code, 0),
        Err(DecodeError::Operand { offset: 0 })
    );
}

#[test]
fn operands_that_no_instruction_allows_are_refused() {
    for code in [
        [0x3F, 0x00],
        [0x3F, 0x51],
        [0x3F, 0x21],
        [0x40, 0x13],
        [0x90, 9],
        [0x90, 14],
    ] {
        assert_eq!(
            Instruction::decode(&code, 0),
            Err(DecodeError::Operand { offset: 0 }),
            "{code:02X?}"
        );
    }
    assert_eq!(
        Instruction::decode(&[0xB9], 0),
        Err(DecodeError::Undefined {
            offset: 0,
            byte: 0xB9
        })
    );
}
