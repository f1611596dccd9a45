//! The natives, called as bytecode: an applet and its cases for each package of the API (vectors/api). What is
//! expected follows from the API documentation of Java Card 3.0.5.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use hydra_cap::CapFile;
use hydra_crypto::aes_cbc_encrypt;
use hydra_gp::{
    CardState, Command as GpCommand, Delete, GetStatus, Privileges, SetStatus, StatusScope,
};
use hydra_reader::{ClientError, GpClient};
use hydra_testkit::Issued;
use hydra_wire::{Aid, Command, Response, StatusWord, hex};

/// The exceptions that vectors/api/cases tells apart, by its numbers.
const EXCEPTIONS: &[(u8, &str)] = &[
    (1, "NullPointerException"),
    (2, "ArrayIndexOutOfBoundsException"),
    (3, "NegativeArraySizeException"),
    (4, "SecurityException"),
    (5, "ArithmeticException"),
    (6, "ArrayStoreException"),
    (7, "ClassCastException"),
    (8, "IndexOutOfBoundsException"),
    (9, "RuntimeException"),
    (10, "Exception"),
    (11, "Throwable"),
    (12, "IOException"),
    (13, "RemoteException"),
    (20, "SystemException"),
    (21, "TransactionException"),
    (22, "APDUException"),
    (23, "ISOException"),
    (24, "PINException"),
    (25, "CryptoException"),
    (26, "ServiceException"),
    (27, "TLVException"),
    (28, "UtilException"),
    (29, "CardRuntimeException"),
    (30, "UserException"),
    (31, "CardException"),
];

/// What answers a case that throws.
const THREW: StatusWord = StatusWord(0x6281);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/api")
}

fn cap(folder: &Path) -> CapFile {
    let name = folder.file_name().unwrap().to_str().unwrap();
    let path = folder.join(format!("{name}.cap"));
    CapFile::from_zip(&fs::read(path).unwrap()).unwrap()
}

/// One line of a `cases.txt`.
struct Case<'a> {
    line: usize,
    command: Command,
    what: &'a str,
    expected: Response,
}

fn cases(text: &str) -> Vec<Case<'_>> {
    (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| {
            let parts: Vec<&str> = line.split('|').map(str::trim).collect();
            let [input, what, output] = parts[..] else {
                panic!("line {number}: three parts");
            };
            let mut input = input.split(' ');
            let first = input.next().unwrap();
            let (ins, parameters) = first.split_once(':').unwrap_or(("01", first));
            let header = hex::decode(&format!("{ins}{parameters}")).unwrap();
            let p2 = header.get(2).copied().unwrap_or(0);
            let data = hex::decode(input.next().unwrap_or("")).unwrap();
            let mut command = Command::new(0x80, header[0], header[1], p2).with_le(256);
            if !data.is_empty() {
                command = command.with_data(&data);
            }
            Case {
                line: number,
                command,
                what,
                expected: expected(output),
            }
        })
        .collect()
}

fn expected(output: &str) -> Response {
    if let Some(thrown) = output.strip_prefix("throws ") {
        let (name, reason) = thrown.split_once(' ').unwrap_or((thrown, "0"));
        let kind = EXCEPTIONS.iter().find(|(_, known)| *known == name);
        let (kind, _) = kind.unwrap_or_else(|| panic!("{name} is no exception"));
        let reason = u16::from_str_radix(reason, 16).unwrap().to_be_bytes();
        return Response {
            data: vec![*kind, reason[0], reason[1]],
            sw: THREW,
        };
    }
    let (data, sw) = output.split_once("status ").unwrap_or((output, "9000"));
    let digits: String = data.split_whitespace().collect();
    let data = match data.strip_prefix("range ") {
        Some(count) => (0..count.parse().unwrap())
            .map(|i: u16| i.to_be_bytes()[1])
            .collect(),
        None if digits == "-" => Vec::new(),
        None => hex::decode(&digits).unwrap(),
    };
    Response {
        data,
        sw: StatusWord(u16::from_str_radix(sw, 16).unwrap()),
    }
}

