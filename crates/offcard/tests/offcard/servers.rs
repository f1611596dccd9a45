//! Supplier and telecare: scripts to a card, messages from it, and what is remembered of both.

use std::path::Path;

use hydra_gp::command::dgis;
use hydra_gp::scp03::CardSession;
use hydra_gp::script::{CommandScript, ResponseScript};
use hydra_gp::{Install, KeySet, StoreData};
use hydra_message::{Observed, Purpose};
use hydra_offcard::journal::JournalError;
use hydra_offcard::provider::StateError;
use hydra_offcard::supplier::{Progress, Supplier};
use hydra_offcard::telecare::{self, Telecare};
use hydra_offcard::verify::Refusal;
use hydra_offcard::wan::Party;
use hydra_wire::{Aid, Command, Frame, FrameKind, Response, StatusWord, tlv};

use crate::pen::{FROM, HUB, NOW, Pen, config, householder_point, tariff, terms};

/// The far end of a domain's secure channel: it keeps what it was told, and agrees to everything until it is asked not to.
pub(crate) struct Domain {
    keys: KeySet,
    aid: Aid,
    pub(crate) sequence: u32,
    pub(crate) told: Vec<Command>,
    pub(crate) refuses: Option<StatusWord>,
}

impl Domain {
    pub(crate) fn of(pen: &Pen) -> Self {
        let handover = pen.handover();
        Self {
            keys: handover.keys,
            aid: handover.domain,
            sequence: 0,
            told: Vec::new(),
            refuses: None,
        }
    }

    pub(crate) fn answer(&mut self, frame: &[u8]) -> Vec<u8> {
        let frame = Frame::parse(frame).unwrap();
        assert_eq!(frame.kind, FrameKind::Script);
        let script = CommandScript::parse(&frame.payload).unwrap();
        let [select, update, authenticate, commands @ ..] = script.commands.as_slice() else {
            panic!("{script:?}");
        };
        assert_eq!(
            *select,
            hydra_gp::Command::Select(hydra_gp::Select::aid(&self.aid)).to_apdu()
        );
        self.sequence += 1;
        let (pending, updated) = CardSession::initialize_update(
            &self.keys,
            self.sequence,
            &self.aid,
            &[0; 10],
            &update.data,
        )
        .unwrap();
        let mut responses = vec![Response::ok(Vec::new()), updated];
        match pending.external_authenticate(authenticate) {
            Err(sw) => responses.push(sw.into()),
            Ok(mut session) => {
                responses.push(Response::ok(Vec::new()));
                for command in commands {
                    self.told.push(session.unwrap(command).unwrap());
                    let response = match self.refuses {
                        Some(sw) => Response::status(sw),
                        None => Response::ok(Vec::new()),
                    };
                    let failed = !response.sw.is_success();
                    responses.push(session.wrap(response));
                    if failed {
                        break;
                    }
                }
            }
        }
        Frame {
            kind: FrameKind::ScriptResponse,
            correlation: frame.correlation,
            payload: ResponseScript::new(responses).to_bytes(),
        }
        .to_bytes()
    }
}

fn supplier(folder: Option<&Path>) -> Supplier {
    Supplier::open(folder, config("supplier")).unwrap()
}

/// Sends and answers until there is nothing to send.
fn converse(party: &mut impl Party, domain: &mut Domain) {
    loop {
        let frames = party.outbound().unwrap();
        if frames.is_empty() {
            return;
        }
        for frame in frames {
            party.taken(&frame).unwrap();
            let answer = domain.answer(&frame.frame);
            party.deliver(NOW, HUB, &answer).unwrap();
        }
    }
}

fn opened(folder: Option<&Path>, pen: &Pen) -> (Supplier, Domain) {
    let mut supplier = supplier(folder);
    let mut domain = Domain::of(pen);
    supplier.enrol(pen.handover()).unwrap();
    supplier
        .agree(HUB, &householder_point(), terms(FROM, 28))
        .unwrap();
    converse(&mut supplier, &mut domain);
    assert_eq!(supplier.progress(HUB), Some(&Progress::Open));
    (supplier, domain)
}

