//! Content management: loading, installing, listing, deleting, and what errors leave behind.

use hydra_cap::CapFile;
use hydra_card::LoadVerification;
use hydra_crypto::{PublicKey, sha1, sha256};
use hydra_gp::load_file::load_commands;
use hydra_gp::{
    Command as Gp, GetStatus, Install, InstallApplication, InstallForLoad, Load, ManageChannel,
    Occurrence, Privileges, StatusEntry, StatusScope,
};
use hydra_message::Attestation;
use hydra_testkit::Dialogue;
use hydra_wire::{Command, StatusWord, tlv};

use crate::host::{Bench, OK, aid, cap, energy, health, isd, key_set, terminal, value};

const LIB: &str = "F04C41420001";
const SRV: &str = "F04C41420002";
const SRV_APPLET: &str = "F04C4142000201";
const APP: &str = "F04C41420003";
const APP_APPLET: &str = "F04C4142000301";
const BENCH: &str = "F04C414242454E43";
const BENCH_APPLET: &str = "F04C414242454E4301";

fn dialogue(name: &str) -> Dialogue {
    let path = format!(
        "{}/../../vectors/caps/{name}.dialogue",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

fn find(entries: &[StatusEntry], name: &str) -> Option<StatusEntry> {
    entries.iter().find(|entry| entry.aid == aid(name)).cloned()
}

#[test]
fn a_card_can_go_to_another_thread() {
    fn sendable<T: Send>(_: &T) {}
    sendable(&Bench::new().card);
}

#[test]
fn a_new_card_lists_what_is_resident() {
    let mut bench = Bench::new();
    let entries = bench.inventory();
    let names: Vec<String> = entries.iter().map(|entry| entry.aid.to_string()).collect();
    assert_eq!(
        names,
        ["A000000151000000", "F0485944520001", "A0000001515350"]
    );
    let issuer = &entries[0];
    assert_eq!(issuer.life_cycle, 0x0F, "the card is SECURED");
    let privileges = issuer.privileges.unwrap();
    assert!(privileges.contains(Privileges::SECURITY_DOMAIN | Privileges::AUTHORIZED_MANAGEMENT));
    assert_eq!(entries[2].modules, [aid("A000000151535041")]);
}

#[test]
fn the_protocols_name_what_is_resident() {
    let path = format!("{}/../../docs/protocols.md", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let table = text
        .split("\n## ")
        .find(|part| part.starts_with("1. "))
        .unwrap();
    for entry in Bench::new().inventory() {
        for name in entry.modules.iter().chain([&entry.aid]) {
            assert!(table.contains(&format!("`{name}`")), "{name}");
        }
    }
}

#[test]
fn loaded_programs_answer_as_they_were_observed() {
    let mut bench = Bench::new();
    let mut issuer = bench.issuer();
    issuer.load(LIB, &isd(), &cap("lablib"));
    issuer.load(SRV, &isd(), &cap("labsrv"));
    issuer.load(APP, &isd(), &cap("labapp"));
    issuer.install(SRV, SRV_APPLET, SRV_APPLET);
    issuer.install(APP, APP_APPLET, APP_APPLET);
    let card = &mut bench.card;
    let played = dialogue("app")
        .play(|command| card.process(command))
        .unwrap_or_else(|wrong| panic!("{}", wrong[0]));
    assert_eq!(played, 22);
}

#[test]
fn a_program_of_every_converter_loads_with_its_hash() {
    let mut bench = Bench::new();
    let block = cap("labsrv");
    let mut issuer = bench.issuer();
    issuer.load(LIB, &isd(), &cap("lablib"));
    for hash in [sha1(&block).to_vec(), sha256(&block).to_vec()] {
        let request = InstallForLoad {
            hash,
            ..InstallForLoad::new(&aid(SRV), &isd())
        };
        assert_eq!(issuer.try_load_with(request, &block), OK);
        assert_eq!(issuer.delete(SRV), OK);
    }
    let request = InstallForLoad {
        hash: sha256(b"another").to_vec(),
        ..InstallForLoad::new(&aid(SRV), &isd())
    };
    assert_eq!(
        issuer.try_load_with(request, &block),
        StatusWord::WRONG_DATA
    );
    assert_eq!(find(&issuer.inventory(), SRV), None);
}

#[test]
fn the_issuer_installs_into_a_providers_domain() {
    let mut bench = Bench::new();
    let mut issuer = bench.issuer();
    issuer.make_domain(&energy());
    issuer.load(LIB, &isd(), &cap("lablib"));
    issuer.load(SRV, &energy(), &cap("labsrv"));
    issuer.install(SRV, SRV_APPLET, SRV_APPLET);
    let entries = issuer.inventory();
    let applet = find(&entries, SRV_APPLET).unwrap();
    assert_eq!(applet.domain, Some(energy()));
    assert_eq!(applet.load_file, Some(aid(SRV)));
    assert_eq!(applet.life_cycle, 0x07);
    let file = find(&entries, SRV).unwrap();
    assert_eq!(file.domain, Some(energy()));
    assert_eq!(file.modules, [aid(SRV_APPLET)]);
    assert_eq!(file.version, Some((1, 0)));

    // The provider's domain sees its own and nothing else, and manages nothing.
    let keys = bench.record.issuer_keys.clone();
    let mut provider = bench.session(&energy(), &keys);
    let seen: Vec<_> = provider
        .list(StatusScope::Applications)
        .into_iter()
        .map(|entry| entry.aid)
        .collect();
    assert_eq!(seen, [aid(SRV_APPLET)]);
    provider.refused(
        &Gp::GetStatus(GetStatus::all(StatusScope::IssuerDomain)),
        0x6A86,
    );
    assert_eq!(provider.delete(SRV_APPLET), StatusWord(0x6985));
    assert_eq!(
        provider.try_load(&aid(APP), &energy(), &cap("labapp")),
        StatusWord(0x6985)
    );
}

#[test]
fn a_domains_attestation_verifies_under_the_manufacturing_record() {
    let mut bench = Bench::new();
    bench.issuer().make_domain(&energy());
    assert_eq!(bench.select(&energy()), OK);
    let attestation = value(&bench.get_data(0xDF20).data, 0xDF20);
    let attestation = Attestation::parse(&attestation).unwrap();
    let key = PublicKey::from_bytes(&bench.record.attestation_key).unwrap();
    attestation.sign1.verify(&key).unwrap();
    assert_eq!(attestation.subject.card_id, bench.record.card_id);
    assert_eq!(attestation.subject.domain, energy());
    assert_eq!(attestation.subject.code, None);

    assert_eq!(bench.select(&isd()), OK);
    assert_eq!(
        value(&bench.get_data(0xDF20).data, 0xDF20),
        bench.record.attestation_key
    );
    assert_eq!(
        value(&bench.get_data(0xDF21).data, 0xDF21),
        bench.record.card_id
    );
}

#[test]
fn a_domain_made_again_has_another_key() {
    let mut bench = Bench::new();
    let mut keys = Vec::new();
    for _ in 0..2 {
        bench.issuer().make_domain(&energy());
        assert_eq!(bench.select(&energy()), OK);
        let attestation = value(&bench.get_data(0xDF20).data, 0xDF20);
        keys.push(Attestation::parse(&attestation).unwrap().subject.point);
        assert_eq!(bench.issuer().delete(&energy().to_string()), OK);
    }
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn a_malformed_load_file_leaves_the_card_as_it_was() {
    let mut bench = Bench::new();
    let mut issuer = bench.issuer();
    issuer.load(LIB, &isd(), &cap("lablib"));
    let good = cap("labapp");
    let before = issuer.inventory();
    let mut refused = 0;
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x40;
        let sw = issuer.try_load(&aid(APP), &isd(), &bad);
        if sw == OK {
            // Not every bit is checked at load: constants and method bodies are the program's own.
            assert_eq!(issuer.delete(APP), OK, "offset {at}");
        } else {
            refused += 1;
            assert!(
                matches!(sw.0, 0x6A80 | 0x6438 | 0x6A84),
                "offset {at}: {sw}"
            );
        }
    }
    assert!(refused > good.len() / 4, "only {refused} were refused");
    for cut in [0, 1, good.len() / 2, good.len() - 1] {
        assert_eq!(
            issuer.try_load(&aid(APP), &isd(), &good[..cut]),
            StatusWord::WRONG_DATA,
            "cut at {cut}"
        );
    }
    assert_eq!(issuer.inventory(), before);
    issuer.load(APP, &isd(), &good);
}

#[test]
fn a_load_file_with_a_descriptor_is_verified() {
    let mut bench = Bench::new();
    let library = described("lablib");
    let good = described("labapp");
    // A program that stays a program for the linker: `sconst_1` in place of `aload_0` gives a short to a constructor.
    let file = CapFile::from_load_file(&good).expect("a load file");
    let constructor = file
        .descriptor()
        .expect("a Descriptor")
        .classes
        .iter()
        .flat_map(|class| &class.methods)
        .find(|method| method.is_constructor())
        .expect("a constructor");
    let code = file.method_info();
    let place = good
        .windows(code.len())
        .position(|window| window == code)
        .expect("the code");
    let at = place + usize::try_from(constructor.method).expect("an offset") + 2;
    assert_eq!(good[at], 0x18, "aload_0");
    let mut bad = good.clone();
    bad[at] = 0x04;

    let mut issuer = bench.issuer();
    issuer.load(LIB, &isd(), &library);
    let before = issuer.inventory();
    assert_eq!(
        issuer.try_load(&aid(APP), &isd(), &bad),
        StatusWord::WRONG_DATA
    );
    assert_eq!(issuer.inventory(), before);
    issuer.load(APP, &isd(), &good);
    assert_eq!(issuer.delete(APP), OK);

    // Without its Descriptor it is only linked, and so it is where the verification is off.
    let bare = CapFile::from_load_file(&bad)
        .expect("a load file")
        .to_load_file();
    assert_eq!(issuer.try_load(&aid(APP), &isd(), &bare), OK);
    assert_eq!(issuer.delete(APP), OK);
    bench.card.set_load_verification(LoadVerification::Off);
    assert_eq!(bench.issuer().try_load(&aid(APP), &isd(), &bad), OK);

    // What the library offers is known to the verifier after a power cycle too: its Descriptor was kept.
    assert_eq!(bench.issuer().delete(APP), OK);
    bench.power_cycle();
    let mut issuer = bench.issuer();
    let sw = issuer.try_load(&aid(APP), &isd(), &bad);
    assert_eq!(sw, StatusWord::WRONG_DATA);
    issuer.load(APP, &isd(), &good);
}

/// A load file data block with the Descriptor component.
fn described(name: &str) -> Vec<u8> {
    let bare = CapFile::from_load_file(&cap(name)).expect("a load file");
    let path = format!(
        "{}/../../vectors/caps/2.1-jc222/{name}.cap",
        env!("CARGO_MANIFEST_DIR")
    );
    let whole = CapFile::from_zip(&std::fs::read(&path).expect("a file")).expect("a CAP file");
    assert_eq!(bare.to_load_file(), whole.to_load_file());
    whole.to_load_file_with_descriptor()
}

#[test]
fn what_a_program_needs_must_be_there() {
    let mut bench = Bench::new();
    let mut issuer = bench.issuer();
    assert_eq!(
        issuer.try_load(&aid(SRV), &isd(), &cap("labsrv")),
        StatusWord::IMPORT_NOT_AVAILABLE
    );
    // The announced name is not the file's.
    assert_eq!(
        issuer.try_load(&aid(SRV), &isd(), &cap("lablib")),
        StatusWord::WRONG_DATA
    );
    // A domain that is none, names that are taken.
    assert_eq!(
        issuer.try_load(&aid(LIB), &energy(), &cap("lablib")),
        StatusWord::DATA_NOT_FOUND
    );
    assert_eq!(
        issuer.try_load(&terminal(), &isd(), &cap("lablib")),
        StatusWord(0x6985)
    );
    let framework = aid("A0000000620101");
    assert_eq!(
        issuer.try_load(&framework, &isd(), &cap("lablib")),
        StatusWord(0x6985)
    );
}

#[test]
fn a_load_that_does_not_end_never_was() {
    let mut bench = Bench::new();
    let block = cap("lablib");
    let before = bench.inventory();
    let request = Gp::Install(Install::Load(InstallForLoad::new(&aid(LIB), &isd())));
    let blocks = |size| load_commands(&block, size).unwrap();
    assert!(blocks(40).len() > 3);

    // Power fails.
    let mut issuer = bench.issuer();
    issuer.ok(&request);
    issuer.ok(&Gp::Load(blocks(40)[0].clone()));
    issuer.bench.power_cycle();
    let mut issuer = bench.issuer();
    issuer.refused(&Gp::Load(blocks(40)[1].clone()), 0x6985);

    // A block is left out; the load is given up.
    issuer.ok(&request);
    issuer.ok(&Gp::Load(blocks(40)[0].clone()));
    issuer.refused(&Gp::Load(blocks(40)[2].clone()), 0x6985);
    issuer.refused(&Gp::Load(blocks(40)[1].clone()), 0x6985);

    // Something else comes between.
    issuer.ok(&request);
    issuer.ok(&Gp::Load(blocks(40)[0].clone()));
    issuer.ok(&Gp::GetStatus(GetStatus::all(StatusScope::IssuerDomain)));
    issuer.refused(&Gp::Load(blocks(40)[1].clone()), 0x6985);

    // It is too long.
    issuer.ok(&request);
    let mut sw = OK;
    for block in 0..=255u8 {
        let load = Load {
            block,
            last: false,
            data: vec![0xC4; 223],
        };
        sw = issuer.send(&Gp::Load(load)).sw;
        if sw != OK {
            break;
        }
    }
    assert_eq!(sw, OK, "256 blocks fit");
    let more = Load {
        block: 0,
        last: true,
        data: vec![0],
    };
    issuer.refused(&Gp::Load(more), 0x6985);
    assert_eq!(issuer.inventory(), before);
    issuer.load(LIB, &isd(), &block);
}

#[test]
fn an_installation_that_fails_leaves_nothing() {
    let mut bench = Bench::new();
    let mut issuer = bench.issuer();
    issuer.load(BENCH, &isd(), &cap("bench"));
    let before = issuer.inventory();
    let status = |sw| StatusWord(sw);
    assert_eq!(
        issuer.try_install("F0000000000001", BENCH_APPLET, BENCH_APPLET),
        status(0x6A88)
    );
    assert_eq!(
        issuer.try_install(BENCH, "F0000000000001", BENCH_APPLET),
        status(0x6A88)
    );
    assert_eq!(
        issuer.try_install(BENCH, BENCH_APPLET, "A000000151000000"),
        status(0x6985)
    );
    assert_eq!(
        issuer.try_install(BENCH, BENCH_APPLET, BENCH),
        status(0x6985),
        "the load file's own name"
    );
    for privileges in [Privileges::CARD_RESET, Privileges::SECURITY_DOMAIN] {
        assert_eq!(
            issuer.try_install_with(BENCH, BENCH_APPLET, BENCH_APPLET, privileges),
            status(0x6A80)
        );
    }
    assert_eq!(
        issuer.try_install_with(
            "A0000001515350",
            "A000000151535041",
            "F0485944520102",
            Privileges::SECURITY_DOMAIN | Privileges::AUTHORIZED_MANAGEMENT
        ),
        status(0x6A80)
    );
    assert_eq!(issuer.inventory(), before);
    issuer.install(BENCH, BENCH_APPLET, BENCH_APPLET);
    assert_eq!(
        issuer.try_install(BENCH, BENCH_APPLET, BENCH_APPLET),
        status(0x6985)
    );
}

#[test]
fn an_installed_application_is_not_selectable_until_it_is_made_so() {
    let mut bench = Bench::new();
    let mut issuer = bench.issuer();
    issuer.load(BENCH, &isd(), &cap("bench"));
    let request = InstallApplication::new(
        &aid(BENCH),
        &aid(BENCH_APPLET),
        &aid(BENCH_APPLET),
        Privileges::NONE,
        &[],
    );
    issuer.ok(&Gp::Install(Install::Install(request)));
    assert_eq!(bench.select(&aid(BENCH_APPLET)), StatusWord::NOT_FOUND);
    let selectable = crate::host::Session::make_selectable(BENCH_APPLET);
    let mut issuer = bench.issuer();
    issuer.ok(&selectable);
    issuer.refused(&selectable, 0x6985);
    assert_eq!(bench.select(&aid(BENCH_APPLET)), OK);
}

#[test]
fn content_goes_in_order() {
    let mut bench = Bench::new();
    let mut issuer = bench.issuer();
    let in_use = StatusWord(0x6985);
    issuer.make_domain(&energy());
    issuer.load(LIB, &isd(), &cap("lablib"));
    issuer.load(SRV, &energy(), &cap("labsrv"));
    issuer.install(SRV, SRV_APPLET, SRV_APPLET);
    assert_eq!(issuer.delete(LIB), in_use, "imported");
    assert_eq!(issuer.delete_related(LIB), in_use, "imported");
    assert_eq!(issuer.delete(SRV), in_use, "has an applet");
    assert_eq!(issuer.delete(&energy().to_string()), in_use, "has content");
    assert_eq!(issuer.delete(&isd().to_string()), in_use);
    assert_eq!(issuer.delete(&terminal().to_string()), in_use);
    assert_eq!(issuer.delete("A0000001515350"), in_use);
    assert_eq!(issuer.delete("F0000000000001"), StatusWord::DATA_NOT_FOUND);

    // Selected on another channel.
    let open = Gp::ManageChannel(ManageChannel::OpenNumber(1)).to_apdu();
    assert_eq!(issuer.bench.send(&open).sw, OK);
    let select = Command::select(&aid(SRV_APPLET)).on_channel(1);
    assert_eq!(issuer.bench.send(&select).sw, OK);
    assert_eq!(issuer.delete(SRV_APPLET), in_use);
    assert_eq!(issuer.delete_related(SRV), in_use);
    let close = Gp::ManageChannel(ManageChannel::Close(1)).to_apdu();
    assert_eq!(issuer.bench.send(&close).sw, OK);

    assert_eq!(issuer.delete(SRV_APPLET), OK);
    issuer.install(SRV, SRV_APPLET, SRV_APPLET);
    assert_eq!(issuer.delete_related(SRV), OK);
    assert_eq!(issuer.delete(LIB), OK);
    assert_eq!(issuer.delete(&energy().to_string()), OK);
    assert_eq!(issuer.inventory().len(), 3);
    assert_eq!(bench.select(&aid(SRV_APPLET)), StatusWord::NOT_FOUND);
}

#[test]
fn the_registry_and_the_applets_survive_power() {
    let mut bench = Bench::new();
    let mut issuer = bench.issuer();
    issuer.make_domain(&energy());
    issuer.make_domain(&health());
    issuer.load(BENCH, &health(), &cap("bench"));
    issuer.install(BENCH, BENCH_APPLET, BENCH_APPLET);
    let before = issuer.inventory();
    assert_eq!(bench.select(&aid(BENCH_APPLET)), OK);
    // A static field and an array element of the applet's.
    let store = Command::new(0x80, 0x0B, 0, 5).with_le(256);
    assert_eq!(bench.send(&store).data, [0, 4]);
    bench.power_cycle();
    assert_eq!(bench.inventory(), before);
    assert_eq!(bench.select(&aid(BENCH_APPLET)), OK);
    let echo = Command::new(0x80, 0x01, 0, 0)
        .with_data(b"still here")
        .with_le(256);
    assert_eq!(bench.send(&echo).data, b"still here");
}

#[test]
fn get_status_goes_on_where_it_stopped() {
    let mut bench = Bench::new();
    let mut issuer = bench.issuer();
    let names: Vec<_> = (0..20u8)
        .map(|n| aid(&format!("F04859445201{n:02X}{}", "00".repeat(9))))
        .collect();
    for name in &names {
        issuer.make_domain(name);
    }
    let listed: Vec<_> = issuer
        .list(StatusScope::Applications)
        .into_iter()
        .map(|entry| entry.aid)
        .collect();
    assert_eq!(listed.len(), 21, "and the terminal");
    assert_eq!(listed[1..], names);

    let mut question = GetStatus::all(StatusScope::Applications);
    question.name = names[7].as_bytes().to_vec();
    let one = issuer.ok(&Gp::GetStatus(question.clone()));
    assert_eq!(StatusEntry::read_all(&one).unwrap().len(), 1);
    question.occurrence = Occurrence::Next;
    issuer.refused(&Gp::GetStatus(question.clone()), 0x6985);
    question.occurrence = Occurrence::First;
    question.name = b"\xF0nobody".to_vec();
    issuer.refused(&Gp::GetStatus(question), 0x6A88);
}

#[test]
fn objects_are_stored_all_or_none() {
    let mut bench = Bench::new();
    let mut issuer = bench.issuer();
    issuer.make_domain(&energy());
    let certificate = |byte: u8| {
        let der = tlv::object(0x30, &[byte; 400]);
        tlv::object(0x7F21, &der)
    };
    let mut chain = certificate(1);
    chain.extend(certificate(2));
    issuer.store(&chain);
    let stored = issuer.get_data(0xBF21);
    assert_eq!(value(&stored.data, 0xBF21), chain);

    // The second object is refused, so the first is not stored.
    let mut mixed = tlv::object(0x42, b"\x12\x34");
    mixed.extend(tlv::object(0xE3, b"not the ISD's"));
    assert_eq!(issuer.try_store(&mixed), StatusWord::WRONG_DATA);
    assert_eq!(issuer.get_data(0x0042).sw, StatusWord::DATA_NOT_FOUND);
    assert_eq!(
        issuer.try_store(&tlv::object(0x7F21, b"no certificate")),
        StatusWord::WRONG_DATA
    );
    assert_eq!(value(&issuer.get_data(0xBF21).data, 0xBF21), chain);
    issuer.store(&tlv::object(0x42, b"\x12\x34"));
    assert_eq!(issuer.get_data(0x0042).data, [0x42, 2, 0x12, 0x34]);

    // Without Le for all of it, the rest comes with GET RESPONSE.
    bench.power_cycle();
    let first = bench.send(&Command::new(0x80, 0xCA, 0xBF, 0x21).with_le(256));
    assert_eq!((first.data.len(), first.sw.0 >> 8), (256, 0x61));
    let mut whole = first.data;
    let mut sw = first.sw;
    while sw.0 >> 8 == 0x61 {
        let next = bench.send(&Command::new(0x00, 0xC0, 0, 0).with_le(256));
        whole.extend(next.data);
        sw = next.sw;
    }
    assert_eq!(sw, OK);
    assert_eq!(value(&whole, 0xBF21), chain);
    assert_eq!(
        bench
            .send(&Command::new(0x00, 0xC0, 0, 0).with_le(256))
            .sw
            .0,
        0x6D00,
        "nothing is left"
    );
}

#[test]
fn blocks_of_store_data_come_in_order() {
    let mut bench = Bench::new();
    let mut issuer = bench.issuer();
    let block = |number, last, data: &[u8]| {
        Gp::StoreData(hydra_gp::StoreData {
            block: number,
            last,
            ..hydra_gp::StoreData::single(hydra_gp::DataFormat::BerTlv, data)
        })
    };
    issuer.refused(&block(1, true, &[0x42, 1, 7]), 0x6985);
    issuer.ok(&block(0, false, &[0x42]));
    issuer.ok(&block(1, true, &[1, 7]));
    assert_eq!(issuer.get_data(0x0042).data, [0x42, 1, 7]);
    issuer.ok(&block(0, false, &[0x42]));
    issuer.refused(&block(2, true, &[1, 8]), 0x6985);
    issuer.refused(&block(1, true, &[1, 8]), 0x6985);
    assert_eq!(issuer.get_data(0x0042).data, [0x42, 1, 7]);
}

#[test]
fn personalisation_is_for_applications_of_the_domain_that_want_it() {
    let mut bench = Bench::new();
    let mut issuer = bench.issuer();
    issuer.make_domain(&energy());
    issuer.load(BENCH, &energy(), &cap("bench"));
    issuer.install(BENCH, BENCH_APPLET, BENCH_APPLET);
    let personalize = |name| Gp::Install(Install::Personalization(aid(name)));
    issuer.refused(&personalize(BENCH_APPLET), 0x6985);
    issuer.refused(&personalize("F0000000000001"), 0x6A88);
    let keys = key_set(0x31, 1);
    let issuer_keys = issuer.bench.record.issuer_keys.clone();
    bench.session(&energy(), &issuer_keys).put_keys(0, &keys);
    let mut provider = bench.session(&energy(), &keys);
    provider.ok(&personalize(BENCH_APPLET));
    // This applet implements neither of GlobalPlatform's interfaces for it.
    let data = hydra_gp::StoreData::single(hydra_gp::DataFormat::Dgi, &[0x80, 1, 0]);
    provider.refused(&Gp::StoreData(data), 0x6985);
}

#[test]
fn channels_are_opened_used_and_closed() {
    let mut bench = Bench::new();
    let mut issuer = bench.issuer();
    issuer.load(BENCH, &isd(), &cap("bench"));
    issuer.install(BENCH, BENCH_APPLET, BENCH_APPLET);
    let open = Gp::ManageChannel(ManageChannel::Open).to_apdu();
    let close = |n| Gp::ManageChannel(ManageChannel::Close(n)).to_apdu();
    for number in 1..20 {
        assert_eq!(bench.send(&open).data, [number]);
    }
    assert_eq!(bench.send(&open).sw, StatusWord::CHANNEL_NOT_SUPPORTED);
    assert_eq!(bench.send(&close(7)).sw, OK);
    assert_eq!(bench.send(&close(7)).sw, StatusWord::CHANNEL_ALREADY_CLOSED);
    assert_eq!(bench.send(&open).data, [7]);

    // The applet is not multiselectable: it can be on one channel at a time.
    let echo = |channel| {
        Command::new(0x80, 0x01, 0, 0)
            .with_data(b"x")
            .with_le(256)
            .on_channel(channel)
    };
    let select = |channel| {
        Command::select(&aid(BENCH_APPLET))
            .with_le(256)
            .on_channel(channel)
    };
    assert_eq!(bench.send(&select(2)).sw, OK);
    assert_eq!(bench.send(&select(19)).sw, StatusWord(0x6985));
    // What was selected there still is.
    let card_data = Command::new(0x80, 0xCA, 0, 0x66)
        .with_le(256)
        .on_channel(19);
    assert_eq!(bench.send(&card_data).sw, OK);
    assert_eq!(bench.send(&close(2)).sw, OK);
    assert_eq!(bench.send(&select(19)).sw, OK);
    assert_eq!(
        bench.send(&echo(2)).sw,
        StatusWord::CHANNEL_NOT_SUPPORTED,
        "closed"
    );
    // SELECT on a channel that is closed opens it.
    assert_eq!(bench.send(&close(19)).sw, OK);
    assert_eq!(bench.send(&select(2)).sw, OK);
    bench.card.reset().unwrap();
    assert_eq!(bench.send(&echo(2)).sw, StatusWord::CHANNEL_NOT_SUPPORTED);
}

#[test]
fn selection_by_the_beginning_of_a_name_finds_all() {
    let mut bench = Bench::new();
    let mut issuer = bench.issuer();
    let names = ["F04859445201020304", "F048594452010203", "F0485944520102"];
    for name in names {
        issuer.make_domain(&aid(name));
    }
    let select = |bench: &mut Bench, name: &[u8], p2| {
        let command = Command::new(0x00, 0xA4, 0x04, p2)
            .with_data(name)
            .with_le(256);
        let response = bench.send(&command);
        (response.sw == OK).then(|| {
            let fci = value(&response.data, 0x6F);
            hydra_wire::hex::encode(&value(&fci, 0x84))
        })
    };
    let prefix = [0xF0, 0x48, 0x59, 0x44, 0x52, 0x01];
    let mut found = vec![select(&mut bench, &prefix, 0x00).unwrap()];
    while let Some(next) = select(&mut bench, &prefix, 0x02) {
        found.push(next);
    }
    assert_eq!(found, names);
    // Without file control information, and not found all the same.
    for (name, p2, answer) in [
        (aid(names[2]), 0x0C, "9000"),
        (aid("F0000000000001"), 0x0C, "6A82"),
        (aid(names[2]), 0x10, "6A86"),
    ] {
        let command = Command::new(0x00, 0xA4, 0x04, p2).with_data(name.as_bytes());
        let answered = bench.card.process(&command.to_bytes());
        assert_eq!(hydra_wire::hex::encode(&answered), answer);
    }
    // The whole name goes before one that only begins with it.
    let exact = select(&mut bench, aid(names[2]).as_bytes(), 0x00);
    assert_eq!(exact.as_deref(), Some(names[2]));
    assert_eq!(bench.select(&aid("F0000000000001")), StatusWord::NOT_FOUND);
    // A failed SELECT leaves what was selected.
    assert_eq!(bench.get_data(0xDF21).sw, StatusWord::DATA_NOT_FOUND);
    assert_eq!(
        select(&mut bench, &[], 0x00).as_deref(),
        Some("A000000151000000")
    );
    assert_eq!(bench.get_data(0xDF21).sw, OK);
}