/// Plays a package's cases in order, on a card of its own.
fn play(package: &str) {
    let folder = root().join(package);
    let text = fs::read_to_string(folder.join("cases.txt")).unwrap();
    let mut issued = Issued::new(package).unwrap();
    issued.load(&cap(&root().join("cases"))).unwrap();
    let applet = issued.add(&cap(&folder)).unwrap().unwrap();
    // What installation made must be durable.
    issued.power_cycle().unwrap();
    assert_eq!(
        issued.select(&applet),
        Response::status(StatusWord::NO_ERROR)
    );
    let cases = cases(&text);
    assert!(!cases.is_empty());
    let mut wrong = Vec::new();
    for case in cases {
        let response = issued.send(&case.command);
        if response != case.expected {
            wrong.push(format!(
                "line {}: {}: {} instead of {}",
                case.line,
                case.what,
                show(&response),
                show(&case.expected),
            ));
        }
    }
    assert!(wrong.is_empty(), "{package}:\n{}", wrong.join("\n"));
}

fn show(response: &Response) -> String {
    let known = match response.data[..] {
        [kind, ..] if response.sw == THREW => EXCEPTIONS.iter().find(|(known, _)| *known == kind),
        _ => None,
    };
    let data = hex::encode(&response.data);
    match known {
        Some((_, name)) => format!("{name} {}", &data[2..]),
        None => format!("{data} {}", response.sw),
    }
}

#[test]
fn every_folder_is_played() {
    let mut folders: Vec<String> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("cases.txt").is_file())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    folders.sort();
    let mut played = PLAYED.to_vec();
    played.sort_unstable();
    assert_eq!(folders, played);
}

macro_rules! packages {
    ($($test:ident: $package:literal,)*) => {
        const PLAYED: &[&str] = &[$($package),*];
        $(#[test]
        fn $test() {
            play($package);
        })*
    };
}

packages! {
    asymmetric: "asymmetric",
    java_lang: "java.lang",
    javacard_framework: "javacard.framework",
    javacard_framework_service: "javacard.framework.service",
    javacard_security: "javacard.security",
    javacardx_apdu_util: "javacardx.apdu.util",
    javacardx_crypto: "javacardx.crypto",
    javacardx_framework_math: "javacardx.framework.math",
    javacardx_framework_tlv: "javacardx.framework.tlv",
    javacardx_framework_util: "javacardx.framework.util",
    javacardx_security: "javacardx.security",
    order: "order",
    org_globalplatform: "org.globalplatform",
    refused: "refused",
}

/// A card with the applet of `org.globalplatform`, selected.
fn globe() -> Issued {
    let mut issued = Issued::new("globe").unwrap();
    issued.load(&cap(&root().join("cases"))).unwrap();
    let applet = issued
        .add(&cap(&root().join("org.globalplatform")))
        .unwrap();
    assert_eq!(
        applet.map(|aid| issued.select(&aid).sw),
        Some(StatusWord::NO_ERROR)
    );
    issued
}

#[test]
fn an_applet_has_the_secure_channel_of_its_domain() {
    let mut issued = globe();
    let keys = issued.record.issuer_keys.clone();
    let mut client = GpClient::attach(&mut issued.card);
    for session in 1..4u8 {
        client.authenticate(&keys, &[session; 8]).unwrap();
        // The data comes back with the level: AUTHENTICATED, and all four of SCP03; the class tells of no protection.
        let echo = Command::new(0x80, 0x20, 0, 0).with_data(&[1, 2, 3]);
        let answer = client.transmit("echo", &echo).unwrap();
        assert_eq!(answer, Response::ok(vec![1, 2, 3, 0xB3, 0x80]));
        let empty = client
            .transmit("echo", &Command::new(0x80, 0x20, 0, 0))
            .unwrap();
        assert_eq!(empty, Response::ok(vec![0xB3, 0x80]));
        // Sensitive data is under the DEK.
        let secret = aes_cbc_encrypt(&keys.dek, &[0; 16], &[7; 32]).unwrap();
        let decrypt = Command::new(0x80, 0x21, 0, 0).with_data(&secret);
        assert_eq!(
            client.transmit("decrypt", &decrypt).unwrap().data[..32],
            [7; 32]
        );
        let encrypt = Command::new(0x80, 0x22, 0, 0).with_data(&[7; 32]);
        assert_eq!(
            client.transmit("encrypt", &encrypt).unwrap().data[..32],
            secret
        );
        let odd = Command::new(0x80, 0x21, 0, 0).with_data(&[0; 15]);
        assert_eq!(
            client.transmit("decrypt", &odd).unwrap().sw,
            StatusWord::WRONG_LENGTH
        );
    }
}