#[test]
fn a_supplier_personalises_opens_and_closes() {
    let mut pen = Pen::electricity();
    let (mut supplier, mut domain) = opened(None, &pen);

    // Chain and recipients to the domain, the rest to the applet.
    let split = domain
        .told
        .iter()
        .position(|command| command.ins == 0xE6)
        .unwrap();
    let data = |commands: &[Command]| -> Vec<StoreData> {
        commands
            .iter()
            .map(|command| match hydra_gp::Command::try_from(command) {
                Ok(hydra_gp::Command::StoreData(block)) => block,
                other => panic!("{other:?}"),
            })
            .collect()
    };
    let blocks = data(&domain.told[..split]);
    assert!(
        blocks
            .iter()
            .enumerate()
            .all(|(at, block)| usize::from(block.block) == at)
    );
    let objects = blocks
        .iter()
        .flat_map(|block| block.data.clone())
        .collect::<Vec<u8>>();
    let objects = tlv::parse(&objects).unwrap();
    assert_eq!(
        objects.iter().map(|object| object.tag).collect::<Vec<_>>(),
        [0x7F21, 0xE3, 0xE3]
    );
    assert_eq!(objects[0].value, pen.chain[0]);
    let householder = tlv::find(objects[2].value, 0x57).unwrap();
    assert_eq!(householder, Some(&householder_point()[..]));

    assert_eq!(
        hydra_gp::Command::try_from(&domain.told[split]),
        Ok(hydra_gp::Command::Install(Install::Personalization(
            pen.instance.clone()
        )))
    );
    let document = tariff().to_compiled();
    let mut groupings = Vec::new();
    for block in data(&domain.told[split + 1..]) {
        for group in dgis(&block.data).unwrap() {
            groupings.push((group.id, group.value.to_vec()));
        }
    }
    assert_eq!(
        groupings,
        [
            (0x8001, b"A-1001".to_vec()),
            (0x8002, [&[0, 0], document.as_slice()].concat()),
            (
                0x8003,
                [
                    &[0, u8::try_from(document.len()).unwrap()][..],
                    &hydra_crypto::sha256(&document)
                ]
                .concat()
            ),
            (
                0x8004,
                [FROM, FROM + 28 * 86_400, 1_800]
                    .map(u32::to_be_bytes)
                    .concat()
            ),
        ]
    );

    domain.told.clear();
    supplier.close(HUB);
    supplier.close(HUB);
    converse(&mut supplier, &mut domain);
    assert_eq!(supplier.progress(HUB), Some(&Progress::Closed));
    assert_eq!(domain.told.len(), 2);
    assert_eq!(domain.told[1].data, [0x80, 0x05, 0x00]);

    assert_eq!(supplier.view(HUB), None);
    let (_, message, _) = pen.bill(FROM, 28);
    supplier.deliver(NOW, HUB, &message.frame()).unwrap();
    let view = supplier.view(HUB).unwrap();
    assert!(view.verified);
    assert_eq!(view.cose, hydra_wire::hex::encode(&message.signed));
    let json = serde_json::to_value(&view).unwrap();
    let mut fields: Vec<&String> = json.as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(fields, ["cose", "total_pence", "verified"]);
}

/// The supplier is replaced by a new process after each of its steps, with and without what it did last being known.
#[test]
fn a_supplier_that_is_killed_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut pen = Pen::electricity();
    let mut domain = Domain::of(&pen);
    let again = |party: Supplier| {
        drop(party);
        supplier(Some(folder.path()))
    };
    let mut party = supplier(Some(folder.path()));
    party.enrol(pen.handover()).unwrap();
    party = again(party);
    party
        .agree(HUB, &householder_point(), terms(FROM, 28))
        .unwrap();
    party = again(party);
    party
        .agree(HUB, &householder_point(), terms(FROM, 28))
        .unwrap();

    let first = party.outbound().unwrap();
    party = again(party);
    let second = party.outbound().unwrap();
    // Not known to be taken: the same script again, with the same correlation.
    assert_eq!(first, second);
    party.taken(&second[0]).unwrap();
    party = again(party);
    assert!(party.outbound().unwrap().is_empty());
    assert_eq!(party.progress(HUB), Some(&Progress::Opening));
    let answer = domain.answer(&first[0].frame);
    party.deliver(NOW, HUB, &answer).unwrap();
    party = again(party);
    assert_eq!(party.progress(HUB), Some(&Progress::Open));
    party.deliver(NOW, HUB, &answer).unwrap();
    assert!(party.outbound().unwrap().is_empty());

    party.close(HUB);
    party = again(party);
    // Nothing had been sent: the caller asks again.
    assert_eq!(party.progress(HUB), Some(&Progress::Open));
    party.close(HUB);
    let close = party.outbound().unwrap();
    party = again(party);
    party.close(HUB);
    assert_eq!(party.outbound().unwrap(), close);
    party.taken(&close[0]).unwrap();
    let (_, message, _) = pen.bill(FROM, 28);
    party.deliver(NOW, HUB, &message.frame()).unwrap();
    let view = party.view(HUB).unwrap();
    party = again(party);
    assert_eq!(party.view(HUB), Some(view));
    party.deliver(NOW, HUB, &message.frame()).unwrap();
    assert_eq!(party.statements(HUB).len(), 1);
    let answer = domain.answer(&close[0].frame);
    party.deliver(NOW, HUB, &answer).unwrap();
    party = again(party);
    assert_eq!(party.progress(HUB), Some(&Progress::Closed));
    assert_eq!(domain.sequence, 2);
    assert!(party.engine().refused().is_empty());
}

