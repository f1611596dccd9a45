//! The codecs: what they write they read, what is malformed gets a status word and its place.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use hydra_crypto::{Random, SeededRandom};
use hydra_gp::command::{Dgi, dgis, push_dgi};
use hydra_gp::load_file::{LoadFile, LoadFileError, Loading, TooManyBlocks, load_commands};
use hydra_gp::registry::EntryError;
use hydra_gp::scp03::SecurityLevel;
use hydra_gp::*;
use hydra_wire::tlv::TlvError;
use hydra_wire::{Aid, StatusWord, hex, tlv};
use proptest::prelude::*;

fn aid(text: &str) -> Aid {
    text.parse().unwrap()
}

fn apdu(text: &str) -> hydra_wire::Command {
    hydra_wire::Command::parse(&hex::decode(&text.replace(' ', "")).unwrap()).unwrap()
}

/// Each command with its bytes (GPCS 2.3.1 §11; the bytes are written out from its tables).
fn commands() -> Vec<(Command, &'static str)> {
    let package = aid("F0485944520202");
    let module = aid("F048594452020201");
    let instance = aid("F04859445202020101");
    let domain = aid("F0485944520102");
    let install = InstallApplication::new(
        &package,
        &module,
        &instance,
        Privileges::NONE,
        &[0xAA, 0xBB],
    );
    vec![
        (
            Command::Select(Select::aid(&domain)),
            "00A40400 07 F0485944520102 00",
        ),
        (Command::Select(Select::issuer_domain()), "00A40400 00"),
        (
            Command::Select(Select {
                name: vec![0xA0],
                occurrence: Occurrence::Next,
                information: FileInformation::Control,
            }),
            "00A40402 01 A0 00",
        ),
        (
            Command::Select(Select {
                name: vec![0xA0],
                occurrence: Occurrence::First,
                information: FileInformation::None,
            }),
            "00A4040C 01 A0 00",
        ),
        (
            Command::InitializeUpdate(InitializeUpdate {
                key_version: 0x30,
                host_challenge: (0..8).collect(),
            }),
            "80503000 08 0001020304050607 00",
        ),
        (
            Command::ExternalAuthenticate(ExternalAuthenticate {
                level: SecurityLevel::FULL,
                host_cryptogram: vec![1; 8],
                mac: vec![2; 8],
            }),
            "84823300 10 0101010101010101 0202020202020202",
        ),
        (
            Command::Install(Install::Load(InstallForLoad::new(&package, &domain))),
            "80E60200 13 07F0485944520202 07F0485944520102 00 00 00 00",
        ),
        (
            Command::Install(Install::Install(install.clone())),
            "80E60400 23 07F0485944520202 08F048594452020201 09F04859445202020101 0100 04C902AABB 00 00",
        ),
        (
            Command::Install(Install::InstallAndMakeSelectable(install)),
            "80E60C00 23 07F0485944520202 08F048594452020201 09F04859445202020101 0100 04C902AABB 00 00",
        ),
        (
            Command::Install(Install::MakeSelectable(MakeSelectable {
                instance: instance.clone(),
                privileges: Privileges::SECURITY_DOMAIN | Privileges::TRUSTED_PATH,
                parameters: vec![],
                token: vec![],
            })),
            "80E60800 12 00 00 09F04859445202020101 03808000 00 00 00",
        ),
        (
            Command::Install(Install::Personalization(instance.clone())),
            "80E62000 0F 00 00 09F04859445202020101 00 00 00 00",
        ),
        (
            Command::Load(Load {
                block: 3,
                last: false,
                data: vec![1, 2, 3],
            }),
            "80E80003 03 010203 00",
        ),
        (
            Command::Load(Load {
                block: 0xFF,
                last: true,
                data: vec![1],
            }),
            "80E880FF 01 01 00",
        ),
        (
            Command::Delete(Delete::object(&instance)),
            "80E40000 0B 4F09F04859445202020101 00",
        ),
        (
            Command::Delete(Delete::object_and_related(&package)),
            "80E40080 09 4F07F0485944520202 00",
        ),
        (
            Command::Delete(Delete::Key {
                id: Some(1),
                version: Some(0x31),
            }),
            "80E40000 06 D00101 D20131 00",
        ),
        (
            Command::GetStatus(GetStatus::all(StatusScope::IssuerDomain)),
            "80F28002 02 4F00 00",
        ),
        (
            Command::GetStatus(GetStatus {
                scope: StatusScope::LoadFilesAndModules,
                occurrence: Occurrence::Next,
                name: vec![0xF0],
                tags: vec![0x4F, 0x9F, 0x70],
            }),
            "80F21003 08 4F01F0 5C034F9F70 00",
        ),
        (
            Command::PutKey(PutKey {
                old_version: 0,
                first_id: 1,
                new_version: 0x31,
                keys: vec![
                    KeyBlock {
                        key_type: 0x88,
                        value: vec![7; 17],
                        check_value: vec![1, 2, 3],
                    };
                    3
                ],
            }),
            "80D80081 46 31 88110707070707070707070707070707070707 03010203 88110707070707070707070707070707070707 03010203 88110707070707070707070707070707070707 03010203 00",
        ),
        (
            Command::SetStatus(SetStatus::card(CardState::Locked)),
            "80F0807F",
        ),
        (
            Command::SetStatus(SetStatus::application(&aid("A0000001510001"), 0x80)),
            "80F04080 07 A0000001510001",
        ),
        (
            Command::StoreData(StoreData::single(DataFormat::BerTlv, &[0xE3, 0])),
            "80E29000 02 E300",
        ),
        (
            Command::StoreData(StoreData {
                block: 2,
                last: false,
                encryption: DataEncryption::Encrypted,
                format: DataFormat::Dgi,
                response: true,
                data: vec![0x80, 1, 0],
            }),
            "80E26902 03 800100 00",
        ),
        (Command::GetData(GetData::new(0xDF20)), "80CADF20 00"),
        (
            Command::GetData(GetData {
                tag: 0xBF21,
                data: vec![0xA6, 0],
            }),
            "80CABF21 02 A600 00",
        ),
        (Command::ManageChannel(ManageChannel::Open), "00700000 01"),
        (
            Command::ManageChannel(ManageChannel::OpenNumber(7)),
            "00700007",
        ),
        (Command::ManageChannel(ManageChannel::Close(19)), "00708013"),
    ]
}