#[test]
fn a_wrong_command_ends_an_applets_secure_channel() {
    let mut issued = globe();
    let keys = issued.record.issuer_keys.clone();
    let mut client = GpClient::attach(&mut issued.card);
    client.authenticate(&keys, &[1; 8]).unwrap();
    let forged = Command::new(0x84, 0x20, 0, 0).with_data(&[0; 24]);
    assert_eq!(
        client.transmit_plain(&forged).unwrap().sw,
        StatusWord(0x6982)
    );
    // What was aborted, but not ended, protects nothing any more.
    assert_eq!(
        client.transmit_plain(&forged).unwrap().sw,
        StatusWord(0x6985)
    );
    client.authenticate(&keys, &[2; 8]).unwrap();
    // Another applet's channel is not its: without the keys, the cryptogram is wrong.
    let mut other = keys.clone();
    other.mac = other.enc.clone();
    assert!(client.authenticate(&other, &[3; 8]).is_err());
    // Selection ends it.
    client.authenticate(&keys, &[4; 8]).unwrap();
    let aid: Aid = "F048594455470A01".parse().unwrap();
    client.select(&aid).unwrap();
    let plain = Command::new(0x80, 0x20, 0, 0).with_data(&[5]).with_le(256);
    let answer = client.transmit_plain(&plain).unwrap();
    assert_eq!(answer, Response::ok(vec![5, 0x00, 0x80]));
}

#[test]
fn an_applet_ends_its_secure_channel() {
    let mut issued = globe();
    let keys = issued.record.issuer_keys.clone();
    let mut client = GpClient::attach(&mut issued.card);
    client.authenticate(&keys, &[1; 8]).unwrap();
    let session = client.session().map(|session| session.level().byte());
    assert_eq!(session, Some(0x33));
    // The response goes in the clear, so the host must not expect it protected.
    assert!(
        client
            .transmit("reset", &Command::new(0x80, 0x23, 0, 0))
            .is_err()
    );
    let plain = Command::new(0x80, 0x20, 0, 0).with_data(&[5]).with_le(256);
    assert_eq!(client.transmit_plain(&plain).unwrap().data, [5, 0x00, 0x80]);
}

/// What an answer of the applet of `org.globalplatform` says, asked for a case.
fn asked(issued: &mut Issued, case: u8) -> Response {
    issued.send(&Command::new(0x80, 0x01, case, 0).with_le(256))
}

/// A card on which an applet with the privileges to lock and to terminate it is selected, and another is there.
fn guarded() -> (Issued, Aid, Aid) {
    let mut issued = globe();
    let globe = cap(&root().join("org.globalplatform"));
    let module = globe.applets()[0].aid.clone();
    let guard: Aid = "F048594455470A02".parse().unwrap();
    let privileges = Privileges::CARD_LOCK | Privileges::CARD_TERMINATE;
    issued
        .session(|client| client.install(globe.aid(), &module, &guard, privileges, &[]))
        .unwrap();
    assert_eq!(issued.select(&guard).sw, StatusWord::NO_ERROR);
    (issued, guard, module)
}

/// Sends a command to the issuer's domain under its keys; the status word.
fn issuer(issued: &mut Issued, command: &GpCommand) -> StatusWord {
    let keys = issued.record.issuer_keys.clone();
    let mut client = GpClient::attach(&mut issued.card);
    let domain: Aid = "A000000151000000".parse().unwrap();
    let select = Command::select(&domain).with_le(256);
    let selected = client.transmit_plain(&select).unwrap().sw;
    assert!(selected.is_success_or_warning(), "{selected}");
    client.authenticate(&keys, &[9; 8]).unwrap();
    client
        .transmit("to the issuer's domain", &command.to_apdu())
        .unwrap()
        .sw
}

