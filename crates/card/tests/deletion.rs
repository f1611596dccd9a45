//! What must be there for a package to come, and what must be gone before an applet or a package can go
//! (JCVM 3.0.5 §4.5, JCRE 3.0.5 §11.3), command by command.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use hydra_cap::{CapFile, ComponentTag};
use hydra_gp::StatusScope;
use hydra_testkit::{Issued, cap, status};
use hydra_wire::{Aid, Command, Response, StatusWord};

const SHELF: &str = "F048594452F002";
const LODGER: &str = "F048594452F003";
const FIRST: &str = "F048594452F00301";
const SECOND: &str = "F048594452F00302";
const TENANT: &str = "F048594452F004";
const OTHER: &str = "F048594452F00401";

const IN_USE: StatusWord = StatusWord::CONDITIONS_NOT_SATISFIED;
const OK: StatusWord = StatusWord::NO_ERROR;

fn aid(text: &str) -> Aid {
    text.parse().unwrap()
}

/// A card with the library and the two packages, and three applets.
fn house() -> Issued {
    let mut issued = Issued::new("deletion").unwrap();
    for (file, package, applets) in [
        ("shelf", SHELF, &[][..]),
        ("lodger", LODGER, &[FIRST, SECOND]),
        ("tenant", TENANT, &[OTHER]),
    ] {
        issued
            .load(&cap(&format!("runtime/{file}/{file}")).unwrap())
            .unwrap();
        for applet in applets {
            let applet = aid(applet);
            issued
                .install(&aid(package), &applet, &applet, &[])
                .unwrap();
        }
    }
    issued
}

/// Asks an applet, and selects the issuer's domain afterwards.
fn ask(issued: &mut Issued, applet: &str, ins: u8, p1: u8, data: &[u8]) -> Response {
    assert!(issued.select(&aid(applet)).sw.is_success(), "{applet}");
    let command = Command::new(0x80, ins, p1, 0).with_data(data).with_le(256);
    let answer = issued.send(&command);
    issued.select(&aid("A000000151000000"));
    answer
}

fn delete(issued: &mut Issued, object: &str) -> StatusWord {
    status(issued.delete(&aid(object))).unwrap()
}

fn delete_with_related(issued: &mut Issued, object: &str) -> StatusWord {
    status(issued.session(|client| client.delete_related(&aid(object)))).unwrap()
}

/// Whether everything of the house is still there and answers.
fn stands(issued: &mut Issued) -> bool {
    [FIRST, SECOND, OTHER]
        .into_iter()
        .all(|applet| ask(issued, applet, 0x19, 0, &[]).sw == OK)
}

#[test]
fn an_applet_goes_when_nobody_refers_to_it() {
    // How a reference to the first applet's objects comes about, and goes.
    let cases: [(&str, [&str; 2], u8, u8); 4] = [
        (
            "a field of another applet of its package",
            [SECOND, FIRST],
            0x04,
            0x03,
        ),
        (
            "a field of an applet of another package",
            [OTHER, FIRST],
            0x04,
            0x03,
        ),
        ("a static field of another package", [FIRST, ""], 0x01, 0x01),
        ("a static field of its own package", [FIRST, ""], 0x02, 0x02),
    ];
    for (case, [holder, held], take, drop) in cases {
        let mut issued = house();
        let data = match held {
            "" => vec![],
            held => aid(held).as_bytes().to_vec(),
        };
        assert_eq!(ask(&mut issued, holder, take, 1, &data).sw, OK, "{case}");
        assert_eq!(delete(&mut issued, FIRST), IN_USE, "{case}");
        assert!(stands(&mut issued), "{case}");
        issued.power_cycle().unwrap();
        assert_eq!(delete(&mut issued, FIRST), IN_USE, "{case}");
        assert_eq!(ask(&mut issued, holder, drop, 0, &[]).sw, OK, "{case}");
        assert_eq!(delete(&mut issued, FIRST), OK, "{case}");
        assert_eq!(issued.select(&aid(FIRST)).sw, StatusWord::NOT_FOUND);
        issued.power_cycle().unwrap();
        assert_eq!(issued.select(&aid(FIRST)).sw, StatusWord::NOT_FOUND);
        // Its AID is free again.
        issued
            .install(&aid(LODGER), &aid(FIRST), &aid(FIRST), &[])
            .unwrap();
        assert!(stands(&mut issued), "{case}");
    }
}