#[test]
fn every_command_is_written_and_read() {
    for (command, text) in commands() {
        let bytes = apdu(text);
        assert_eq!(
            hex::encode(&command.to_apdu().to_bytes()),
            text.replace(' ', "")
        );
        assert_eq!(Command::try_from(&bytes).as_ref(), Ok(&command), "{text}");
        for channel in [1, 3, 4, 19] {
            // Closing by P2 00 means the class byte's channel; none of the commands here is that.
            let there = bytes.clone().on_channel(channel);
            assert_eq!(Command::try_from(&there).as_ref(), Ok(&command), "{text}");
        }
    }
}

#[test]
fn refusals_have_a_status_word_and_a_place() {
    use CommandError as E;
    let data = |at, what| E::Data { at, what };
    let p = |p1, p2| E::Parameters { p1, p2 };
    let cases = [
        // Class and instruction.
        ("80FE0000", E::Instruction(0xFE), 0x6D00),
        ("80A40400", E::Class(0x80), 0x6E00),
        ("00E40000 02 4F00", E::Class(0x00), 0x6E00),
        ("90CA0066", E::Class(0x90), 0x6E00),
        ("84CA0066", E::SecureMessaging(0x84), 0x6882),
        ("E0CA0066", E::SecureMessaging(0xE0), 0x6882),
        ("8CCA0066", E::SecureMessaging(0x8C), 0x6882),
        // Parameters.
        ("00A40000 05 A000000151", p(0x00, 0x00), 0x6A86),
        ("80508000 08 0001020304050607", p(0x80, 0x00), 0x6A86),
        ("80503001 08 0001020304050607", p(0x30, 0x01), 0x6A86),
        (
            "84823200 10 00000000000000000000000000000000",
            p(0x32, 0x00),
            0x6A86,
        ),
        ("80E60300 00", p(0x03, 0x00), 0x6A86),
        ("80E80100 01 00", p(0x01, 0x00), 0x6A86),
        ("80E40001 02 4F00", p(0x00, 0x01), 0x6A86),
        ("80F23002 02 4F00", p(0x30, 0x02), 0x6A86),
        ("80F24000 02 4F00", p(0x40, 0x00), 0x6A86),
        ("80E24000 00", p(0x40, 0x00), 0x6A86),
        ("80E29800 00", p(0x98, 0x00), 0x6A86),
        ("80D80000 02 3188", p(0x00, 0x00), 0x6A86),
        ("00700014", p(0x00, 0x14), 0x6A86),
        ("00708000", p(0x80, 0x00), 0x6A86),
        // Lengths.
        ("80503000 07 00010203040506", E::Length(7), 0x6700),
        (
            "84823300 0F 000000000000000000000000000000",
            E::Length(15),
            0x6700,
        ),
        ("80E80000", E::Length(0), 0x6700),
        (
            "00A40400 11 0000000000000000000000000000000000",
            E::Length(17),
            0x6700,
        ),
        ("00700000 01 00", E::Length(1), 0x6700),
        // Data, with the byte where it stops making sense.
        ("80E60200 03 07F048", data(0, "load file AID"), 0x6A80),
        ("80E60200 05 04F0485944", data(0, "load file AID"), 0x6A80),
        (
            "80E60200 0C 07F0485944520202 03F04859",
            data(8, "security domain AID"),
            0x6A80,
        ),
        (
            "80E60200 0B 07F0485944520202 00 00 00",
            data(11, "load token"),
            0x6A80,
        ),
        (
            "80E60200 0D 07F0485944520202 00 00 00 00 00",
            data(12, "bytes after the last field"),
            0x6A80,
        ),
        (
            "80E60200 0E 07F0485944520202 00 00 02C902 00",
            data(11, "parameters are no data objects"),
            0x6A80,
        ),
        (
            "80E60400 15 07F0485944520202 07F0485944520201 00 0100 00 00",
            data(19, "install parameters without C9"),
            0x6A80,
        ),
        (
            "80E60400 18 07F0485944520202 07F0485944520201 00 020000 02C900 00",
            data(17, "privileges have 1 or 3 bytes"),
            0x6A80,
        ),
        (
            "80E62000 0D 01F0 00 07F0485944520202 0000",
            data(0, "personalization names no load file"),
            0x6A80,
        ),
        ("80E40000 02 4F05", data(0, "not a data object"), 0x6A80),
        ("80E40000 03 4F0100", data(2, "4F is no AID"), 0x6A80),
        (
            "80E40000 0B 4F07F0485944520202 9900",
            data(11, "data object that DELETE does not know"),
            0x6A80,
        ),
        (
            "80E40000 02 9E00",
            data(0, "neither an AID nor a key is named"),
            0x6A80,
        ),
        (
            "80F24002 02 5C00",
            data(0, "the search criterion 4F is missing"),
            0x6A80,
        ),
        (
            "80D80001 01 00",
            data(0, "a key version is 01 to 7F"),
            0x6A80,
        ),
        ("80D80001 03 318810", data(2, "key value"), 0x6A80),
        (
            "80D80001 05 31 A1 01 00 00",
            data(1, "key type that is not supported"),
            0x6A80,
        ),
        (
            "80D80001 09 31 88010000 88010000",
            data(1, "P2 and the number of keys disagree"),
            0x6A80,
        ),
    ];
    for (text, error, sw) in cases {
        assert_eq!(Command::try_from(&apdu(text)), Err(error), "{text}");
        assert_eq!(error.status(), StatusWord(sw), "{text}");
        assert!(!error.to_string().is_empty());
    }
}