#[test]
fn a_locked_card_has_the_issuers_domain_alone() {
    let (mut issued, guard, other) = guarded();
    assert_eq!(asked(&mut issued, 0x06), Response::ok(vec![1, 0x7F]));
    // What is selected stays so until its session ends, and can't lock again.
    assert_eq!(asked(&mut issued, 0x06), Response::ok(vec![0, 0x7F]));
    let opened = issued.send(&Command::new(0x00, 0x70, 0, 0).with_le(1));
    assert_eq!(opened.sw, StatusWord::FUNCTION_NOT_SUPPORTED);
    assert_eq!(issued.select(&other).sw, StatusWord::FUNCTION_NOT_SUPPORTED);
    issued.power_cycle().unwrap();
    for applet in [&guard, &other] {
        assert_eq!(issued.select(applet).sw, StatusWord::FUNCTION_NOT_SUPPORTED);
    }
    let anything = issued.send(&Command::new(0x00, 0xA4, 0x04, 0).with_le(256));
    assert_eq!(anything.sw, StatusWord::CARD_LOCKED);
    // On another channel nothing is selected; SELECT opens none.
    let elsewhere = issued.send(&Command::new(0x01, 0xA4, 0x04, 0).with_le(256));
    assert_eq!(elsewhere.sw, StatusWord::FUNCTION_NOT_SUPPORTED);
    let delete = GpCommand::Delete(Delete::Object {
        aid: other.clone(),
        token: Vec::new(),
    });
    assert_eq!(
        issuer(&mut issued, &delete),
        StatusWord::CONDITIONS_NOT_SATISFIED
    );
    let status = GpCommand::GetStatus(GetStatus::all(StatusScope::IssuerDomain));
    assert_eq!(issuer(&mut issued, &status), StatusWord::NO_ERROR);
    let unlock = GpCommand::SetStatus(SetStatus::card(CardState::Secured));
    assert_eq!(issuer(&mut issued, &unlock), StatusWord::NO_ERROR);
    assert_eq!(
        issuer(&mut issued, &unlock),
        StatusWord::CONDITIONS_NOT_SATISFIED
    );
    issued.power_cycle().unwrap();
    assert_eq!(issued.select(&other).sw, StatusWord::NO_ERROR);
}

#[test]
fn a_terminated_card_answers_get_data_alone_and_for_good() {
    let (mut issued, guard, _) = guarded();
    assert_eq!(asked(&mut issued, 0x07), Response::ok(vec![1, 0xFF]));
    for _ in 0..2 {
        let get_data = Command::new(0x80, 0xCA, 0x00, 0x66).with_le(256);
        assert_eq!(issued.send(&get_data).sw, StatusWord::NO_ERROR);
        for refused in [
            Command::select(&guard),
            Command::new(0x00, 0xA4, 0x04, 0),
            Command::new(0x00, 0x70, 0, 0),
            Command::new(0x80, 0x01, 0x07, 0),
            Command::new(0x80, 0x50, 0, 0).with_data(&[1; 8]),
            Command::new(0x80, 0xF0, 0x80, 0x0F),
            Command::new(0x81, 0xCA, 0x00, 0x66),
        ] {
            let answer = issued.send(&refused.with_le(256)).sw;
            assert_eq!(answer, StatusWord::FUNCTION_NOT_SUPPORTED);
        }
        issued.power_cycle().unwrap();
    }
}

#[test]
fn the_card_s_state_goes_forward_and_only_who_may_moves_it() {
    // Without the privileges an applet moves nothing.
    let mut issued = globe();
    assert_eq!(asked(&mut issued, 0x06), Response::ok(vec![0, 0x0F]));
    assert_eq!(asked(&mut issued, 0x07), Response::ok(vec![0, 0x0F]));
    for (state, expected) in [
        (0x0F, StatusWord::CONDITIONS_NOT_SATISFIED),
        (0x07, StatusWord::CONDITIONS_NOT_SATISFIED),
        (0x10, StatusWord::WRONG_DATA),
        (0x7F, StatusWord::NO_ERROR),
        (0x01, StatusWord::CONDITIONS_NOT_SATISFIED),
        (0x0F, StatusWord::NO_ERROR),
        (0x7F, StatusWord::NO_ERROR),
        (0xFF, StatusWord::NO_ERROR),
    ] {
        let mut command = SetStatus::card(CardState::Secured);
        command.state = state;
        let status = issuer(&mut issued, &GpCommand::SetStatus(command));
        assert_eq!(status, expected, "{state:02X}");
    }
    let select = issued.send(&Command::new(0x00, 0xA4, 0x04, 0).with_le(256));
    assert_eq!(select.sw, StatusWord::FUNCTION_NOT_SUPPORTED);
}

#[test]
fn the_issuer_locks_and_unlocks_an_application() {
    let (mut issued, guard, other) = guarded();
    for (state, expected, selected) in [
        (0x80, StatusWord::NO_ERROR, StatusWord::NOT_FOUND),
        (
            0x80,
            StatusWord::CONDITIONS_NOT_SATISFIED,
            StatusWord::NOT_FOUND,
        ),
        (0x00, StatusWord::NO_ERROR, StatusWord::NO_ERROR),
        (
            0x00,
            StatusWord::CONDITIONS_NOT_SATISFIED,
            StatusWord::NO_ERROR,
        ),
    ] {
        let command = GpCommand::SetStatus(SetStatus::application(&other, state));
        assert_eq!(issuer(&mut issued, &command), expected);
        assert_eq!(issued.select(&other).sw, selected);
        assert_eq!(issued.select(&guard).sw, StatusWord::NO_ERROR);
    }
    let nobody: Aid = "F0485944554777".parse().unwrap();
    let command = GpCommand::SetStatus(SetStatus::application(&nobody, 0x80));
    assert_eq!(issuer(&mut issued, &command), StatusWord::DATA_NOT_FOUND);
}