#[test]
fn what_an_applet_refers_to_does_not_keep_it() {
    let mut issued = house();
    for held in [SECOND, OTHER] {
        let data = aid(held).as_bytes().to_vec();
        assert_eq!(ask(&mut issued, FIRST, 0x04, 0, &data).data, [1]);
    }
    assert_eq!(delete(&mut issued, OTHER), IN_USE);
    assert_eq!(delete(&mut issued, FIRST), OK);
    assert_eq!(delete(&mut issued, OTHER), OK);
    assert_eq!(delete(&mut issued, SECOND), OK);
}

#[test]
fn an_applet_that_is_selected_on_another_channel_stays() {
    let mut issued = house();
    let opened = issued.send(&Command::new(0x00, 0x70, 0, 0).with_le(1));
    assert_eq!(opened.data, [1]);
    let select = Command::select(&aid(FIRST)).on_channel(1);
    assert!(issued.send(&select).sw.is_success());
    assert_eq!(delete(&mut issued, FIRST), IN_USE);
    assert_eq!(delete_with_related(&mut issued, LODGER), IN_USE);
    assert!(
        issued
            .send(&Command::new(0x00, 0x70, 0x80, 1))
            .sw
            .is_success()
    );
    assert!(stands(&mut issued));
    assert_eq!(delete(&mut issued, FIRST), OK);
}

#[test]
fn a_package_goes_when_nothing_depends_on_it() {
    let mut issued = house();
    assert_eq!(delete(&mut issued, LODGER), IN_USE, "it has applets");
    assert_eq!(delete(&mut issued, SHELF), IN_USE, "others import it");
    assert_eq!(delete_with_related(&mut issued, SHELF), IN_USE);
    assert!(stands(&mut issued));
    for applet in [FIRST, SECOND] {
        assert_eq!(delete(&mut issued, applet), OK);
    }
    assert_eq!(delete(&mut issued, LODGER), OK);
    assert_eq!(delete(&mut issued, SHELF), IN_USE);
    assert_eq!(delete_with_related(&mut issued, TENANT), OK);
    assert_eq!(delete(&mut issued, SHELF), OK);
    issued.power_cycle().unwrap();
    assert_eq!(delete(&mut issued, SHELF), StatusWord::DATA_NOT_FOUND);
    issued.load(&cap("runtime/shelf/shelf").unwrap()).unwrap();
}

#[test]
fn a_package_and_its_applets_go_together_or_not_at_all() {
    let outside: [(&str, &str, u8, u8); 2] = [
        ("an applet of another package", OTHER, 0x04, 0x03),
        ("a static field of another package", SECOND, 0x01, 0x01),
    ];
    for (case, holder, take, drop) in outside {
        let mut issued = house();
        // What they refer to among themselves, and from their package's static fields, is no hindrance.
        for (holder, held) in [(FIRST, SECOND), (SECOND, FIRST)] {
            let data = aid(held).as_bytes().to_vec();
            assert_eq!(ask(&mut issued, holder, 0x04, 0, &data).data, [1]);
            assert_eq!(delete(&mut issued, held), IN_USE);
        }
        assert_eq!(ask(&mut issued, FIRST, 0x02, 1, &[]).sw, OK);
        let data = aid(SECOND).as_bytes().to_vec();
        assert_eq!(ask(&mut issued, holder, take, 3, &data).sw, OK);
        for _ in 0..2 {
            assert_eq!(delete_with_related(&mut issued, LODGER), IN_USE, "{case}");
            assert!(stands(&mut issued), "{case}");
            assert_eq!(ask(&mut issued, FIRST, 0x05, 0, &[]).data, [0, 7]);
            issued.power_cycle().unwrap();
        }
        assert_eq!(ask(&mut issued, holder, drop, 0, &[]).sw, OK, "{case}");
        assert_eq!(delete_with_related(&mut issued, LODGER), OK, "{case}");
        for power in [false, true] {
            if power {
                issued.power_cycle().unwrap();
            }
            for applet in [FIRST, SECOND] {
                assert_eq!(issued.select(&aid(applet)).sw, StatusWord::NOT_FOUND);
            }
            let files = issued.session(|client| client.list(StatusScope::LoadFiles));
            assert!(files.unwrap().iter().all(|entry| entry.aid != aid(LODGER)));
        }
        assert_eq!(ask(&mut issued, OTHER, 0x19, 0, &[]).sw, OK);
    }
}

