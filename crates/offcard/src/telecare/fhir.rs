//! FHIR R4 Observations of the vital signs (HL7 FHIR 4.0.1, Observation; profile "Vital Signs").

use hydra_message::{Measurement, Observed};
use hydra_wire::hex;
use serde::Serialize;
use serde_json::Number;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const LOINC: &str = "http://loinc.org";
const UCUM: &str = "http://unitsofmeasure.org";
const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category";
const PROFILE: &str = "http://hl7.org/fhir/StructureDefinition/";

/// An Observation resource: what this crate writes of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observation {
    resource_type: &'static str,
    /// Follows from card, kind and measurement id: the same measurement always makes the same resource.
    pub id: String,
    meta: Meta,
    status: &'static str,
    category: [CodeableConcept; 1],
    code: CodeableConcept,
    subject: Reference,
    effective_date_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_quantity: Option<Quantity>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    component: Vec<Component>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Meta {
    profile: [String; 1],
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct CodeableConcept {
    coding: [Coding; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Coding {
    system: &'static str,
    code: &'static str,
    display: &'static str,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Reference {
    reference: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Quantity {
    value: Number,
    unit: &'static str,
    system: &'static str,
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Component {
    code: CodeableConcept,
    value_quantity: Quantity,
}

/// The Observations of one measurement: body weight, or blood pressure and heart rate.
pub fn observations(card_id: &[u8; 8], measurement: &Measurement) -> Vec<Observation> {
    let observation = |kind: &str, profile: &str, code: CodeableConcept| Observation {
        resource_type: "Observation",
        id: format!("{kind}-{}-{}", hex::encode(card_id), measurement.id),
        meta: Meta {
            profile: [format!("{PROFILE}{profile}")],
        },
        status: "final",
        category: [CodeableConcept {
            coding: [Coding {
                system: CATEGORY,
                code: "vital-signs",
                display: "Vital Signs",
            }],
            text: None,
        }],
        code,
        subject: Reference {
            reference: format!("Patient/{}", measurement.patient),
        },
        effective_date_time: date_time(measurement.time),
        value_quantity: None,
        component: Vec::new(),
    };
    match measurement.observed {
        Observed::Weight { grams } => vec![Observation {
            value_quantity: Some(kilograms(grams)),
            ..observation(
                "weight",
                "bodyweight",
                loinc("29463-7", "Body weight", "Body weight"),
            )
        }],
        Observed::BloodPressure {
            systolic,
            diastolic,
            pulse,
        } => {
            let component = |code, value: u16| Component {
                code,
                value_quantity: quantity(value.into(), "mmHg", "mm[Hg]"),
            };
            vec![
                Observation {
                    component: vec![
                        component(
                            loinc("8480-6", "Systolic blood pressure", "Systolic"),
                            systolic,
                        ),
                        component(
                            loinc("8462-4", "Diastolic blood pressure", "Diastolic"),
                            diastolic,
                        ),
                    ],
                    ..observation(
                        "bp",
                        "bp",
                        loinc(
                            "85354-9",
                            "Blood pressure panel with all children optional",
                            "Blood pressure",
                        ),
                    )
                },
                Observation {
                    value_quantity: Some(quantity(pulse.into(), "beats/minute", "/min")),
                    ..observation(
                        "pulse",
                        "heartrate",
                        loinc("8867-4", "Heart rate", "Heart rate"),
                    )
                },
            ]
        }
    }
}

fn loinc(code: &'static str, display: &'static str, text: &'static str) -> CodeableConcept {
    CodeableConcept {
        coding: [Coding {
            system: LOINC,
            code,
            display,
        }],
        text: Some(text),
    }
}

fn quantity(value: Number, unit: &'static str, code: &'static str) -> Quantity {
    Quantity {
        value,
        unit,
        system: UCUM,
        code,
    }
}

/// Grams as kilograms: 72345 is 72.345. The nearest double of up to ten digits is written with these digits.
fn kilograms(grams: u32) -> Quantity {
    let value = Number::from_f64(f64::from(grams) / 1_000.0).unwrap_or_else(|| grams.into());
    quantity(value, "kg", "kg")
}

/// Seconds since 1970 as a FHIR dateTime, UTC.
fn date_time(seconds: u32) -> String {
    OffsetDateTime::UNIX_EPOCH
        .saturating_add(time::Duration::seconds(seconds.into()))
        .format(&Rfc3339)
        .unwrap_or_default()
}