proptest! {
    #[test]
    fn any_apdu_is_read_or_refused(header: [u8; 4], data in proptest::collection::vec(any::<u8>(), 0..255)) {
        let [cla, ins, p1, p2] = header;
        let any = hydra_wire::Command::new(cla, ins, p1, p2).with_data(&data);
        if let Ok(command) = Command::try_from(&any) {
            // What was read is written so that it reads the same.
            prop_assert_eq!(Command::try_from(&command.to_apdu()), Ok(command));
        }
    }

    #[test]
    fn an_altered_command_is_read_or_refused(which: prop::sample::Index, at: prop::sample::Index, byte: u8) {
        let all = commands();
        let (_, text) = &all[which.index(all.len())];
        let mut bytes = hex::decode(&text.replace(' ', "")).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(altered) = hydra_wire::Command::parse(&bytes)
            && let Ok(command) = Command::try_from(&altered)
        {
            prop_assert_eq!(Command::try_from(&command.to_apdu()), Ok(command));
        }
    }

    #[test]
    fn load_files_come_in_blocks_and_come_out_whole(
        content in proptest::collection::vec(any::<u8>(), 0..2000),
        size in 8..255usize,
    ) {
        let blocks = load_commands(&content, size).unwrap();
        let mut loading = Loading::new(4000);
        let (last, others) = blocks.split_last().unwrap();
        for block in others {
            prop_assert!(block.data.len() == size && !block.last);
            prop_assert_eq!(loading.take(block), Ok(None));
        }
        let file = loading.take(last).unwrap().unwrap();
        prop_assert_eq!(file, LoadFile { dap_blocks: vec![], data_block: content });
    }

    #[test]
    fn any_bytes_are_entries_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(entries) = StatusEntry::read_all(&bytes) {
            let all = [0x4F, 0x9F, 0x70, 0xC5, 0xC4, 0xCE, 0x84, 0xCC];
            let written: Vec<u8> = entries.iter().flat_map(|entry| entry.to_bytes(&all)).collect();
            prop_assert_eq!(StatusEntry::read_all(&written), Ok(entries));
        }
        // Groupings that can be read are written back byte for byte, short lengths written short.
        if let Ok(groups) = dgis(&bytes) {
            let mut written = Vec::new();
            groups.iter().for_each(|group| push_dgi(&mut written, group.id, group.value));
            prop_assert_eq!(dgis(&written), Ok(groups));
        }
    }
}