/// The file with one component's bytes changed.
fn changed(cap: &CapFile, component: ComponentTag, change: impl Fn(&mut [u8])) -> CapFile {
    let mut raw: Vec<_> = cap
        .components()
        .map(|(tag, bytes)| (tag, bytes.to_vec()))
        .collect();
    let (_, bytes) = raw.iter_mut().find(|(tag, _)| *tag == component).unwrap();
    change(bytes);
    CapFile::from_components(raw).unwrap()
}

#[test]
fn an_import_needs_the_same_major_version_and_no_lower_minor_one() {
    let missing = StatusWord::IMPORT_NOT_AVAILABLE;
    let cases = [
        ([1, 0], [1, 0], OK),
        ([1, 1], [1, 0], OK),
        ([1, 7], [1, 7], OK),
        ([1, 0], [1, 1], missing),
        ([2, 0], [1, 0], missing),
        ([2, 1], [1, 0], missing),
        ([1, 9], [2, 0], missing),
    ];
    for (there, wanted, expected) in cases {
        let mut issued = Issued::new("imports").unwrap();
        // Minor comes before major in the file.
        let set = |bytes: &mut [u8], at: usize, version: [u8; 2]| {
            bytes[at..at + 2].copy_from_slice(&[version[1], version[0]]);
        };
        let shelf = cap("runtime/shelf/shelf").unwrap();
        let library = changed(&shelf, ComponentTag::Header, |bytes| set(bytes, 7, there));
        assert_eq!(status(issued.load(&library)).unwrap(), OK);
        let tenant = changed(
            &cap("runtime/tenant/tenant").unwrap(),
            ComponentTag::Import,
            |bytes| {
                let name = aid(SHELF);
                let at = bytes
                    .windows(name.as_bytes().len())
                    .position(|window| window == name.as_bytes());
                set(bytes, at.unwrap() - 3, wanted);
            },
        );
        assert_eq!(
            status(issued.load(&tenant)).unwrap(),
            expected,
            "{there:?} {wanted:?}"
        );
    }
    let mut issued = Issued::new("imports").unwrap();
    assert_eq!(
        status(issued.load(&cap("runtime/tenant/tenant").unwrap())).unwrap(),
        missing
    );
}

#[test]
fn the_packages_of_one_file_come_and_go_together() {
    let mut issued = Issued::new("extended").unwrap();
    let (file, library, module) = ("F04C414200DD", "F04C414200D1", "F04C414200D201");
    issued
        .load(&cap("caps/2.3-extended/pq-2pkg").unwrap())
        .unwrap();
    let files = issued.session(|client| client.list(StatusScope::LoadFilesAndModules));
    let files = files.unwrap();
    let entry = files.iter().find(|entry| entry.aid == aid(file)).unwrap();
    assert_eq!(entry.modules, [aid(module)]);
    assert!(files.iter().all(|entry| entry.aid != aid(library)));

    // Its public package is there for others, and its AID taken.
    let named = |name: &str, cap: &CapFile| {
        let name = aid(name);
        changed(cap, ComponentTag::Header, |bytes| {
            // The length of the package's name comes last.
            let end = bytes.len() - 1;
            bytes[end - name.as_bytes().len()..end].copy_from_slice(name.as_bytes());
        })
    };
    let user = cap("caps/2.3-compact/pquser").unwrap();
    assert_eq!(status(issued.load(&named(library, &user))).unwrap(), IN_USE);
    let applet = issued.add(&user).unwrap().unwrap();
    issued.power_cycle().unwrap();
    assert!(issued.select(&applet).sw.is_success());
    let mut call = |p2| {
        let command = Command::new(0x80, 0x01, 0, p2).with_le(256);
        issued.send(&command).data
    };
    // A package-visible method of the library is not overridden from here: 11 + 0 + 5, and 11 * 100 + 12.
    assert_eq!(call(0), 16_u16.to_be_bytes());
    assert_eq!(call(1), 1112_u16.to_be_bytes());
    assert_eq!(delete(&mut issued, file), IN_USE);
    assert_eq!(delete(&mut issued, library), StatusWord::DATA_NOT_FOUND);
    assert_eq!(delete_with_related(&mut issued, "F04C414200D3"), OK);

    let applet = aid(module);
    issued.install(&aid(file), &applet, &applet, &[]).unwrap();
    assert_eq!(delete(&mut issued, file), IN_USE);
    assert_eq!(delete_with_related(&mut issued, file), OK);
    issued
        .load(&cap("caps/2.3-extended/pq-2pkg").unwrap())
        .unwrap();
}
