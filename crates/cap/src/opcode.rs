//! The table of the 185 bytecodes (JCVM 3.0.5 §7.5), with a decoder and a disassembler over it.
//!
//! The interpreter, the linker's checks and the converter's encoder all read this one table.
//!
//! ```
//! use hydra_cap::opcode::{Instruction, Opcode};
//!
//! let code = [0x18, 0x8B, 0x00, 0x05, 0x7A];
//! let call = Instruction::decode(&code, 1)?;
//! assert_eq!(call.opcode, Opcode::Invokevirtual);
//! assert_eq!(call.to_string(), "invokevirtual #5");
//! # Ok::<(), hydra_cap::opcode::DecodeError>(())
//! ```

mod decode;

pub use decode::{DecodeError, Instruction, Operands, SwitchTargets};

/// What follows an opcode. Numbers are big-endian, without padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Nothing.
    None,
    /// A signed byte.
    Imm8,
    /// A signed short.
    Imm16,
    /// An int.
    Imm32,
    /// A local variable.
    Local,
    /// Two nibbles, m and n.
    Mn,
    /// A signed byte, relative to the opcode's own address.
    Branch8,
    /// A signed short, relative to the opcode's own address.
    Branch16,
    /// A constant pool index in one byte.
    Cp8,
    /// A constant pool index in two bytes.
    Cp16,
    /// A local variable and a signed byte.
    LocalImm8,
    /// A local variable and a signed short.
    LocalImm16,
    /// Argument words (1), constant pool index (2), interface method token (1).
    Interface,
    /// Primitive array type: 10 boolean, 11 byte, 12 short, 13 int.
    ArrayType,
    /// Type (1: 0 class, 10 to 13 primitive array, 14 reference array), constant pool index (2).
    TypeCheck,
    /// Default (2), low (2), high (2), offsets (2 each).
    TableSwitch16,
    /// Default (2), low (4), high (4), offsets (2 each).
    TableSwitch32,
    /// Default (2), count (2), pairs of match (2) and offset (2).
    LookupSwitch16,
    /// Default (2), count (2), pairs of match (4) and offset (2).
    LookupSwitch32,
}

/// What an instruction does to the operand stack, a letter a word, top rightmost: `r` reference, `s` short, `ii` int,
/// `a` return address, `w` any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Words taken, words given.
    Fixed(&'static str, &'static str),
    /// `dup_x` and `swap_x`: the operand says.
    Variable,
    /// Invocations: the method called says.
    Call,
}

