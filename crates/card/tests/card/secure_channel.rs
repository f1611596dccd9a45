//! SCP03 on security domains: who gets in, and what throws them out.

use hydra_gp::scp03::{HostSession, SecurityLevel};
use hydra_gp::{Command as Gp, Delete, GetStatus, PutKey, StatusScope};
use hydra_wire::{Command, StatusWord};

use crate::host::{Bench, OK, energy, isd, key_set};

const LIST: fn() -> Gp = || Gp::GetStatus(GetStatus::all(StatusScope::Applications));

#[test]
fn nothing_that_changes_or_tells_goes_without_a_session() {
    let mut bench = Bench::new();
    let before = bench.inventory();
    bench.card.reset().unwrap();
    let commands = [
        LIST(),
        Gp::Delete(Delete::object(&isd())),
        Gp::PutKey(PutKey::key_set(
            0,
            &key_set(0x31, 1),
            &bench.record.issuer_keys.dek,
        )),
    ];
    for command in commands {
        assert_eq!(
            bench.send(&command.to_apdu()).sw,
            StatusWord::SECURITY_STATUS_NOT_SATISFIED,
            "{command:?}"
        );
    }
    assert_eq!(bench.inventory(), before);
}

#[test]
fn a_session_needs_a_mac_and_the_rest_is_the_host_s_choice() {
    for (level, is_enough) in [
        (SecurityLevel::NONE, false),
        (SecurityLevel::C_MAC, true),
        (SecurityLevel::C_DECRYPTION, true),
        (SecurityLevel::C_MAC_R_MAC, true),
        (SecurityLevel::C_DECRYPTION_R_MAC, true),
        (SecurityLevel::FULL, true),
    ] {
        let mut bench = Bench::new();
        let keys = bench.record.issuer_keys.clone();
        assert_eq!(bench.select(&isd()), OK);
        let mut session = bench.authenticate(0, &keys, level);
        if is_enough {
            session.ok(&LIST());
        } else {
            session.refused(&LIST(), 0x6982);
        }
        assert_eq!(session.get_data(0x00D3).data, [0xD3, 1, level.byte()]);
    }
}

#[test]
fn a_wrong_cryptogram_is_refused_and_counted() {
    let mut bench = Bench::new();
    let counter = |bench: &mut Bench| bench.get_data(0x00C1).data;
    assert_eq!(counter(&mut bench), [0xC1, 3, 0, 0, 0]);

    let keys = bench.record.issuer_keys.clone();
    let (pending, command) = HostSession::open(&keys, &[1; 8]).unwrap();
    let answer = bench.send(&command);
    let (_, mut command) = pending.answer(&answer, SecurityLevel::FULL).unwrap();
    command.data[0] ^= 1;
    assert_eq!(
        bench.send(&command).sw,
        StatusWord::AUTHENTICATION_FAILED,
        "the cryptogram"
    );
    // The right one is too late: the challenge is used up.
    command.data[0] ^= 1;
    assert_eq!(
        bench.send(&command).sw,
        StatusWord::SECURITY_STATUS_NOT_SATISFIED
    );
    bench.power_cycle();
    assert_eq!(counter(&mut bench), [0xC1, 3, 0, 0, 1]);
    bench.issuer().ok(&LIST());
    assert_eq!(
        counter(&mut bench).last(),
        None,
        "the session protects GET DATA too"
    );
}

#[test]
fn the_counter_is_durable_before_the_cryptogram_is_compared() {
    let mut bench = Bench::new();
    let keys = bench.record.issuer_keys.clone();
    let (_, command) = HostSession::open(&keys, &[1; 8]).unwrap();
    let first = bench.send(&command);
    // The same host challenge after a power cut meets another card challenge.
    bench.power_cycle();
    let second = bench.send(&command);
    assert_eq!((first.sw, second.sw), (OK, OK));
    assert_ne!(first.data[13..21], second.data[13..21]);
    assert_eq!(second.data[29..], [0, 0, 2]);
}

#[test]
fn one_wrong_bit_ends_the_session() {
    let mut bench = Bench::new();
    let mut session = bench.issuer();
    let (mut wrapped, _) = session.host.wrap(&LIST().to_apdu()).unwrap();
    let last = wrapped.data.len() - 1;
    wrapped.data[last] ^= 0x80;
    assert_eq!(
        session.bench.send(&wrapped).sw,
        StatusWord::INCORRECT_SECURE_MESSAGING
    );
    wrapped.data[last] ^= 0x80;
    assert_eq!(
        session.bench.send(&wrapped).sw,
        StatusWord::SECURITY_STATUS_NOT_SATISFIED
    );
    // Only a new session helps.
    assert_eq!(session.bench.get_data(0x00C1).sw, StatusWord(0x6982));
    bench.issuer().ok(&LIST());
}

#[test]
fn a_plain_command_ends_the_session() {
    let mut bench = Bench::new();
    let mut session = bench.issuer();
    assert_eq!(session.bench.get_data(0x0066).sw, StatusWord(0x6982));
    session.refused(&LIST(), 0x6982);
}

#[test]
fn a_replayed_command_ends_the_session() {
    let mut bench = Bench::new();
    let mut session = bench.issuer();
    let (wrapped, _) = session.host.wrap(&LIST().to_apdu()).unwrap();
    assert_eq!(session.bench.send(&wrapped).sw, OK);
    assert_eq!(
        session.bench.send(&wrapped).sw,
        StatusWord::INCORRECT_SECURE_MESSAGING
    );
}

