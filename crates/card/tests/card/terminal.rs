//! The virtual terminal: routes, scripts, the output queue.

use hydra_gp::script::{CommandScript, HostScript, ResponseScript, ScriptError, Target};
use hydra_gp::{
    Command as Gp, GetStatus, Install, InstallApplication, ManageChannel, Privileges, StatusScope,
};
use hydra_wire::{Command, FrameKind, Response, StatusWord, tlv};

use crate::host::{Bench, OK, aid, applet_route, cap, energy, isd, script_route, terminal, value};

const BENCH: &str = "F04C414242454E43";
const BENCH_APPLET: &str = "F04C414242454E4301";
const ECHO: [u8; 4] = [0x80, 0x01, 0, 0];

/// What the hub says to the terminal.
pub(crate) struct Hub<'a>(pub(crate) &'a mut Bench);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) correlation: u32,
    pub(crate) port: String,
    pub(crate) kind: u8,
    pub(crate) payload: Vec<u8>,
}

impl Hub<'_> {
    pub(crate) fn new(bench: &mut Bench) -> Hub<'_> {
        assert_eq!(bench.select(&terminal()), OK);
        Hub(bench)
    }

    pub(crate) fn envelope(&mut self, port: &str, correlation: u32, payload: &[u8]) -> Response {
        let mut content = tlv::object(0x50, port.as_bytes());
        tlv::push(&mut content, 0x59, &correlation.to_be_bytes());
        tlv::push(&mut content, 0x5A, payload);
        let data = tlv::object(0xE4, &content);
        let envelope = Command::new(0x80, 0xC2, 0, 0).with_data(&data);
        self.0.send(&envelope.with_le(65_536))
    }

    /// The applet's response to a message.
    pub(crate) fn deliver(&mut self, port: &str, payload: &[u8]) -> Response {
        let response = self.envelope(port, 0, payload);
        assert!(
            response.sw == OK || response.sw.0 >> 8 == 0x91,
            "{response:?}"
        );
        Response::parse(&value(&response.data, 0x5B)).expect("an R-APDU")
    }

    pub(crate) fn fetch(&mut self, away: &[&str]) -> Option<Output> {
        let mut data = Vec::new();
        for port in away {
            tlv::push(&mut data, 0x50, port.as_bytes());
        }
        let response = self.send_fetch(&data);
        if response.sw == StatusWord::DATA_NOT_FOUND {
            return None;
        }
        assert_eq!(response.sw, OK, "FETCH");
        Some(Self::output(&response))
    }

    /// The oldest output, if there is one and the card answers at all.
    pub(crate) fn try_fetch(&mut self) -> Option<Output> {
        let response = self.send_fetch(&[]);
        (response.sw == OK).then(|| Self::output(&response))
    }

    fn send_fetch(&mut self, data: &[u8]) -> Response {
        let fetch = Command::new(0x80, 0x12, 0, 0).with_data(data);
        self.0.send(&fetch.with_le(65_536))
    }

    fn output(response: &Response) -> Output {
        let content = value(&response.data, 0xD0);
        Output {
            correlation: u32::from_be_bytes(value(&content, 0x59).try_into().expect("4 bytes")),
            port: String::from_utf8(value(&content, 0x50)).expect("a name"),
            kind: value(&content, 0x5C)[0],
            payload: value(&content, 0x5A),
        }
    }

    pub(crate) fn confirm(&mut self, output: &Output, result: u8) -> StatusWord {
        let mut data = tlv::object(0x59, &output.correlation.to_be_bytes());
        tlv::push(&mut data, 0x50, output.port.as_bytes());
        tlv::push(&mut data, 0x5C, &[output.kind]);
        tlv::push(&mut data, 0x5D, &[result]);
        self.0
            .send(&Command::new(0x80, 0x14, 0, 0).with_data(&data))
            .sw
    }

    /// Everything that waits, confirmed one by one.
    pub(crate) fn drain(&mut self) -> Vec<Output> {
        let mut all = Vec::new();
        while let Some(output) = self.fetch(&[]) {
            let sw = self.confirm(&output, 0);
            assert!(sw == OK || sw.0 >> 8 == 0x91, "{sw}");
            all.push(output);
        }
        all
    }
}

fn with_echo() -> Bench {
    let mut bench = Bench::new();
    let mut issuer = bench.issuer();
    issuer.load(BENCH, &isd(), &cap("bench"));
    issuer.install(BENCH, BENCH_APPLET, BENCH_APPLET);
    let mut routes = applet_route("meter.electricity", BENCH_APPLET, ECHO);
    routes.extend(script_route("supplier"));
    issuer.store(&routes);
    bench
}

