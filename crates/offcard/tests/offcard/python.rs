//! What peers from PyPI and OpenSSL say.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hydra_message::Observed;
use hydra_offcard::protocol;
use hydra_offcard::telecare::Telecare;
use hydra_offcard::wan::Party;
use hydra_wire::hex;
use serde_json::{Value, json};

use crate::pen::{
    FROM, HUB, NOW, Pen, authority, config, half_hours, householder_point, key, statement,
};

fn python(program: &str, input: &Value) -> Result<Value, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let interpreter = std::env::var_os("HYDRA_PYTHON")
        .map_or_else(|| root.join(".venv/bin/python"), PathBuf::from);
    let mut child = Command::new(&interpreter)
        .arg(root.join("tests/python").join(program))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "{}: {error}; make a virtual environment with tests/python/requirements.txt at .venv, or name one in HYDRA_PYTHON",
                interpreter.display()
            )
        });
    let mut stdin = child.stdin.take().unwrap();
    stdin
        .write_all(&serde_json::to_vec(input).unwrap())
        .unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn cose_case(sealed: &[u8], name: &str, root: &[u8]) -> Value {
    json!({
        "sealed": hex::encode(sealed),
        "name": name,
        "key": hex::encode(&*key(name).to_bytes()),
        "root": hex::encode(root),
    })
}

/// pycose opens and verifies a statement and its copy, `openssl verify` checks the chains of domain and attestation key.
#[test]
fn a_cose_library_and_openssl_accept_a_statement() {
    let mut pen = Pen::electricity();
    let (_, message, copy) = pen.bill(FROM, 2);
    let (expected, detail) = statement(FROM, 2, &half_hours(FROM, 2));
    for (written, name) in [
        (&message, protocol::SUPPLIER),
        (&copy, protocol::HOUSEHOLDER),
    ] {
        let case = cose_case(&written.sealed, name, authority().root());
        let read = python("cose_peer.py", &case).unwrap();
        assert_eq!(read["signed"], hex::encode(&written.signed).to_lowercase());
        let payload = &read["payload"];
        assert_eq!(payload["1"], pen.domain.to_string().to_lowercase());
        assert_eq!(payload["4"], name);
        assert_eq!(payload["5"], 1);
        assert_eq!(payload["7"], Value::Null);
        assert_eq!(payload["9"]["1"], FROM);
        assert_eq!(payload["9"]["5"], expected.total_pence);
        assert_eq!(payload["10"].as_array().unwrap().len(), 8);
        assert_eq!(read["attested"]["5"], "c0".repeat(32));
        assert_eq!(
            read["subjects"],
            json!([
                "CN=domain:F0485944520102@C4AD000000000001",
                "CN=attestation:C4AD000000000001"
            ])
        );
        let disclosures = payload.get("11");
        if name == protocol::SUPPLIER {
            assert_eq!(disclosures, None);
        } else {
            let opening = &disclosures.unwrap()[0];
            assert_eq!(
                (&opening[1], &opening[2]),
                (&json!(20), &json!(detail.opening_wh))
            );
        }
    }
}

#[test]
fn the_peers_refuse_what_they_should() {
    let mut pen = Pen::electricity();
    let (_, message, _) = pen.bill(FROM, 1);
    let mut changed = message.sealed.clone();
    changed[200] ^= 1;
    let root = authority().root().to_vec();
    assert!(python("cose_peer.py", &cose_case(&changed, "supplier", &root)).is_err());

    let other = hydra_offcard::ca::CertificationAuthority::new("Hydra test issuer", key("other"));
    let case = cose_case(&message.sealed, "supplier", other.unwrap().root());
    let said = python("cose_peer.py", &case).unwrap_err();
    assert!(said.contains("openssl verify"), "{said}");
}

/// fhir.resources validates the resources; codes and units, which it does not check, are asserted one by one.
#[test]
fn the_observations_are_fhir_and_say_the_right_codes() {
    let mut pen = Pen::telehealth();
    let mut telecare = Telecare::open(None, config("telecare")).unwrap();
    telecare.enrol(pen.handover()).unwrap();
    telecare
        .care_for(HUB, &householder_point(), "p-17")
        .unwrap();
    let pressure = Observed::BloodPressure {
        systolic: 128,
        diastolic: 81,
        pulse: 66,
    };
    for (id, observed) in [
        (1, pressure),
        (2, Observed::Weight { grams: 72_345 }),
        (3, Observed::Weight { grams: 80_000 }),
    ] {
        let (message, _) = pen.measure(id, observed);
        telecare.deliver(NOW, HUB, &message.frame()).unwrap();
    }
    let resources = serde_json::to_value(telecare.observations(HUB)).unwrap();
    let checked = python("fhir_check.py", &resources).unwrap();
    assert_eq!(checked, json!({"valid": 4}));

    let [panel, pulse, weight, whole] = resources.as_array().unwrap().as_slice() else {
        panic!("{resources}");
    };
    let loinc = |of: &Value| {
        let coding = &of["code"]["coding"];
        assert_eq!(coding.as_array().unwrap().len(), 1);
        assert_eq!(coding[0]["system"], "http://loinc.org");
        coding[0]["code"].as_str().unwrap().to_owned()
    };
    let quantity = |of: &Value, code: &str| {
        let quantity = &of["valueQuantity"];
        assert_eq!(quantity["system"], "http://unitsofmeasure.org");
        assert_eq!(quantity["code"], code);
        quantity["value"].to_string()
    };

    assert_eq!(loinc(panel), "85354-9");
    assert_eq!(panel.get("valueQuantity"), None);
    let components = panel["component"].as_array().unwrap();
    assert_eq!(components.len(), 2);
    assert_eq!(loinc(&components[0]), "8480-6");
    assert_eq!(quantity(&components[0], "mm[Hg]"), "128");
    assert_eq!(loinc(&components[1]), "8462-4");
    assert_eq!(quantity(&components[1], "mm[Hg]"), "81");

    assert_eq!(loinc(pulse), "8867-4");
    assert_eq!(quantity(pulse, "/min"), "66");
    assert_eq!(pulse.get("component"), None);

    assert_eq!(loinc(weight), "29463-7");
    assert_eq!(quantity(weight, "kg"), "72.345");
    assert_eq!(quantity(whole, "kg"), "80.0");

    for (resource, (id, when)) in [panel, pulse, weight, whole].into_iter().zip([
        ("bp-C4AD000000000001-1", "2013-02-01T01:00:00Z"),
        ("pulse-C4AD000000000001-1", "2013-02-01T01:00:00Z"),
        ("weight-C4AD000000000001-2", "2013-02-01T02:00:00Z"),
        ("weight-C4AD000000000001-3", "2013-02-01T03:00:00Z"),
    ]) {
        assert_eq!(resource["resourceType"], "Observation");
        assert_eq!(resource["id"], id);
        assert_eq!(resource["status"], "final");
        assert_eq!(resource["effectiveDateTime"], when);
        assert_eq!(resource["subject"]["reference"], "Patient/p-17");
        let category = &resource["category"][0]["coding"][0];
        assert_eq!(category["code"], "vital-signs");
        assert_eq!(
            category["system"],
            "http://terminology.hl7.org/CodeSystem/observation-category"
        );
    }
}