macro_rules! opcodes {
    ($($number:literal $name:ident $mnemonic:literal $layout:ident $effect:expr;)*) => {
        /// An instruction of the Java Card VM, in the order of the numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Opcode {
            $(#[doc = concat!("`", $mnemonic, "`")] $name = $number,)*
        }

        impl Opcode {
            /// Every opcode, by number.
            pub const ALL: [Self; 185] = [$(Self::$name,)*];

            /// The instruction with this number; `None` for the reserved and undefined ones.
            #[inline(always)]
            pub const fn from_byte(byte: u8) -> Option<Self> {
                match byte {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// The name in the specification.
            pub const fn mnemonic(self) -> &'static str {
                match self {
                    $(Self::$name => $mnemonic,)*
                }
            }

            /// What follows the opcode.
            pub const fn layout(self) -> Layout {
                match self {
                    $(Self::$name => Layout::$layout,)*
                }
            }

            /// What it does to the operand stack.
            pub const fn effect(self) -> Effect {
                use Effect::{Call, Fixed, Variable};
                match self {
                    $(Self::$name => $effect,)*
                }
            }
        }
    };
}

opcodes! {
    0x00 Nop "nop" None Fixed("", "");
    0x01 AconstNull "aconst_null" None Fixed("", "r");
    0x02 SconstM1 "sconst_m1" None Fixed("", "s");
    0x03 Sconst0 "sconst_0" None Fixed("", "s");
    0x04 Sconst1 "sconst_1" None Fixed("", "s");
    0x05 Sconst2 "sconst_2" None Fixed("", "s");
    0x06 Sconst3 "sconst_3" None Fixed("", "s");
    0x07 Sconst4 "sconst_4" None Fixed("", "s");
    0x08 Sconst5 "sconst_5" None Fixed("", "s");
    0x09 IconstM1 "iconst_m1" None Fixed("", "ii");
    0x0A Iconst0 "iconst_0" None Fixed("", "ii");
    0x0B Iconst1 "iconst_1" None Fixed("", "ii");
    0x0C Iconst2 "iconst_2" None Fixed("", "ii");
    0x0D Iconst3 "iconst_3" None Fixed("", "ii");
    0x0E Iconst4 "iconst_4" None Fixed("", "ii");
    0x0F Iconst5 "iconst_5" None Fixed("", "ii");
    0x10 Bspush "bspush" Imm8 Fixed("", "s");
    0x11 Sspush "sspush" Imm16 Fixed("", "s");
    0x12 Bipush "bipush" Imm8 Fixed("", "ii");
    0x13 Sipush "sipush" Imm16 Fixed("", "ii");
    0x14 Iipush "iipush" Imm32 Fixed("", "ii");
    0x15 Aload "aload" Local Fixed("", "r");
    0x16 Sload "sload" Local Fixed("", "s");
    0x17 Iload "iload" Local Fixed("", "ii");
    0x18 Aload0 "aload_0" None Fixed("", "r");
    0x19 Aload1 "aload_1" None Fixed("", "r");
    0x1A Aload2 "aload_2" None Fixed("", "r");
    0x1B Aload3 "aload_3" None Fixed("", "r");
    0x1C Sload0 "sload_0" None Fixed("", "s");
    0x1D Sload1 "sload_1" None Fixed("", "s");
    0x1E Sload2 "sload_2" None Fixed("", "s");
    0x1F Sload3 "sload_3" None Fixed("", "s");
    0x20 Iload0 "iload_0" None Fixed("", "ii");
    0x21 Iload1 "iload_1" None Fixed("", "ii");
    0x22 Iload2 "iload_2" None Fixed("", "ii");
    0x23 Iload3 "iload_3" None Fixed("", "ii");
    0x24 Aaload "aaload" None Fixed("rs", "r");
    0x25 Baload "baload" None Fixed("rs", "s");
    0x26 Saload "saload" None Fixed("rs", "s");
    0x27 Iaload "iaload" None Fixed("rs", "ii");
    0x28 Astore "astore" Local Fixed("r", "");
    0x29 Sstore "sstore" Local Fixed("s", "");
    0x2A Istore "istore" Local Fixed("ii", "");
    0x2B Astore0 "astore_0" None Fixed("r", "");
    0x2C Astore1 "astore_1" None Fixed("r", "");
    0x2D Astore2 "astore_2" None Fixed("r", "");
    0x2E Astore3 "astore_3" None Fixed("r", "");
    0x2F Sstore0 "sstore_0" None Fixed("s", "");
    0x30 Sstore1 "sstore_1" None Fixed("s", "");
    0x31 Sstore2 "sstore_2" None Fixed("s", "");
    0x32 Sstore3 "sstore_3" None Fixed("s", "");
    0x33 Istore0 "istore_0" None Fixed("ii", "");
    0x34 Istore1 "istore_1" None Fixed("ii", "");
    0x35 Istore2 "istore_2" None Fixed("ii", "");
    0x36 Istore3 "istore_3" None Fixed("ii", "");
    0x37 Aastore "aastore" None Fixed("rsr", "");
    0x38 Bastore "bastore" None Fixed("rss", "");
    0x39 Sastore "sastore" None Fixed("rss", "");
    0x3A Iastore "iastore" None Fixed("rsii", "");
    0x3B Pop "pop" None Fixed("w", "");
    0x3C Pop2 "pop2" None Fixed("ww", "");
    0x3D Dup "dup" None Fixed("w", "ww");
    0x3E Dup2 "dup2" None Fixed("ww", "wwww");
    0x3F DupX "dup_x" Mn Variable;
    0x40 SwapX "swap_x" Mn Variable;
    0x41 Sadd "sadd" None Fixed("ss", "s");
    0x42 Iadd "iadd" None Fixed("iiii", "ii");
    0x43 Ssub "ssub" None Fixed("ss", "s");
    0x44 Isub "isub" None Fixed("iiii", "ii");
    0x45 Smul "smul" None Fixed("ss", "s");
    0x46 Imul "imul" None Fixed("iiii", "ii");
    0x47 Sdiv "sdiv" None Fixed("ss", "s");
    0x48 Idiv "idiv" None Fixed("iiii", "ii");
    0x49 Srem "srem" None Fixed("ss", "s");
    0x4A Irem "irem" None Fixed("iiii", "ii");
    0x4B Sneg "sneg" None Fixed("s", "s");
    0x4C Ineg "ineg" None Fixed("ii", "ii");
    0x4D Sshl "sshl" None Fixed("ss", "s");
    0x4E Ishl "ishl" None Fixed("iiii", "ii");
    0x4F Sshr "sshr" None Fixed("ss", "s");
    0x50 Ishr "ishr" None Fixed("iiii", "ii");
    0x51 Sushr "sushr" None Fixed("ss", "s");
    0x52 Iushr "iushr" None Fixed("iiii", "ii");
    0x53 Sand "sand" None Fixed("ss", "s");
    0x54 Iand "iand" None Fixed("iiii", "ii");
    0x55 Sor "sor" None Fixed("ss", "s");
    0x56 Ior "ior" None Fixed("iiii", "ii");
    0x57 Sxor "sxor" None Fixed("ss", "s");
    0x58 Ixor "ixor" None Fixed("iiii", "ii");
    0x59 Sinc "sinc" LocalImm8 Fixed("", "");
    0x5A Iinc "iinc" LocalImm8 Fixed("", "");
    0x5B S2b "s2b" None Fixed("s", "s");
    0x5C S2i "s2i" None Fixed("s", "ii");
    0x5D I2b "i2b" None Fixed("ii", "s");
    0x5E I2s "i2s" None Fixed("ii", "s");
    0x5F Icmp "icmp" None Fixed("iiii", "s");
    0x60 Ifeq "ifeq" Branch8 Fixed("s", "");
    0x61 Ifne "ifne" Branch8 Fixed("s", "");
    0x62 Iflt "iflt" Branch8 Fixed("s", "");
    0x63 Ifge "ifge" Branch8 Fixed("s", "");
    0x64 Ifgt "ifgt" Branch8 Fixed("s", "");
    0x65 Ifle "ifle" Branch8 Fixed("s", "");
    0x66 Ifnull "ifnull" Branch8 Fixed("r", "");
    0x67 Ifnonnull "ifnonnull" Branch8 Fixed("r", "");
    0x68 IfAcmpeq "if_acmpeq" Branch8 Fixed("rr", "");
    0x69 IfAcmpne "if_acmpne" Branch8 Fixed("rr", "");
    0x6A IfScmpeq "if_scmpeq" Branch8 Fixed("ss", "");
    0x6B IfScmpne "if_scmpne" Branch8 Fixed("ss", "");
    0x6C IfScmplt "if_scmplt" Branch8 Fixed("ss", "");
    0x6D IfScmpge "if_scmpge" Branch8 Fixed("ss", "");
    0x6E IfScmpgt "if_scmpgt" Branch8 Fixed("ss", "");
    0x6F IfScmple "if_scmple" Branch8 Fixed("ss", "");
    0x70 Goto "goto" Branch8 Fixed("", "");
    0x71 Jsr "jsr" Branch16 Fixed("", "a");
    0x72 Ret "ret" Local Fixed("", "");
    0x73 Stableswitch "stableswitch" TableSwitch16 Fixed("s", "");
    0x74 Itableswitch "itableswitch" TableSwitch32 Fixed("ii", "");
    0x75 Slookupswitch "slookupswitch" LookupSwitch16 Fixed("s", "");
    0x76 Ilookupswitch "ilookupswitch" LookupSwitch32 Fixed("ii", "");
    0x77 Areturn "areturn" None Fixed("r", "");
    0x78 Sreturn "sreturn" None Fixed("s", "");
    0x79 Ireturn "ireturn" None Fixed("ii", "");
    0x7A Return "return" None Fixed("", "");
    0x7B GetstaticA "getstatic_a" Cp16 Fixed("", "r");
    0x7C GetstaticB "getstatic_b" Cp16 Fixed("", "s");
    0x7D GetstaticS "getstatic_s" Cp16 Fixed("", "s");
    0x7E GetstaticI "getstatic_i" Cp16 Fixed("", "ii");
    0x7F PutstaticA "putstatic_a" Cp16 Fixed("r", "");
    0x80 PutstaticB "putstatic_b" Cp16 Fixed("s", "");
    0x81 PutstaticS "putstatic_s" Cp16 Fixed("s", "");
    0x82 PutstaticI "putstatic_i" Cp16 Fixed("ii", "");
    0x83 GetfieldA "getfield_a" Cp8 Fixed("r", "r");
    0x84 GetfieldB "getfield_b" Cp8 Fixed("r", "s");
    0x85 GetfieldS "getfield_s" Cp8 Fixed("r", "s");
    0x86 GetfieldI "getfield_i" Cp8 Fixed("r", "ii");
    0x87 PutfieldA "putfield_a" Cp8 Fixed("rr", "");
    0x88 PutfieldB "putfield_b" Cp8 Fixed("rs", "");
    0x89 PutfieldS "putfield_s" Cp8 Fixed("rs", "");
    0x8A PutfieldI "putfield_i" Cp8 Fixed("rii", "");
    0x8B Invokevirtual "invokevirtual" Cp16 Call;
    0x8C Invokespecial "invokespecial" Cp16 Call;
    0x8D Invokestatic "invokestatic" Cp16 Call;
    0x8E Invokeinterface "invokeinterface" Interface Call;
    0x8F New "new" Cp16 Fixed("", "r");
    0x90 Newarray "newarray" ArrayType Fixed("s", "r");
    0x91 Anewarray "anewarray" Cp16 Fixed("s", "r");
    0x92 Arraylength "arraylength" None Fixed("r", "s");
    0x93 Athrow "athrow" None Fixed("r", "");
    0x94 Checkcast "checkcast" TypeCheck Fixed("r", "r");
    0x95 Instanceof "instanceof" TypeCheck Fixed("r", "s");
    0x96 SincW "sinc_w" LocalImm16 Fixed("", "");
    0x97 IincW "iinc_w" LocalImm16 Fixed("", "");
    0x98 IfeqW "ifeq_w" Branch16 Fixed("s", "");
    0x99 IfneW "ifne_w" Branch16 Fixed("s", "");
    0x9A IfltW "iflt_w" Branch16 Fixed("s", "");
    0x9B IfgeW "ifge_w" Branch16 Fixed("s", "");
    0x9C IfgtW "ifgt_w" Branch16 Fixed("s", "");
    0x9D IfleW "ifle_w" Branch16 Fixed("s", "");
    0x9E IfnullW "ifnull_w" Branch16 Fixed("r", "");
    0x9F IfnonnullW "ifnonnull_w" Branch16 Fixed("r", "");
    0xA0 IfAcmpeqW "if_acmpeq_w" Branch16 Fixed("rr", "");
    0xA1 IfAcmpneW "if_acmpne_w" Branch16 Fixed("rr", "");
    0xA2 IfScmpeqW "if_scmpeq_w" Branch16 Fixed("ss", "");
    0xA3 IfScmpneW "if_scmpne_w" Branch16 Fixed("ss", "");
    0xA4 IfScmpltW "if_scmplt_w" Branch16 Fixed("ss", "");
    0xA5 IfScmpgeW "if_scmpge_w" Branch16 Fixed("ss", "");
    0xA6 IfScmpgtW "if_scmpgt_w" Branch16 Fixed("ss", "");
    0xA7 IfScmpleW "if_scmple_w" Branch16 Fixed("ss", "");
    0xA8 GotoW "goto_w" Branch16 Fixed("", "");
    0xA9 GetfieldAW "getfield_a_w" Cp16 Fixed("r", "r");
    0xAA GetfieldBW "getfield_b_w" Cp16 Fixed("r", "s");
    0xAB GetfieldSW "getfield_s_w" Cp16 Fixed("r", "s");
    0xAC GetfieldIW "getfield_i_w" Cp16 Fixed("r", "ii");
    0xAD GetfieldAThis "getfield_a_this" Cp8 Fixed("", "r");
    0xAE GetfieldBThis "getfield_b_this" Cp8 Fixed("", "s");
    0xAF GetfieldSThis "getfield_s_this" Cp8 Fixed("", "s");
    0xB0 GetfieldIThis "getfield_i_this" Cp8 Fixed("", "ii");
    0xB1 PutfieldAW "putfield_a_w" Cp16 Fixed("rr", "");
    0xB2 PutfieldBW "putfield_b_w" Cp16 Fixed("rs", "");
    0xB3 PutfieldSW "putfield_s_w" Cp16 Fixed("rs", "");
    0xB4 PutfieldIW "putfield_i_w" Cp16 Fixed("rii", "");
    0xB5 PutfieldAThis "putfield_a_this" Cp8 Fixed("r", "");
    0xB6 PutfieldBThis "putfield_b_this" Cp8 Fixed("s", "");
    0xB7 PutfieldSThis "putfield_s_this" Cp8 Fixed("s", "");
    0xB8 PutfieldIThis "putfield_i_this" Cp8 Fixed("ii", "");
}

impl Opcode {
    /// The number.
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// The instruction with this mnemonic.
    pub fn from_mnemonic(mnemonic: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|opcode| opcode.mnemonic() == mnemonic)
    }

    /// Whether its field is of the object in local variable 0.
    pub const fn is_of_this(self) -> bool {
        matches!(
            self,
            Self::GetfieldAThis
                | Self::GetfieldBThis
                | Self::GetfieldSThis
                | Self::GetfieldIThis
                | Self::PutfieldAThis
                | Self::PutfieldBThis
                | Self::PutfieldSThis
                | Self::PutfieldIThis
        )
    }

    /// Whether control never goes on to the next instruction.
    pub const fn ends_flow(self) -> bool {
        matches!(
            self,
            Self::Goto
                | Self::GotoW
                | Self::Ret
                | Self::Stableswitch
                | Self::Itableswitch
                | Self::Slookupswitch
                | Self::Ilookupswitch
                | Self::Areturn
                | Self::Sreturn
                | Self::Ireturn
                | Self::Return
                | Self::Athrow
        )
    }
}

#[cfg(test)]
mod tests;
