//! A card behind T=1 on sockets and a terminal, managed from another process; what `--trace` prints.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "support/command.rs"]
mod command;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hydra_cap::{CapFile, ComponentTag, write};
use hydra_card::CardConfig;
use hydra_crypto::SeededRandom;
use hydra_reader::t1::{Address, T1Link};
use hydra_slot::{Slot, t1};
use hydra_wire::CardLink;

use self::command::{hydra, refused, said};

const BENCH: &str = "F04C414242454E4301";
const ATR: &str = "3B8B8131FE458073C0211F5548594452419E";

fn bench() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/caps/2.1-jc305/bench.cap")
}

/// A new card's image.
fn new_card(folder: &Path) -> String {
    let image = folder.join("card.img").to_str().expect("UTF-8").to_owned();
    said(&mut hydra(&[
        "card",
        "new",
        "--image",
        &image,
        "--test-keys",
    ]));
    image
}

/// A card that runs until the test ends, and where it is.
struct Running {
    child: Child,
    line: String,
}

impl Running {
    fn start(image: &str, listen: &str, more: &[&str]) -> Self {
        let mut child = hydra(&["card", "run", "--image", image, "--listen", listen])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped"))
            .read_line(&mut line)
            .expect("a line");
        let line = line.trim().to_owned();
        Self { child, line }
    }