/// A script of one session with the ISD.
fn script(bench: &Bench, sequence: u32, commands: &[Gp]) -> HostScript {
    let mut script = HostScript::new();
    script
        .open(&Target {
            keys: &bench.record.issuer_keys,
            sequence,
            domain: &isd(),
            host_challenge: u64::from(sequence).to_be_bytes(),
        })
        .unwrap();
    for command in commands {
        script.push(&command.to_apdu()).unwrap();
    }
    script
}

fn list() -> Gp {
    Gp::GetStatus(GetStatus::all(StatusScope::Applications))
}

#[test]
fn a_message_from_a_port_reaches_its_applet() {
    let mut bench = with_echo();
    let mut hub = Hub::new(&mut bench);
    let answer = hub.deliver("meter.electricity", b"reading");
    assert_eq!((answer.data.as_slice(), answer.sw), (&b"reading"[..], OK));
    assert_eq!(
        hub.envelope("health.bp", 1, b"x").sw,
        StatusWord::DATA_NOT_FOUND
    );
    // The applet's own refusal is the applet's response, not the terminal's.
    bench.issuer().store(&applet_route(
        "meter.electricity",
        BENCH_APPLET,
        [0x80, 0x77, 0, 0],
    ));
    let answer = Hub::new(&mut bench).deliver("meter.electricity", b"x");
    assert_eq!(answer.sw, StatusWord::INS_NOT_SUPPORTED);
}

#[test]
fn a_route_to_nowhere_is_told_and_can_be_removed() {
    let mut bench = with_echo();
    assert_eq!(bench.issuer().delete_related(BENCH), OK);
    let mut hub = Hub::new(&mut bench);
    assert_eq!(
        hub.envelope("meter.electricity", 1, b"x").sw,
        StatusWord::NOT_FOUND
    );
    let mut removal = tlv::object(0x50, b"meter.electricity");
    tlv::push(&mut removal, 0x51, &[0]);
    bench.issuer().store(&tlv::object(0xE1, &removal));
    let mut hub = Hub::new(&mut bench);
    assert_eq!(
        hub.envelope("meter.electricity", 1, b"x").sw,
        StatusWord::DATA_NOT_FOUND
    );
}

#[test]
fn routes_that_make_no_sense_are_refused() {
    let mut bench = Bench::new();
    let mut issuer = bench.issuer();
    let wrong = StatusWord::WRONG_DATA;
    assert_eq!(issuer.try_store(&script_route("Upper")), wrong);
    assert_eq!(issuer.try_store(&script_route("")), wrong);
    assert_eq!(issuer.try_store(&script_route(&"x".repeat(33))), wrong);
    for header in [
        [0x00, 0xA4, 4, 0],
        [0x84, 0x01, 0, 0],
        [0x81, 0x01, 0, 0],
        [0x00, 0x70, 0, 0],
    ] {
        let route = applet_route("health.bp", BENCH_APPLET, header);
        assert_eq!(issuer.try_store(&route), wrong, "{header:X?}");
    }
}

#[test]
fn malformed_commands_to_the_terminal_are_refused() {
    let mut bench = with_echo();
    let bench = Hub::new(&mut bench).0;
    let mut check = |command: Command, expected: u16| {
        assert_eq!(bench.send(&command).sw.0, expected, "{command:X?}");
    };
    check(Command::new(0x80, 0xC2, 0, 0), 0x6A80);
    check(Command::new(0x80, 0xC2, 0, 1), 0x6A86);
    check(Command::new(0x80, 0xC2, 0, 0).with_data(&[0xE4, 9]), 0x6A80);
    let incomplete = tlv::object(0xE4, &tlv::object(0x50, b"issuer"));
    check(
        Command::new(0x80, 0xC2, 0, 0).with_data(&incomplete),
        0x6A80,
    );
    check(Command::new(0x80, 0x12, 0, 0).with_data(&[0x51, 0]), 0x6A80);
    check(
        Command::new(0x80, 0x14, 0, 0).with_data(&[0x59, 1, 0]),
        0x6A80,
    );
    check(Command::new(0x80, 0x15, 0, 0), 0x6D00);
    check(Command::new(0x00, 0xC2, 0, 0), 0x6E00);
    check(Command::new(0x84, 0xC2, 0, 0), 0x6E00);
}