#[test]
fn a_lost_count_is_taken_from_the_card() {
    let pen = Pen::electricity();
    let mut supplier = supplier(None);
    let mut domain = Domain::of(&pen);
    domain.sequence = 41;
    supplier.enrol(pen.handover()).unwrap();
    supplier
        .agree(HUB, &householder_point(), terms(FROM, 28))
        .unwrap();
    converse(&mut supplier, &mut domain);
    assert_eq!(supplier.progress(HUB), Some(&Progress::Open));
    assert_eq!(domain.sequence, 43);
}

#[test]
fn a_refusal_of_the_card_is_reported_with_its_status() {
    let pen = Pen::electricity();
    let mut supplier = supplier(None);
    let mut domain = Domain::of(&pen);
    domain.refuses = Some(StatusWord(0x6985));
    supplier.enrol(pen.handover()).unwrap();
    supplier
        .agree(HUB, &householder_point(), terms(FROM, 28))
        .unwrap();
    converse(&mut supplier, &mut domain);
    let Some(Progress::Failed(why)) = supplier.progress(HUB) else {
        panic!("{:?}", supplier.progress(HUB));
    };
    assert!(why.contains("6985"), "{why}");
}

#[test]
fn messages_are_taken_once_in_order_and_unbroken() {
    let mut pen = Pen::telehealth();
    let weight = |grams| Observed::Weight { grams };
    let messages: Vec<_> = (1..=4)
        .map(|id| pen.measure(id, weight(70_000 + id)).0)
        .collect();
    // Another card image with the same keys, a rollback: other messages under used counters.
    let mut twin = Pen::telehealth();
    let other = twin.measure(9, weight(99_000)).0;
    let early_other = {
        let mut twin = Pen::telehealth();
        twin.measure(1, weight(70_001));
        twin.measure(2, weight(70_002));
        twin.measure(8, weight(90_000)).0
    };

    let folder = tempfile::tempdir().unwrap();
    let open = || Telecare::open(Some(folder.path()), config("telecare")).unwrap();
    let mut telecare = open();
    telecare.enrol(pen.handover()).unwrap();
    telecare
        .care_for(HUB, &householder_point(), "p-17")
        .unwrap();
    assert_eq!(
        telecare.progress(HUB),
        Some(&telecare::Progress::Personalizing)
    );
    let ids = |telecare: &Telecare| -> Vec<String> {
        telecare
            .observations(HUB)
            .iter()
            .map(|o| o.id.clone())
            .collect()
    };

    telecare.deliver(NOW, HUB, &messages[0].frame()).unwrap();
    telecare.deliver(NOW, HUB, &messages[0].frame()).unwrap();
    assert_eq!(ids(&telecare).len(), 1);
    telecare.deliver(NOW, HUB, &other.frame()).unwrap();
    assert_eq!(
        telecare.engine().refused()[0].why,
        Refusal::CounterReused(1)
    );

    telecare.deliver(NOW, HUB, &messages[2].frame()).unwrap();
    assert_eq!((ids(&telecare).len(), telecare.engine().early()), (1, 1));
    drop(telecare);
    telecare = open();
    assert_eq!((ids(&telecare).len(), telecare.engine().early()), (1, 1));
    telecare.deliver(NOW, HUB, &early_other.frame()).unwrap();
    assert_eq!(
        telecare.engine().refused()[1].why,
        Refusal::CounterReused(3)
    );
    telecare.deliver(NOW, HUB, &messages[1].frame()).unwrap();
    assert_eq!(
        ids(&telecare),
        [1, 2, 3].map(|id| format!("weight-C4AD000000000001-{id}"))
    );

    // Sealed anew, the same message is still the same.
    let resealed = pen.seal_signed(&messages[2].signed, "telecare");
    let frame = Frame {
        kind: FrameKind::Message,
        correlation: 9,
        payload: resealed,
    };
    telecare.deliver(NOW, HUB, &frame.to_bytes()).unwrap();
    assert_eq!(ids(&telecare).len(), 3);
    assert_eq!(telecare.engine().refused().len(), 2);

    // A message that skips one in its chain.
    let mut broken = Pen::telehealth();
    for id in 1..=3 {
        broken.measure(id + 10, weight(1));
    }
    let skipping = broken.measure(4, weight(70_004)).0;
    telecare.deliver(NOW, HUB, &skipping.frame()).unwrap();
    assert_eq!(telecare.engine().refused()[2].why, Refusal::Chain);
    telecare.deliver(NOW, HUB, &messages[3].frame()).unwrap();
    assert_eq!(ids(&telecare).len(), 4);
    assert_eq!(telecare.engine().traffic().messages, 8);
}