    /// Ends it as an operator would, and what it said.
    fn end(mut self) -> String {
        let _ = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().expect("piped");
        stderr.read_to_string(&mut said).expect("UTF-8");
        said
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_card_is_managed_over_every_line() {
    let folder = tempfile::tempdir().expect("a directory");
    let socket = format!("unix:{}", folder.path().join("card.sock").display());
    for listen in ["tcp:127.0.0.1:0", socket.as_str(), "pty"] {
        let place = folder
            .path()
            .join(listen.split_once(':').map_or(listen, |(kind, _)| kind));
        std::fs::create_dir(&place).expect("created");
        let image = new_card(&place);
        let card = Running::start(&image, listen, &[]);
        let line = card.line.as_str();
        let gp = |arguments: &[&str]| {
            let mut command = hydra(&["gp"]);
            command.args(arguments).args(["--connect", line]);
            command
        };
        let installed = said(gp(&["install", "--test-keys"]).arg(bench()));
        assert!(
            installed.contains(&format!("installed {BENCH}")),
            "{installed}"
        );
        let list = said(&mut gp(&["list", "--test-keys"]));
        assert!(list.contains(BENCH), "{list}");
        // Longer than a block, both ways.
        let echo = format!("80010000FA{}00", "5A".repeat(250));
        let answer = said(&mut gp(&["apdu", "--select", BENCH, &echo]));
        assert!(answer.contains(" 9000"), "{answer}");
        // Power comes with the connection: nothing is selected and no channel is open.
        let closed = refused(&mut gp(&["apdu", "8101000000"]));
        assert!(closed.contains("6881"), "{closed}");
        let unknown = refused(&mut gp(&["list"]));
        assert!(unknown.contains("--test-keys"), "{unknown}");
        let deleted = said(&mut gp(&[
            "delete",
            "--test-keys",
            "--related",
            "F04C414242454E43",
        ]));
        assert!(deleted.contains("deleted"), "{deleted}");
        // The image is in use, and free again afterwards.
        assert!(refused(&mut hydra(&["gp", "list", "--image", &image])).contains("in use"));
        drop(card);
        said(&mut hydra(&["gp", "list", "--image", &image]));
    }
    // A socket that a killed card left behind is in nobody's way.
    let image = new_card(folder.path());
    drop(Running::start(&image, &socket, &[]));
    let card = Running::start(&image, &socket, &[]);
    said(&mut hydra(&[
        "gp",
        "list",
        "--test-keys",
        "--connect",
        &card.line,
    ]));
}

#[test]
fn keys_are_listed_and_changed() {
    let folder = tempfile::tempdir().expect("a directory");
    let image = new_card(folder.path());
    let gp = |arguments: &[&str]| {
        let mut command = hydra(&["gp", "keys", "--image", &image]);
        command.args(arguments);
        command
    };
    let listed = said(&mut gp(&[]));
    assert_eq!(listed.matches("version  48").count(), 3, "{listed}");
    let new = "000102030405060708090A0B0C0D0E0F";
    said(&mut gp(&["--put", new, "--version", "49"]));
    // The record knows them, the old ones are gone.
    let listed = said(&mut gp(&[]));
    assert_eq!(listed.matches("version  49").count(), 3, "{listed}");
    assert!(!listed.contains("version  48"), "{listed}");
    refused(&mut gp(&["--test-keys"]));
    said(&mut gp(&["--keys", new]));
    // Beside them.
    let other = "0F".repeat(16);
    said(&mut gp(&["--put", &other, "--version", "50", "--add"]));
    let listed = said(&mut gp(&["--json"]));
    let rows: Vec<serde_json::Value> = serde_json::from_str(&listed).expect("JSON");
    assert_eq!(rows.len(), 6, "{listed}");
    for wrong in [&["--put", new, "--version", "0"][..], &["--put", new]] {
        let status = gp(wrong).status().expect("the binary runs");
        assert_eq!(status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn a_trace_tells_what_crosses() {
    let folder = tempfile::tempdir().expect("a directory");
    let image = new_card(folder.path());
    let card = Running::start(&image, "tcp:127.0.0.1:0", &["--trace"]);
    said(hydra(&["gp", "install", "--test-keys", "--connect", &card.line]).arg(bench()));
    said(&mut hydra(&[
        "gp",
        "apdu",
        "--connect",
        &card.line,
        "--select",
        BENCH,
    ]));
    let trace = card.end();
    for told in [
        &format!("= reset, ATR {}", ATR),
        "> 00A4040000\n  SELECT the issuer domain, P1 04 P2 00, all back\n< 6F",
        "INITIALIZE UPDATE key version 00",
        "INSTALL, P1 02 P2 00",
        "LOAD, P1",
        "secure messaging",
        &format!("SELECT {BENCH}, P1 04 P2 00, 9 bytes"),
        "9000 (success)",
        "the host went away",
    ] {
        assert!(trace.contains(told), "no {told:?} in {trace}");
    }
    // The client's own, in the clear on its side of the secure channel or not.
    let trace = said(&mut hydra(&["gp", "list", "--image", &image, "--trace"]));
    assert!(trace.contains("EXTERNAL AUTHENTICATE"), "{trace}");
    assert!(trace.contains("GET STATUS"), "{trace}");
}

/// The bench applet with a Debug component that names its `process`.
fn with_names() -> Vec<u8> {
    let cap = CapFile::from_zip(&std::fs::read(bench()).expect("read")).expect("a CAP file");
    let mut debug = vec![0, 5];
    for string in ["lab", "lab/Bench", "Bench.java", "process", "(APDU)V"] {
        debug.extend([0, u8::try_from(string.len()).expect("short")]);
        debug.extend(string.as_bytes());
    }
    debug.extend([0, 0, 0, 1, 0, 1, 0, 1, 0, 29, 0, 1, 0, 2, 0, 0, 0, 0, 1]);
    debug.extend([
        0, 3, 0, 4, 0, 1, 1, 0xEF, 2, 1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 54,
    ]);
    let mut components: Vec<_> = cap
        .components()
        .map(|(tag, bytes)| (tag, bytes.to_vec()))
        .collect();
    components.push((ComponentTag::Debug, debug));
    write::zip("lab", &components).expect("small")
}

#[test]
fn a_trace_of_bytecode_has_the_methods_names() {
    let folder = tempfile::tempdir().expect("a directory");
    let image = new_card(folder.path());
    said(hydra(&["gp", "install", "--image", &image]).arg(bench()));
    let echo = |more: &[&str]| {
        let mut command = hydra(&["gp", "apdu", "--image", &image, "--select", BENCH]);
        said(
            command
                .args(["8001000003010203", "--trace=bytecode"])
                .args(more),
        )
    };
    // What the card itself knows.
    let trace = echo(&[]);
    assert!(
        trace.contains(
            ". F04C414242454E43 class@29.process\n.     0: aload_0\n.     1: invokevirtual #"
        ) && trace.contains("; javacard/framework/APDU.getBuffer()[B"),
        "{trace}"
    );
    // With a file's names.
    let names = folder.path().join("names.cap");
    std::fs::write(&names, with_names()).expect("written");
    let trace = echo(&["--names", names.to_str().expect("UTF-8")]);
    assert!(
        trace.contains("lab/Bench.process(APDU)V\n.     0: aload_0"),
        "{trace}"
    );
    assert!(trace.contains("Bench.java:54"), "{trace}");
    // Of another file than the card runs.
    let other = bench().with_file_name("../2.1-jc222/bench.cap");
    let trace = echo(&["--names", other.to_str().expect("UTF-8")]);
    assert!(
        trace.contains("runs other code") && trace.contains("class@29.process"),
        "{trace}"
    );
    // A card elsewhere shows none.
    let far = refused(&mut hydra(&[
        "gp",
        "apdu",
        "--connect",
        "tcp:127.0.0.1:1",
        "--trace=bytecode",
    ]));
    assert!(far.contains("image"), "{far}");
}

#[test]
fn a_trace_of_bytecode_names_what_a_debug_component_knows() {
    let folder = tempfile::tempdir().expect("a directory");
    let image = new_card(folder.path());
    let cap = bench().with_file_name("../2.2-debug/named.cap");
    let cap = cap.to_str().expect("UTF-8");
    said(hydra(&["gp", "install", "--image", &image]).arg(cap));
    let trace = |more: &[&str]| {
        let mut command = hydra(&["gp", "apdu", "--image", &image]);
        command.args(["--select", "F04C4142000501", "8000000000"]);
        said(command.arg("--trace=bytecode").args(more))
    };
    let named = trace(&["--names", cap]);
    for told in [
        ". F04C41420005 lab/named/Counter.addTwice(S)V\n",
        "; lab/named/Counter.addTwice(S)V ",
        "; lab/named/Base.add(S)V ",
        "; lab/named/Named.counter ",
        "; lab/named/Base.value ",
        "; lab/named/Named.total ",
        "; javacard/framework/APDU.getBuffer()[B ",
    ] {
        assert!(named.contains(told), "no {told:?} in {named}");
    }
    assert!(!named.contains("class@"), "{named}");
    assert!(trace(&[]).contains("; class@"));
}

#[test]
fn hosts_that_go_away_in_the_middle_leave_the_card_to_the_next() {
    let folder = tempfile::tempdir().expect("a directory");
    let image = new_card(folder.path());
    let card = Running::start(&image, "tcp:127.0.0.1:0", &[]);
    let port = card.line.strip_prefix("tcp:").expect("TCP");
    // In a block, in a chain, in a command that is being carried out, with nonsense.
    for begun in [
        &b""[..],
        b"\x00\x00\x05\x00",
        b"\x00\x20\x01\x00\x21",
        b"\x00\x00\x05\x00\xA4\x04\x00\x00\xA5",
        &[0xFF; 700],
    ] {
        let mut stream = std::net::TcpStream::connect(port).expect("connects");
        stream.write_all(begun).expect("sent");
    }
    let list = said(&mut hydra(&[
        "gp",
        "list",
        "--test-keys",
        "--connect",
        &card.line,
    ]));
    assert!(list.contains("A000000151000000"), "{list}");
}

/// A card that takes its time.
struct Slow(Slot);

impl CardLink for Slow {
    type Error = hydra_card::Mute;

    fn reset(&mut self) -> Result<Vec<u8>, hydra_card::Mute> {
        self.0.reset()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, hydra_card::Mute> {
        std::thread::sleep(Duration::from_secs(2));
        self.0.transmit(command)
    }
}

#[test]
fn a_command_that_takes_long_asks_for_time() {
    let folder = tempfile::tempdir().expect("a directory");
    let random = Box::new(SeededRandom::new(b"slow"));
    let image = folder.path().join("card.img");
    let slot = Slot::create(&image, random, CardConfig::default(), |_| Ok(())).expect("made");
    let line = t1::Line::tcp("127.0.0.1:0").expect("a port");
    let address: Address = line.name().expect("bound").parse().expect("an address");
    let served = std::thread::spawn(move || line.serve(&mut Slow(slot)));
    let mut link = T1Link::open(&address).expect("connects");
    let atr = link.reset().expect("an ATR");
    let answer = link
        .transmit(&[0x00, 0xA4, 0x04, 0x00, 0x00])
        .expect("answered");
    assert_eq!(answer[0], 0x6F);
    // Reset on the line: what was selected is not, and the ATR is the same.
    assert_eq!(link.reset().expect("an ATR"), atr);
    drop(link);
    served.join().expect("ends").expect("without an error");
}
