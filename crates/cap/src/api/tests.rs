use super::*;

#[test]
fn tokens_and_numbers_agree() {
    for (i, m) in methods().iter().enumerate() {
        assert_eq!(usize::from(m.id.0), i);
        assert!(m.class.get().methods().iter().any(|x| x.id == m.id));
    }
    for (i, c) in classes().iter().enumerate() {
        assert_eq!(usize::from(c.id.0), i);
        assert_eq!(class(c.name).map(|x| x.id), Some(c.id));
        assert_eq!(c.package().class(c.token).map(|x| x.id), Some(c.id));
    }
}

#[test]
fn inherited_rows_lead_to_their_origin() {
    let iso = class("javacard/framework/ISOException").unwrap();
    let reason = iso.by_token(Space::Virtual, 1).unwrap();
    assert_eq!(
        (reason.name, reason.class.get().name),
        ("getReason", "javacard/framework/CardRuntimeException")
    );
    let aid = class("javacard/framework/AID").unwrap();
    let equals = aid.by_token(Space::Virtual, 0).unwrap();
    assert_eq!(equals.class, aid.id, "AID overrides equals");
    let key = class("javacard/security/AESKey").unwrap();
    let token = key.token_of("getSize", "()S").unwrap();
    let size = key.by_token(Space::Interface, token).unwrap();
    assert_eq!(size.class.get().name, "javacard/security/Key");
}

#[test]
fn a_token_means_what_its_class_says() {
    let digest = class("javacard/security/MessageDigest").unwrap();
    let initialized = class("javacard/security/InitializedMessageDigest").unwrap();
    let name = "doIntermediateMessageDigest";
    assert_eq!(digest.token_of(name, "([BS)S"), Some(6));
    assert_eq!(initialized.token_of(name, "([BS)S"), Some(7));
    assert_eq!(initialized.slots[7].super_token, Some(6));
    assert_eq!(initialized.slots[6].super_token, None);
    assert_eq!(
        (digest.cap22_inheritable, initialized.cap22_inheritable),
        (6, 7)
    );
}

#[test]
fn the_applet_class_never_grew() {
    let applet = class("javacard/framework/Applet").unwrap();
    assert_eq!(applet.slots.len(), 8);
    assert!(applet.slots.iter().all(|s| s.since == (1, 0)));
}

#[test]
fn generations_name_known_packages() {
    let g = generation("3.0.5").unwrap();
    assert!(g.packages.contains(&("javacard/framework", 1, 6)));
    for g in GENERATIONS {
        for (name, major, minor) in g.packages {
            assert!(package(name).unwrap().versions.contains(&(*major, *minor)));
        }
    }
}

#[test]
fn the_outbox_is_part_of_the_table() {
    let send = method("hydra/platform/Outbox", "send", "(BB[BSS)S").unwrap();
    assert_eq!((send.token, send.space), (0, Space::Static));
    assert_eq!(send.throws, ["javacard/framework/ISOException"]);
}
