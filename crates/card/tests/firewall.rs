//! The firewall around whole applets: `vectors/runtime/keeper` has what `vectors/runtime/prowler` is after, and
//! `vectors/runtime/twin` may be selected on several channels. Access by each bytecode is in `vectors/firewall`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use hydra_cap::{CapFile, CpEntry, api};
use hydra_testkit::Issued;
use hydra_testkit::assembler::{Class, Package};
use hydra_wire::{Aid, Command, Response, StatusWord};

const KEEPER: &str = "F048594452F01101";
const PROWLER: &str = "F048594452F01201";
const TWIN: &str = "F048594452F01301";
/// The applet caught a SecurityException.
const REFUSED: u16 = 0x5EC0;
/// Of the keeper: the PIN was right, and has all its tries.
const RIGHT: u16 = 0x0103;

fn aid(text: &str) -> Aid {
    text.parse().unwrap()
}

fn cap(name: &str) -> CapFile {
    let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/runtime");
    let bytes = std::fs::read(format!("{vectors}/{name}/{name}.cap")).unwrap();
    CapFile::from_zip(&bytes).unwrap()
}

/// A card with these applets.
fn card(names: &[&str]) -> Issued {
    let mut issued = Issued::new("firewall").unwrap();
    issued.load(&cap("fence")).unwrap();
    for name in names {
        issued.add(&cap(name)).unwrap();
    }
    issued
}

fn select(issued: &mut Issued, applet: &str) {
    select_on(issued, 0, applet);
}

fn select_on(issued: &mut Issued, channel: u8, applet: &str) {
    let command = Command::select(&aid(applet)).on_channel(channel);
    assert!(issued.send(&command).sw.is_success());
}

fn close(issued: &mut Issued, channel: u8) {
    let command = Command::new(0x00, 0x70, 0x80, channel);
    assert!(issued.send(&command).sw.is_success());
}

fn command(ins: u8, data: &[u8]) -> Command {
    Command::new(0x80, ins, 0, 0).with_data(data).with_le(256)
}

/// The two bytes that the selected applet answers.
fn ask(issued: &mut Issued, ins: u8, data: &[u8]) -> u16 {
    value(&issued.send(&command(ins, data)))
}

fn value(response: &Response) -> u16 {
    assert_eq!(response.sw, StatusWord::NO_ERROR);
    u16::from_be_bytes(response.data[..].try_into().unwrap())
}

/// A private method of a library runs in its caller's context, whoever owns its object; what it calls of a superclass in
/// the API is no way around the firewall (JCRE 3.0.5 §6.2.8.4).
#[test]
fn a_superclass_of_the_api_is_at_objects_of_the_caller_s_context_only() {
    let mut issued = card(&["keeper", "prowler"]);
    select(&mut issued, PROWLER);
    for (ins, what) in [(1, "super.update"), (3, "super.check"), (4, "update")] {
        assert_eq!(ask(&mut issued, ins, &[0]), REFUSED, "{what}");
    }
    select(&mut issued, KEEPER);
    assert_eq!(ask(&mut issued, 1, &[1, 2, 3, 4]), RIGHT);
    assert_eq!(ask(&mut issued, 2, &[0]), 1, "its own PIN");
}

/// JCRE 3.0.5 §6.2.8.6, with an object that the client has had since before.
#[test]
fn a_server_that_is_active_elsewhere_refuses_those_it_knows_too() {
    let mut issued = card(&["keeper", "prowler"]);
    // Another instance: it is active when one of its context is (JCRE 3.0.5 §4.2).
    let other = "F048594452F01202";
    issued
        .install(&aid("F048594452F012"), &aid(PROWLER), &aid(other), &[])
        .unwrap();
    select(&mut issued, KEEPER);
    for server in [PROWLER, other] {
        let server = aid(server);
        assert_eq!(ask(&mut issued, 4, server.as_bytes()), 1);
        assert_eq!(ask(&mut issued, 5, &[0]), 1);
        select_on(&mut issued, 1, PROWLER);
        assert_eq!(ask(&mut issued, 5, &[0]), REFUSED, "a call");
        close(&mut issued, 1);
        assert_eq!(ask(&mut issued, 5, &[0]), 1, "it is free again");
        select_on(&mut issued, 1, PROWLER);
        assert_eq!(ask(&mut issued, 4, server.as_bytes()), REFUSED, "a visit");
        close(&mut issued, 1);
    }
}

/// JCRE 3.0.5 §4.2: the currently selected applet is the one on the channel of the command; content that goes at
/// deselection is its context's (§5.1).
#[test]
fn selection_on_another_channel_opens_no_transient_content() {
    let mut issued = card(&["keeper", "twin"]);
    select(&mut issued, TWIN);
    select(&mut issued, KEEPER);
    assert_eq!(ask(&mut issued, 4, aid(TWIN).as_bytes()), 1);
    assert_eq!(ask(&mut issued, 5, &[0]), 0, "selected nowhere");
    select_on(&mut issued, 1, TWIN);
    assert_eq!(ask(&mut issued, 5, &[0]), 0, "selected on channel 1");
    let own = issued.send(&command(0, &[0]).on_channel(1));
    assert_eq!(value(&own), 7, "its own command on channel 1");
    assert_eq!(ask(&mut issued, 5, &[0]), 0, "and on channel 0 again");
}