#[test]
fn privileges_let_an_applet_see_and_lock_others() {
    let mut issued = globe();
    let globe = cap(&root().join("org.globalplatform"));
    let module = &globe.applets()[0].aid;
    let plain: Aid = "F048594455470A02".parse().unwrap();
    let watcher: Aid = "F048594455470A03".parse().unwrap();
    let lock = Privileges::GLOBAL_REGISTRY | Privileges::GLOBAL_LOCK;
    for (aid, privileges) in [(&plain, Privileges::GLOBAL_REGISTRY), (&watcher, lock)] {
        issued
            .session(|client| client.install(globe.aid(), module, aid, privileges, &[]))
            .unwrap();
    }
    let ask = |issued: &mut Issued, applet: &Aid, case, of: &Aid| {
        assert_eq!(issued.select(applet).sw, StatusWord::NO_ERROR);
        let command = Command::new(0x80, 0x01, case, 0).with_data(of.as_bytes());
        issued.send(&command.with_le(256)).data
    };
    // getPrivileges, isPrivileged.
    let privileges = [0, 4, 0x00, 0x0C, 0x00, 0, 0, 0];
    assert_eq!(ask(&mut issued, &watcher, 0x11, module), privileges);
    // Without the Global Registry privilege there is no entry; with it, there is; with Global Lock it can be locked.
    assert_eq!(ask(&mut issued, module, 0x19, &plain), [0]);
    assert_eq!(
        ask(&mut issued, &plain, 0x19, module),
        [1, 1, 7, 0, 7, 0, 7]
    );
    assert_eq!(
        ask(&mut issued, &watcher, 0x19, module),
        [1, 1, 7, 1, 0x87, 1, 7]
    );
}

#[test]
fn remote_method_invocation_links_and_is_refused() {
    let mut issued = Issued::new("rmi").unwrap();
    let rmi = CapFile::from_zip(&fs::read(root().join("../caps/rmi/labrmi-2.2.cap")).unwrap());
    // Its constructor asks for an RMIService: SystemException, which is 6F00 to the issuer.
    let rmi = rmi.unwrap();
    issued.load(&rmi).unwrap();
    let applet = &rmi.applets()[0].aid;
    let refused = issued.install(rmi.aid(), applet, applet, &[]).unwrap_err();
    assert!(
        matches!(refused, ClientError::Refused { sw, .. } if sw == StatusWord::UNKNOWN),
        "{refused}"
    );
}

#[test]
fn what_needs_a_selection_is_refused_without_one() {
    let mut issued = globe();
    let applet: Aid = "F048594455470A01".parse().unwrap();
    // STORE DATA reaches the applet through its domain, while that is selected.
    issued
        .session(|client| client.personalize(&applet, [&[1u8, 2, 3][..]]))
        .unwrap();
    issued.select(&applet);
    let answer = issued.send(&Command::new(0x80, 0x01, 0x1A, 0).with_le(256));
    // SystemException.ILLEGAL_TRANSIENT; no secure channel of its own.
    assert_eq!(answer, Response::ok(vec![0, 3, 0]));
}

/// API 3.0.5: a reset takes what was taken of a message, and the initial vector; the key stays, if it is persistent.
#[test]
fn a_reset_ends_every_message() {
    let mut issued = Issued::new("reset").unwrap();
    issued.load(&cap(&root().join("cases"))).unwrap();
    let applet = issued.add(&cap(&root().join("javacard.security"))).unwrap();
    let applet = applet.unwrap();
    let ask = |issued: &mut Issued, case: u8| {
        issued.select(&applet);
        issued.send(&Command::new(0x80, 1, case, 0).with_le(256))
    };
    assert_eq!(
        ask(&mut issued, 0x70),
        Response::status(StatusWord::NO_ERROR)
    );
    issued.power_cycle().unwrap();
    // The transient key is not set any more; the codes and digests are those of whole messages.
    let after = ask(&mut issued, 0x71);
    assert_eq!(after.sw, StatusWord::NO_ERROR);
    assert_eq!(after.data, [1, 0, 1, 1, 1, 1]);
}