#[test]
fn a_script_runs_in_its_own_session_and_is_answered_in_one() {
    let mut bench = with_echo();
    // A session of the host's stands on the basic channel, with the issuer's domain.
    let mut issuer = bench.issuer();
    issuer.ok(&list());
    let open = Gp::ManageChannel(ManageChannel::OpenNumber(3)).to_apdu();
    assert_eq!(issuer.bench.send(&open).sw, OK);
    let select = Command::select(&terminal()).on_channel(3);
    assert_eq!(issuer.bench.send(&select).sw, OK);

    let request = InstallApplication::new(
        &aid("A0000001515350"),
        &aid("A000000151535041"),
        &energy(),
        Privileges::SECURITY_DOMAIN,
        &[],
    );
    let install = Gp::Install(Install::InstallAndMakeSelectable(request));
    let sequence = 3; // with_echo's session was the first, this one's the second
    let prepared = script(issuer.bench, sequence, &[install, list()]);
    let mut content = tlv::object(0x50, b"issuer");
    tlv::push(&mut content, 0x59, &[0, 0, 0, 9]);
    tlv::push(&mut content, 0x5A, &prepared.commands().to_bytes());
    let envelope = Command::new(0x80, 0xC2, 0, 0)
        .with_data(&tlv::object(0xE4, &content))
        .on_channel(3);
    let response = issuer.bench.send(&envelope);
    assert_eq!(response.sw.0 >> 8, 0x91);
    let announced = response.sw.0 & 0xFF;

    // The host's session was not touched by it.
    issuer.ok(&list());
    let mut hub = Hub::new(&mut bench);
    let output = hub.fetch(&[]).expect("the response waits");
    // Tag and length of D0 and of 5A, 59, 50 with "issuer", 5C, and the payload.
    assert_eq!(
        usize::from(announced),
        3 + 6 + 8 + 3 + 3 + output.payload.len()
    );
    assert_eq!(
        (output.correlation, output.port.as_str(), output.kind),
        (9, "issuer", FrameKind::ScriptResponse as u8)
    );
    let responses = prepared
        .read(&ResponseScript::parse(&output.payload).unwrap())
        .unwrap()
        .complete()
        .unwrap();
    assert_eq!(responses.len(), 2);
    assert_eq!(hub.confirm(&output, 0), OK);
    assert_eq!(hub.fetch(&[]), None);
    assert_eq!(bench.select(&energy()), OK);
}

#[test]
fn a_script_that_comes_twice_runs_once() {
    let mut bench = with_echo();
    let prepared = script(&bench, 2, &[list()]).commands().to_bytes();
    let mut hub = Hub::new(&mut bench);
    assert_eq!(hub.envelope("issuer", 1, &prepared).sw.0 >> 8, 0x91);
    assert_eq!(hub.drain().len(), 1);
    assert_eq!(hub.envelope("issuer", 1, &prepared).sw, OK);
    assert_eq!(hub.fetch(&[]), None);
    hub.0.power_cycle();
    let mut hub = Hub::new(&mut bench);
    assert_eq!(hub.envelope("issuer", 1, &prepared).sw, OK);
    assert_eq!(hub.fetch(&[]), None);
    // Another correlation is another script: its counter is used up, and the answer says which is next.
    hub.envelope("issuer", 2, &prepared);
    let output = hub.drain().remove(0);
    let answer = ResponseScript::parse(&output.payload).unwrap();
    let error = script(&bench, 2, &[list()]).read(&answer).unwrap_err();
    assert_eq!(error.next_sequence(), Some(4));
}

#[test]
fn the_last_sixteen_exchanges_of_a_port_are_remembered() {
    let mut bench = with_echo();
    let mut hub = Hub::new(&mut bench);
    for correlation in 1..=17 {
        hub.envelope("issuer", correlation, b"no script");
        assert_eq!(hub.drain().len(), 1);
    }
    for correlation in 2..=17 {
        hub.envelope("issuer", correlation, b"no script");
        assert_eq!(hub.drain().len(), 0, "{correlation}");
    }
    // Another port's are its own.
    hub.envelope("supplier", 17, b"no script");
    assert_eq!(hub.drain().len(), 1);
    hub.envelope("issuer", 1, b"no script");
    assert_eq!(hub.drain().len(), 1, "long ago");
}

#[test]
fn a_script_stops_at_the_first_error() {
    let mut bench = with_echo();
    let missing = Gp::Delete(hydra_gp::Delete::object(&energy()));
    let prepared = script(&bench, 2, &[list(), missing, list()]);
    let mut hub = Hub::new(&mut bench);
    hub.envelope("issuer", 1, &prepared.commands().to_bytes());
    let output = hub.drain().remove(0);
    let outcome = prepared
        .read(&ResponseScript::parse(&output.payload).unwrap())
        .unwrap();
    assert_eq!(outcome.responses.len(), 2);
    let ScriptError::Stopped(stop) = outcome.complete().unwrap_err() else {
        panic!("it stopped")
    };
    assert_eq!((stop.at, stop.sw), (5, Some(StatusWord::DATA_NOT_FOUND)));
}