#[test]
fn an_application_gets_what_install_says() {
    let install = InstallApplication::new(
        &aid("F0485944520202"),
        &aid("F048594452020201"),
        &aid("F04859445202020101"),
        Privileges::CARD_RESET,
        &[1, 2, 3],
    );
    assert_eq!(install.application_parameters(), [1, 2, 3]);
    assert_eq!(
        hex::encode(&install.install_data()),
        "09F048594452020201010104030102 03".replace(' ', "")
    );
    // Without a name of its own the application has the module's.
    let unnamed = "80E60400 17 07F0485944520202 07F0485944520201 00 0100 02C900 00";
    let Ok(Command::Install(Install::Install(install))) = Command::try_from(&apdu(unnamed)) else {
        panic!("not read");
    };
    assert_eq!(install.instance, aid("F0485944520201"));
}

#[test]
fn blocks_out_of_order_or_too_many_are_refused() {
    let load = |block, last, data: &[u8]| Load {
        block,
        last,
        data: data.to_vec(),
    };
    let mut loading = Loading::new(10);
    assert_eq!(loading.take(&load(0, false, &[0xC4, 3, 1])), Ok(None));
    assert_eq!(
        loading.take(&load(2, true, &[2, 3])),
        Err(StatusWord::CONDITIONS_NOT_SATISFIED)
    );
    assert_eq!(
        loading.take(&load(1, false, &[0; 8])),
        Err(StatusWord::NOT_ENOUGH_MEMORY)
    );
    assert_eq!(
        Loading::new(10).take(&load(0, true, &[0xC4, 3, 1])),
        Err(StatusWord::WRONG_DATA)
    );
    assert_eq!(load_commands(&[0; 256], 1), Err(TooManyBlocks(260)));
    assert_eq!(load_commands(&[0; 252], 1).unwrap().len(), 255);
}

#[test]
fn load_files_are_taken_apart() {
    let bytes = hex::decode("E2044F00C300C403010203").unwrap();
    let file = LoadFile::parse(&bytes).unwrap();
    assert_eq!(file.dap_blocks, [[0x4F, 0, 0xC3, 0]]);
    assert_eq!(file.data_block, [1, 2, 3]);
    assert_eq!(
        LoadFile::parse(&bytes[..6]),
        Err(LoadFileError::NoDataBlock { at: 6 })
    );
    assert_eq!(
        LoadFile::parse(&[0xC4, 0, 0xD4, 0]),
        Err(LoadFileError::Object { at: 2, tag: 0xD4 })
    );
    assert_eq!(
        LoadFile::parse(&[0xC4, 2, 0]),
        Err(LoadFileError::Tlv(TlvError::Truncated { at: 0 }))
    );
}

#[test]
fn entries_answer_what_was_asked() {
    let entry = StatusEntry {
        privileges: Some(Privileges::SECURITY_DOMAIN),
        load_file: Some(aid("A0000001515350")),
        domain: Some(aid("A000000151000000")),
        version: None,
        modules: vec![],
        ..StatusEntry::new(&aid("F0485944520102"), 0x0F)
    };
    let usual = "E3 12 4F07F0485944520102 9F70010F C503800000";
    assert_eq!(hex::encode(&entry.to_bytes(&[])), usual.replace(' ', ""));
    let domain_only = "E3 0A CC08A000000151000000";
    assert_eq!(
        hex::encode(&entry.to_bytes(&[0xCC])),
        domain_only.replace(' ', "")
    );
    let file = StatusEntry {
        version: Some((1, 0)),
        modules: vec![aid("F048594452020201"), aid("F048594452020202")],
        ..StatusEntry::new(&aid("F0485944520202"), 0x01)
    };
    let both = [
        entry.to_bytes(&[0x4F, 0x9F, 0x70, 0xC5, 0xC4, 0xCC]),
        file.to_bytes(&[0x4F, 0x9F, 0x70, 0xCE, 0x84]),
    ]
    .concat();
    assert_eq!(StatusEntry::read_all(&both), Ok(vec![entry, file.clone()]));
    let mut missing = file.to_bytes(&[0x4F]);
    missing.splice(..0, file.to_bytes(&[]));
    assert_eq!(
        StatusEntry::read_all(&missing),
        Err(EntryError::Entry { n: 1, tag: 0x9F70 })
    );
}

