//! A card in a virtual reader of pcscd, driven by the tools that people have: opensc-tool, scriptor, pcsc_scan, gpg.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "support/command.rs"]
mod command;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use self::command::{hydra, refused, said, text};

/// Where Debian keeps the driver of virtual readers.
const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so.0.8";
const BENCH: &str = "F04C414242454E4301";
const ATR: &str = "3b:8b:81:31:fe:45:80:73:c0:21:1f:55:48:59:44:52:41:9e";
/// Nothing here takes that long; what does has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // pcscd removes its files when it is asked to end.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// Asks again until the answer holds what is wanted.
fn wait_for(what: &str, mut ask: impl FnMut() -> String) -> String {
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = ask();
        if answer.contains(what) {
            return answer;
        }
        assert!(Instant::now() < end, "no {what:?} in {answer}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Two ports beside each other that nobody uses: the driver takes the next one for its second slot.
fn free_ports() -> u16 {
    for _ in 0..100 {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = first.local_addr().expect("bound").port();
        if port < u16::MAX && TcpListener::bind((Ipv4Addr::LOCALHOST, port + 1)).is_ok() {
            return port;
        }
    }
    panic!("no two free ports");
}

/// pcscd with one virtual reader and nothing else.
fn pcscd(folder: &Path, port: u16) -> Running {
    let readers = folder.join("readers");
    std::fs::create_dir(&readers).expect("created");
    let config = format!(
        "FRIENDLYNAME \"Hydra\"\nDEVICENAME /dev/null:0x{port:04X}\nLIBPATH {DRIVER}\nCHANNELID 0x{port:04X}\n"
    );
    std::fs::write(readers.join("vpcd"), config).expect("written");
    let root = said(Command::new("id").arg("-u")).trim() == "0";
    let mut command = Command::new(if root { "pcscd" } else { "sudo" });
    if !root {
        command.arg("pcscd");
    }
    let log = std::fs::File::create(folder.join("pcscd.log")).expect("created");
    let child = command
        .args(["--foreground", "--config"])
        .arg(&readers)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a file"))
        .stderr(log)
        .spawn()
        .expect("tests/install has installed pcscd");
    let mut running = Running(child);
    // There is one socket on a machine, so another pcscd makes this one end at once.
    let end = Instant::now() + PATIENCE;
    while std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port + 1)).is_err() {
        let ended = running.0.try_wait().expect("waits");
        assert!(
            ended.is_none() && Instant::now() < end,
            "pcscd does not start; does another one run? {}",
            std::fs::read_to_string(folder.join("pcscd.log")).unwrap_or_default()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    running
}

fn run_card(image: &str, port: u16, more: &[&str]) -> Running {
    let child = hydra(&["card", "run", "--image", image])
        .args(["--vpcd", &format!("127.0.0.1:{port}")])
        .args(more)
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    Running(child)
}

fn opensc(arguments: &[&str]) -> String {
    let output = Command::new("opensc-tool")
        .args(["--reader", "0"])
        .args(arguments)
        .output()
        .expect("tests/install has installed opensc");
    text(&output)
}

/// What our own client finds, over PC/SC.
#[cfg(feature = "pcsc")]
fn listed_in_the_reader() {
    let mut list = hydra(&["gp", "list", "--reader", "Hydra", "--test-keys"]);
    let list = said(&mut list);
    assert!(list.contains(BENCH), "{list}");
}

#[test]
fn the_world_s_tools_see_an_ordinary_card() {
    let folder = tempfile::tempdir().expect("a directory");
    let image = folder.path().join("card.img");
    let image = image.to_str().expect("UTF-8");
    let cap =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/caps/2.1-jc305/bench.cap");
    let port = free_ports();
    said(&mut hydra(&[
        "card",
        "new",
        "--image",
        image,
        "--test-keys",
    ]));
    said(hydra(&["gp", "install", "--image", image]).arg(&cap));
    let daemon = pcscd(folder.path(), port);
    let card = run_card(image, port, &[]);

    wait_for(ATR, || opensc(&["--atr"]));
    // One process holds a card.
    let second = refused(&mut hydra(&["gp", "list", "--image", image]));
    assert!(second.contains("in use"), "{second}");

    let answer = opensc(&[
        "-s",
        &format!("00A4040009{BENCH}"),
        "-s",
        "800100000301020300",
    ]);
    assert!(
        answer.contains("SW1=0x90, SW2=0x00):\n01 02 03"),
        "{answer}"
    );

    let mut scriptor = Command::new("scriptor")
        .args(["-r", "Hydra 00 00", "-p", "T=1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("tests/install has installed pcsc-tools");
    let spaced: Vec<&str> = (0..BENCH.len())
        .step_by(2)
        .map(|at| &BENCH[at..at + 2])
        .collect();
    // What a session has opened is gone after a reset.
    let script = format!(
        "00 A4 04 00 09 {}\n80 01 00 00 02 CA FE 00\n00 70 00 00 01\nreset\n00 70 00 00 01\n00 A4 04 0C 02 DE AD\n",
        spaced.join(" ")
    );
    let mut input = scriptor.stdin.take().expect("piped");
    input.write_all(script.as_bytes()).expect("written");
    drop(input);
    let mut spoken = String::new();
    let mut output = scriptor.stdout.take().expect("piped");
    output.read_to_string(&mut spoken).expect("read");
    scriptor.wait().expect("ended");
    let answers: Vec<&str> = spoken
        .lines()
        .filter(|line| line.starts_with("< "))
        .collect();
    assert!(answers[1].starts_with("< CA FE 90 00"), "{spoken}");
    assert_eq!(spoken.matches("< 01 90 00").count(), 2, "{spoken}");
    assert!(
        answers
            .last()
            .is_some_and(|last| last.starts_with("< 6A 82")),
        "{spoken}"
    );

    let scan = Command::new("timeout")
        .args(["5", "pcsc_scan", "-c", "-n"])
        .output()
        .expect("tests/install has installed pcsc-tools");
    let scan = text(&scan);
    assert!(
        scan.contains("Card inserted") && scan.contains("48 59 44 52 41"),
        "{scan}"
    );

    let home = folder.path().join("gnupg");
    std::fs::create_dir(&home).expect("created");
    std::fs::set_permissions(&home, std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .expect("set");
    std::fs::write(
        home.join("scdaemon.conf"),
        format!(
            "disable-ccid\nreader-port Hydra 00 00\ndebug-level guru\nlog-file {}\n",
            home.join("log").display()
        ),
    )
    .expect("written");
    let status = Command::new("gpg")
        .arg("--homedir")
        .arg(&home)
        .arg("--card-status")
        .output()
        .expect("tests/install has installed gnupg");
    let _ = Command::new("gpgconf")
        .arg("--homedir")
        .arg(&home)
        .args(["--kill", "all"])
        .status();
    // A card without an OpenPGP application: seen, asked, and not found to be one.
    assert_eq!(status.status.code(), Some(2), "{}", text(&status));
    assert!(
        text(&status).contains("OpenPGP card not available"),
        "{}",
        text(&status)
    );
    let log = std::fs::read_to_string(home.join("log")).expect("scdaemon has written its log");
    assert!(log.contains("00 A4 04 00 06 D2 76 00 01 24 01"), "{log}");
    assert!(log.contains("sw=6A82"), "{log}");

    // Our own client, which shares the reader with nobody.
    #[cfg(feature = "pcsc")]
    {
        listed_in_the_reader();
        let nobody = refused(&mut hydra(&[
            "gp",
            "list",
            "--reader",
            "Nobody's",
            "--test-keys",
        ]));
        assert!(nobody.contains("Hydra 00 00"), "{nobody}");
    }

    // The same over T=0.
    drop(card);
    let card = run_card(image, port, &["--protocol", "t0"]);
    wait_for("3b:0b", || opensc(&["--atr"]));
    let answer = opensc(&[
        "-s",
        &format!("00A4040009{BENCH}"),
        "-s",
        "800100000301020300",
    ]);
    assert!(answer.contains("01 02 03"), "{answer}");
    #[cfg(feature = "pcsc")]
    listed_in_the_reader();

    // The card is taken out while the reader runs, and put back.
    drop(card);
    wait_for("No  ", || {
        said(Command::new("opensc-tool").arg("--list-readers"))
    });
    let card = run_card(image, port, &[]);
    wait_for(ATR, || opensc(&["--atr"]));
    // The reader goes away, and the card waits for it to come back.
    drop(daemon);
    std::fs::remove_dir_all(folder.path().join("readers")).expect("removed");
    let _daemon = pcscd(folder.path(), port);
    wait_for(ATR, || opensc(&["--atr"]));
    drop(card);
}