#[test]
fn a_script_reaches_domains_only() {
    let mut bench = with_echo();
    let echo = Command::new(0x80, 0x01, 0, 0).with_data(b"forged");
    let scripts = [
        vec![Command::select(&aid(BENCH_APPLET)), echo.clone()],
        vec![Command::select(&terminal())],
        vec![Gp::ManageChannel(ManageChannel::Open).to_apdu()],
        vec![echo.on_channel(1)],
        // By the beginning of a name.
        vec![Command::new(0x00, 0xA4, 4, 0).with_data(&[0xF0, 0x4C, 0x41, 0x42, 0x42])],
    ];
    let mut hub = Hub::new(&mut bench);
    for (n, commands) in (0..).zip(scripts) {
        let bytes = CommandScript { commands }.to_bytes();
        hub.envelope("supplier", n, &bytes);
        let output = hub.drain().remove(0);
        assert_eq!(output.port, "supplier");
        let answer = ResponseScript::parse(&output.payload).unwrap();
        assert_eq!(answer.executed, 1, "script {n}");
        assert!(!answer.responses[0].sw.is_success(), "script {n}");
    }
}

#[test]
fn bytes_that_are_no_script_are_answered() {
    let mut bench = with_echo();
    let mut hub = Hub::new(&mut bench);
    hub.envelope("issuer", 5, b"\xAA\x03\x22\x09\x00");
    let output = hub.drain().remove(0);
    assert_eq!(output.correlation, 5);
    let answer = ResponseScript::parse(&output.payload).unwrap();
    assert!(answer.bad_format.is_some());
    assert_eq!(answer.executed, 0);
}

#[test]
fn a_host_cannot_see_or_block_the_terminals_channels() {
    let mut bench = with_echo();
    let mut hub = Hub::new(&mut bench);
    assert_eq!(hub.deliver("meter.electricity", b"1").sw, OK);
    // The applet, which is not multiselectable, is in the terminal's use: a host waits for its turn.
    assert_eq!(bench.select(&aid(BENCH_APPLET)), StatusWord(0x6985));
    let mut hub = Hub::new(&mut bench);
    assert_eq!(hub.deliver("meter.electricity", b"2").sw, OK);
    // All the host's channels can be open at once beside it.
    let open = Gp::ManageChannel(ManageChannel::Open).to_apdu();
    for number in 1..20 {
        assert_eq!(bench.send(&open).data, [number]);
    }
    // After a reset the host comes first; then the terminal has to wait, and says what the applet's selection said.
    bench.card.reset().unwrap();
    let on_two = Command::select(&aid(BENCH_APPLET)).on_channel(2);
    assert_eq!(bench.send(&on_two).sw, OK);
    let mut hub = Hub::new(&mut bench);
    assert_eq!(
        hub.deliver("meter.electricity", b"3").sw,
        StatusWord(0x6985)
    );
    // Deleting an applet that only the terminal has selected is nobody's loss.
    bench.card.reset().unwrap();
    let mut hub = Hub::new(&mut bench);
    assert_eq!(hub.deliver("meter.electricity", b"4").sw, OK);
    assert_eq!(bench.issuer().delete_related(BENCH), OK);
}

#[test]
fn outputs_wait_until_they_are_confirmed() {
    let mut bench = with_echo();
    let mut hub = Hub::new(&mut bench);
    for (correlation, port) in [(7, "issuer"), (7, "supplier"), (8, "issuer")] {
        hub.envelope(port, correlation, b"no script");
    }
    let first = hub.fetch(&[]).unwrap();
    assert_eq!((first.correlation, first.port.as_str()), (7, "issuer"));
    assert_eq!(hub.fetch(&[]).unwrap(), first);
    assert_eq!(hub.confirm(&first, 1).0 >> 8, 0x91, "later");
    assert_eq!(hub.fetch(&[]).unwrap(), first);
    // The other port does not wait for this one.
    let other = hub.fetch(&["issuer"]).unwrap();
    assert_eq!((other.correlation, other.port.as_str()), (7, "supplier"));
    assert_eq!(hub.fetch(&["issuer", "supplier"]), None);

    hub.0.power_cycle();
    let mut hub = Hub::new(&mut bench);
    assert_eq!(hub.confirm(&other, 0).0 >> 8, 0x91);
    assert_eq!(hub.fetch(&["issuer"]), None);
    assert_eq!(hub.fetch(&[]).unwrap(), first);
    assert_eq!(hub.confirm(&first, 0).0 >> 8, 0x91);
    // Confirmed before: nothing happens to the next.
    assert_eq!(hub.confirm(&first, 0).0 >> 8, 0x91);
    let last = hub.fetch(&[]).unwrap();
    assert_eq!(last.correlation, 8);
    assert_eq!(hub.confirm(&last, 0), OK);
    assert_eq!(hub.fetch(&[]), None);
}