#[test]
fn selection_and_reset_end_the_session() {
    let mut bench = Bench::new();
    let mut session = bench.issuer();
    assert_eq!(session.bench.select(&isd()), OK);
    session.refused(&LIST(), 0x6982);
    let mut session = bench.issuer();
    session.bench.card.reset().unwrap();
    session.refused(&LIST(), 0x6982);
}

#[test]
fn sessions_on_two_channels_are_apart() {
    let mut bench = Bench::new();
    let keys = bench.record.issuer_keys.clone();
    let mut first = bench.issuer();
    first.ok(&LIST());
    let mut saved = first.host.clone();
    let mut second = bench.session_on(5, &isd(), &keys);
    second.ok(&LIST());
    let (wrapped, ticket) = saved.wrap(&LIST().to_apdu()).unwrap();
    let response = second.bench.send(&wrapped);
    assert_eq!(saved.unwrap(&ticket, &response).unwrap().sw, OK);
    second.ok(&LIST());
}

#[test]
fn a_domain_without_keys_uses_its_parents_until_it_has_its_own() {
    let mut bench = Bench::new();
    let issuer_keys = bench.record.issuer_keys.clone();
    let own = key_set(0x31, 1);
    bench.issuer().make_domain(&energy());

    let mut session = bench.session(&energy(), &issuer_keys);
    assert_eq!(session.get_data(0x00E0).data, [0xE0, 0]);
    session.put_keys(0, &own);
    // The session goes on under the keys that it was opened with.
    assert_eq!(session.get_data(0x00E0).data.len(), 2 + 3 * 6);

    // The issuer is out, the provider in, and it counts from one.
    assert_eq!(bench.select(&energy()), OK);
    let (_, command) = HostSession::open(&issuer_keys, &[1; 8]).unwrap();
    assert_eq!(bench.send(&command).sw, StatusWord::DATA_NOT_FOUND);
    let session = bench.session(&energy(), &own);
    assert_eq!(session.host.key_version(), 0x31);
    assert_eq!(bench.select(&energy()), OK);
    assert_eq!(bench.get_data(0x00C1).data, [0xC1, 3, 0, 0, 1]);
    let entry = bench
        .inventory()
        .into_iter()
        .find(|entry| entry.aid == energy())
        .unwrap();
    assert_eq!(entry.life_cycle, 0x0F, "PERSONALIZED");
}

#[test]
fn key_sets_are_replaced_and_deleted() {
    let mut bench = Bench::new();
    let first = bench.record.issuer_keys.clone();
    let (second, third) = (key_set(0x31, 2), key_set(0x31, 3));
    let mut session = bench.issuer();
    session.put_keys(0, &second);
    // Its version is taken.
    let again = PutKey::key_set(0, &third, session.host.dek());
    session.refused(&Gp::PutKey(again), 0x6A80);
    session.put_keys(0x31, &third);
    let gone = PutKey::key_set(0x32, &key_set(0x33, 1), session.host.dek());
    session.refused(&Gp::PutKey(gone), 0x6A88);

    assert_eq!(bench.select(&isd()), OK);
    let (pending, command) = HostSession::open(&second, &[1; 8]).unwrap();
    let answer = bench.send(&command);
    assert!(pending.answer(&answer, SecurityLevel::FULL).is_err());

    let mut session = bench.session(&isd(), &third);
    let delete = |version| {
        Gp::Delete(Delete::Key {
            id: None,
            version: Some(version),
        })
    };
    session.ok(&delete(0x30));
    session.refused(&delete(0x30), 0x6A88);
    // The last one stays.
    session.refused(&delete(0x31), 0x6985);
    bench.power_cycle();
    let (_, command) = HostSession::open(&first, &[1; 8]).unwrap();
    assert_eq!(bench.send(&command).sw, StatusWord::DATA_NOT_FOUND);
    bench.session(&isd(), &third).ok(&LIST());
}

#[test]
fn keys_that_do_not_check_are_not_put() {
    let mut bench = Bench::new();
    let mut session = bench.issuer();
    let before = session.get_data(0x00E0);
    let mut put = PutKey::key_set(0, &key_set(0x31, 1), session.host.dek());
    put.keys[1].check_value[0] ^= 1;
    session.refused(&Gp::PutKey(put), 0x9485);
    let under_another_key = PutKey::key_set(0, &key_set(0x31, 1), &key_set(0x30, 9).dek);
    session.refused(&Gp::PutKey(under_another_key), 0x9485);
    let mut two = PutKey::key_set(0, &key_set(0x31, 1), session.host.dek());
    two.keys.pop();
    session.refused(&Gp::PutKey(two), 0x6A80);
    let not_scp03 = PutKey::key_set(0, &key_set(0x21, 1), session.host.dek());
    session.refused(&Gp::PutKey(not_scp03), 0x6A80);
    assert_eq!(session.get_data(0x00E0), before);
}

#[test]
fn unknown_classes_and_instructions_have_their_status() {
    let mut bench = Bench::new();
    let status = |bench: &mut Bench, cla, ins| bench.send(&Command::new(cla, ins, 0, 0)).sw.0;
    assert_eq!(status(&mut bench, 0x80, 0x02), 0x6D00);
    assert_eq!(status(&mut bench, 0xFF, 0xCA), 0x6E00);
    assert_eq!(status(&mut bench, 0x90, 0xF2), 0x6E00);
    assert_eq!(status(&mut bench, 0x84, 0xF2), 0x6982);
    assert_eq!(status(&mut bench, 0x83, 0xF2), 0x6881);
    assert_eq!(bench.card.process(&[0x80]), [0x67, 0x00]);
    assert_eq!(
        bench.card.process(&[0x80, 0xCA, 0, 0x66, 5, 1]),
        [0x67, 0x00]
    );
}