/// JCRE 3.0.5 §6.2.2: the APDU buffer is cleared before another applet gets it, as the array of `install` and `processData`
/// too.
#[test]
fn the_apdu_buffer_comes_to_an_applet_clear() {
    let secret = b"what the keeper was sent";
    let mut data = vec![0x55; 100];
    data.extend_from_slice(secret);
    let mut issued = card(&["keeper"]);
    let send_secret = |issued: &mut Issued| {
        select(issued, KEEPER);
        assert_eq!(usize::from(ask(issued, 3, &data)), data.len());
    };
    send_secret(&mut issued);
    issued.add(&cap("prowler")).unwrap();
    let loot = |issued: &mut Issued| {
        select(issued, PROWLER);
        let response = issued.send(&command(2, &[0]));
        assert_eq!(response.sw, StatusWord::NO_ERROR);
        response.data
    };
    let found = loot(&mut issued);
    assert_eq!(found[..9], [&[8], aid(PROWLER).as_bytes()].concat());
    assert!(found[32..].iter().all(|byte| *byte == 0), "{found:02X?}");

    send_secret(&mut issued);
    let grouping = [0x80, 0x01, 0x01, 0x55];
    issued
        .session(|client| client.personalize(&aid(PROWLER), [&grouping[..]]))
        .unwrap();
    let found = loot(&mut issued);
    assert_eq!(found[5..9], grouping);
    assert!(found[9..].iter().all(|byte| *byte == 0), "{found:02X?}");
}

/// A `OneShot` is a temporary entry point, which nobody keeps (JCRE 3.0.5 §6.2.1), a key neither: else it would decrypt
/// with the key of whoever opens it next.
#[test]
fn a_key_keeps_no_one_shot_for_its_cipher() {
    let mut issued = card(&["keeper", "prowler"]);
    select(&mut issued, PROWLER);
    assert_eq!(ask(&mut issued, 5, b"what is wrapped."), REFUSED);
    select(&mut issued, KEEPER);
    assert_eq!(ask(&mut issued, 4, aid(PROWLER).as_bytes()), 1);
    assert_eq!(ask(&mut issued, 6, &[0]), 1);
    select(&mut issued, PROWLER);
    assert_eq!(ask(&mut issued, 6, &[0]), 0);
}

/// An applet with a digest class of its own, of which it asks an intermediate value whenever it gets a command.
fn heir() -> CapFile {
    const DIGEST: &str = "javacard/security/MessageDigest";
    let token = |class: &str, name, descriptor| {
        let class = api::class(class).unwrap();
        class.token_of(name, descriptor).unwrap()
    };
    let process = token(
        "javacard/framework/Applet",
        "process",
        "(Ljavacard/framework/APDU;)V",
    );
    let mut package = Package::new(&[0xF0, 0x48, 0x45, 0x49, 0x52]);
    package.import(&[0xA0, 0, 0, 0, 0x62, 1, 2]);
    package.class(Class {
        public: (process, vec!["App.process"]),
        ..Class::new("App", "javacard/framework/Applet", "")
    });
    package.class(Class::new("Own", DIGEST, ""));
    let intermediate = CpEntry::VirtualMethod {
        class: package.class_ref(DIGEST),
        token: token(DIGEST, "doIntermediateMessageDigest", "([BS)S"),
    };
    package.entry("intermediate", intermediate);
    package.method(
        "install",
        3,
        0,
        4,
        "new #App; dup; invokespecial #javacard/framework/Applet.<init>()V; \
         invokevirtual #javacard/framework/Applet.register()V; return",
    );
    package.method(
        "App.process",
        2,
        1,
        6,
        "aload_1; invokevirtual #javacard/framework/APDU.getBuffer()[B; astore_2; \
         new #Own; aload_2; sconst_0; invokevirtual #intermediate; pop; \
         aload_1; sconst_0; bspush 32; invokevirtual #javacard/framework/APDU.setOutgoingAndSend(SS)V; return",
    );
    package.applet(&[0xF0, 0x48, 0x45, 0x49, 0x52, 1], "install");
    package.build().unwrap().0
}

/// JCRE 3.0.5 §7.6.3: an aborted object is gone with what it computed; who gets its handle gets nothing of it.
#[test]
fn an_aborted_object_leaves_its_computation_to_nobody() {
    let mut issued = card(&["keeper"]);
    let heir = issued.add(&heir()).unwrap().unwrap();
    select(&mut issued, KEEPER);
    assert_eq!(ask(&mut issued, 7, &[0x5A; 64]), 64);
    let response = issued.send(&Command::select(&heir));
    assert_eq!(response, Response::status(StatusWord::UNKNOWN));
    assert_eq!(issued.card.take_fault(), None, "a CryptoException");
}