#[test]
fn what_does_not_belong_is_refused_and_changes_nothing() {
    let mut pen = Pen::electricity();
    let (mut supplier, _) = opened(None, &pen);
    let (batches, message, copy) = pen.bill(FROM, 1);
    let frame = |kind, payload: &[u8]| {
        Frame {
            kind,
            correlation: 1,
            payload: payload.to_vec(),
        }
        .to_bytes()
    };
    let mut telehealth = Pen::telehealth();
    let (measured, _) = telehealth.measure(1, Observed::Weight { grams: 1 });
    let cases: [(&str, Vec<u8>); 7] = [
        ("h2", message.frame()),
        (HUB, vec![1, 2, 3]),
        (HUB, frame(FrameKind::Script, &message.sealed)),
        (HUB, frame(FrameKind::Message, b"nonsense")),
        (HUB, copy.frame()),
        (HUB, batches[0].frame()),
        (HUB, measured.frame()),
    ];
    for (hub, frame) in &cases {
        supplier.deliver(NOW, hub, frame).unwrap();
    }
    // An answer to nothing is passed over.
    supplier
        .deliver(NOW, HUB, &frame(FrameKind::ScriptResponse, b"nonsense"))
        .unwrap();
    let refused = supplier.engine().refused();
    assert_eq!(refused.len(), cases.len(), "{refused:?}");
    assert_eq!(refused[0].why, Refusal::UnknownHub("h2".to_owned()));
    assert!(matches!(refused[1].why, Refusal::Frame(_)));
    assert_eq!(refused[2].why, Refusal::Unexpected);
    assert!(
        refused[3..]
            .iter()
            .all(|r| matches!(r.why, Refusal::Message(_)))
    );
    assert_eq!(supplier.view(HUB), None);
    // The statement is of one day, and the period was agreed otherwise.
    supplier.deliver(NOW, HUB, &message.frame()).unwrap();
    assert_eq!(
        supplier.engine().refused().last().unwrap().why,
        Refusal::Terms { what: "period" }
    );
    assert_eq!(supplier.view(HUB), None);
}

/// The relay holds a statement back until the next period has begun.
#[test]
fn a_late_statement_is_still_one_of_what_was_agreed() {
    let mut pen = Pen::electricity();
    let (mut supplier, mut domain) = opened(None, &pen);
    let (_, message, _) = pen.bill(FROM, 28);
    supplier.close(HUB);
    converse(&mut supplier, &mut domain);
    let next = FROM + 28 * 86_400;
    supplier
        .agree(HUB, &householder_point(), terms(next, 31))
        .unwrap();
    converse(&mut supplier, &mut domain);
    assert_eq!(supplier.progress(HUB), Some(&Progress::Open));
    supplier.deliver(NOW, HUB, &message.frame()).unwrap();
    assert!(supplier.engine().refused().is_empty());
    assert_eq!(supplier.statements(HUB)[0].statement.from, FROM);
}

/// A message of the right domain for another purpose.
#[test]
fn a_supplier_takes_no_measurements() {
    let mut pen = Pen::electricity();
    let (mut supplier, _) = opened(None, &pen);
    let measurement = hydra_message::Measurement {
        time: 1,
        id: 1,
        patient: "p-17".to_owned(),
        observed: Observed::Weight { grams: 1 },
    };
    let claims = measurement.to_claims().unwrap();
    let (message, _) = pen.write(Purpose::Measurement, &claims, &[0x80]);
    supplier
        .deliver(NOW, HUB, &message.unwrap().frame())
        .unwrap();
    assert_eq!(
        supplier.engine().refused()[0].why,
        Refusal::Purpose(Purpose::Measurement)
    );
}

#[test]
fn a_damaged_journal_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let pen = Pen::electricity();
    drop(opened(Some(folder.path()), &pen));
    let path = folder.path().join("journal");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let error = Supplier::open(Some(folder.path()), config("supplier")).unwrap_err();
    assert!(matches!(
        error,
        StateError::Journal(JournalError::Damaged { .. })
    ));
    assert!(
        error.to_string().contains("journal is damaged at byte"),
        "{error}"
    );
    bytes[100] ^= 1;
    std::fs::write(&path, &bytes).unwrap();

    // Another role's journal.
    let error = Telecare::open(Some(folder.path()), config("telecare")).unwrap_err();
    assert!(error.to_string().contains("record 1"), "{error}");
    assert_eq!(
        supplier(Some(folder.path())).progress(HUB),
        Some(&Progress::Open)
    );
}