#[test]
fn key_sets_are_put_and_opened() {
    let mut random = SeededRandom::new(b"put key");
    let old = KeySet::draw(&mut random, 0x30, "old", 0);
    let new = KeySet::draw(&mut random, 0x31, "new", 0);
    let command = PutKey::key_set(0, &new, &old.dek);
    let bytes = Command::PutKey(command.clone()).to_apdu();
    let Ok(Command::PutKey(received)) = Command::try_from(&bytes) else {
        panic!("not read");
    };
    assert_eq!(received.open_key_set(&old.dek), Ok(new.clone()));
    assert_eq!(received.response().data, command.confirmation());
    assert_eq!(command.confirmation().len(), 1 + 3 * 3);

    // Under another key, the check value tells.
    assert_eq!(
        received.open_key_set(&new.dek),
        Err(StatusWord::WRONG_CHECK_VALUE)
    );
    let altered = |change: &dyn Fn(&mut PutKey)| {
        let mut command = command.clone();
        change(&mut command);
        command.open_key_set(&old.dek).unwrap_err()
    };
    assert_eq!(
        altered(&|put| put.keys[1].check_value.clear()),
        StatusWord::WRONG_CHECK_VALUE
    );
    assert_eq!(
        altered(&|put| put.keys[1].key_type = 0x80),
        StatusWord::ALGORITHM_NOT_SUPPORTED
    );
    assert_eq!(
        altered(&|put| put.keys[1].value[0] = 0x20),
        StatusWord::WRONG_DATA
    );
    assert_eq!(
        altered(&|put| put.keys[1].value.truncate(9)),
        StatusWord::WRONG_DATA
    );
    assert_eq!(altered(&|put| put.keys.truncate(2)), StatusWord::WRONG_DATA);
    assert_eq!(altered(&|put| put.first_id = 2), StatusWord::WRONG_DATA);

    // Key sets are stored as bytes and come back.
    assert_eq!(KeySet::from_bytes(&new.to_bytes()), Some(new.clone()));
    assert_eq!(KeySet::from_bytes(&new.to_bytes()[1..]), None);
    let template = KeyInfo::template(&new.info());
    assert_eq!(
        hex::encode(&template),
        "E012C00401318810C00402318810C00403318810"
    );
    assert_eq!(
        KeyInfo::read_template(&template).as_deref(),
        Ok(&new.info()[..])
    );
}

#[test]
fn data_groupings_are_read() {
    let mut bytes = Vec::new();
    let mut long = vec![0; 300];
    SeededRandom::new(b"dgi").draw("long", 0, &mut long);
    push_dgi(&mut bytes, 0x8001, b"account");
    push_dgi(&mut bytes, 0x8002, &long);
    assert_eq!(
        hex::encode(&bytes[..10]),
        "80010761 63636F756E74".replace(' ', "")
    );
    assert_eq!(bytes[10..15], [0x80, 0x02, 0xFF, 0x01, 0x2C]);
    let groups = [
        Dgi {
            id: 0x8001,
            value: b"account",
        },
        Dgi {
            id: 0x8002,
            value: &long,
        },
    ];
    assert_eq!(dgis(&bytes).as_deref(), Ok(&groups[..]));
    assert_eq!(
        dgis(&bytes[..bytes.len() - 1]),
        Err(CommandError::Data {
            at: 10,
            what: "data grouping is cut off"
        })
    );
}

#[test]
fn blocks_of_data_are_numbered() {
    let items = vec![&b"x"[..]; 258];
    let blocks = StoreData::sequence(DataFormat::Dgi, items);
    assert_eq!(blocks.iter().filter(|block| block.last).count(), 1);
    assert!(blocks[257].last);
    assert_eq!((blocks[255].block, blocks[256].block), (0xFF, 0x00));
    assert_eq!(tlv::parse(&[]), Ok(vec![]));
    assert!(StoreData::sequence(DataFormat::Dgi, []).is_empty());
}
