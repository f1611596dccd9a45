//! The householder's copies, and bills that do or do not hold.

use hydra_message::{Intervals, Observed, Purpose};
use hydra_offcard::householder::{Difference, Householder, HouseholderConfig};
use hydra_offcard::protocol;
use hydra_offcard::verify::Refusal;

use crate::pen::{DAY, FROM, NOW, Pen, half_hours, key, root, statement, tariff};

pub(crate) fn householder(folder: Option<&std::path::Path>) -> Householder {
    Householder::open(
        folder,
        HouseholderConfig {
            name: protocol::HOUSEHOLDER.to_owned(),
            key: key(protocol::HOUSEHOLDER),
            root: root(),
            speakers: vec![
                Pen::electricity().handover().speaker(),
                Pen::telehealth().handover().speaker(),
            ],
            tariff: tariff(),
            interval: 1_800,
        },
    )
    .unwrap()
}

#[test]
fn months_are_recomputed_from_the_intervals() {
    let folder = tempfile::tempdir().unwrap();
    let mut electricity = Pen::electricity();
    let mut telehealth = Pen::telehealth();
    let mut from = FROM;
    for (month, days) in [28, 31].into_iter().enumerate() {
        let (batches, _, copy) = electricity.bill(from, days);
        for batch in &batches {
            // Each time another process, and each copy twice.
            let mut householder = householder(Some(folder.path()));
            householder.deliver(NOW, &batch.sealed).unwrap();
            householder.deliver(NOW, &batch.sealed).unwrap();
        }
        let weight = Observed::Weight { grams: 70_000 };
        let id = u32::try_from(month).unwrap() + 1;
        let (_, measured) = telehealth.measure(id, weight);
        let mut householder = householder(Some(folder.path()));
        assert_eq!(householder.running(), half_hours(from, days));
        householder.deliver(NOW, &measured.sealed).unwrap();
        householder.deliver(NOW, &copy.sealed).unwrap();
        assert!(
            householder.refused().is_empty(),
            "{:?}",
            householder.refused()
        );
        assert_eq!(householder.bills().len(), month + 1);
        assert_eq!(householder.measurements().len(), month + 1);
        assert!(householder.running().is_empty());

        let bill = &householder.bills()[month];
        assert_eq!(householder.recompute(bill), Ok(()));
        let (expected, detail) = statement(from, days, &half_hours(from, days));
        let view = householder.view(bill);
        assert!(view.recomputed);
        assert_eq!(view.total_pence, expected.total_pence);
        assert_eq!((view.missing_intervals, view.repeated_intervals), (days, 1));
        assert_eq!(view.lines[1].wh, detail.rates[1].0);
        assert_eq!(view.lines[0].name, "night");
        assert_eq!(
            view.lines.iter().map(|line| line.pence).sum::<u64>()
                + view.standing_pence
                + view.vat_pence,
            view.total_pence
        );
        let json = serde_json::to_value(&view).unwrap();
        for field in [
            "lines",
            "standing_pence",
            "vat_pence",
            "total_pence",
            "missing_intervals",
            "repeated_intervals",
            "recomputed",
        ] {
            assert!(json.get(field).is_some(), "{field}");
        }
        from += days * DAY;
    }
}

/// One number of the card's statement is off by one: the householder sees which.
#[test]
fn a_bill_that_is_wrong_anywhere_is_noticed() {
    type Change = fn(&mut hydra_message::Statement, &mut hydra_message::StatementDetail);
    let cases: [(Change, Difference); 14] = [
        (|s, _| s.total_pence += 1, Difference::Total),
        (|s, _| s.tariff_hash[0] ^= 1, Difference::Tariff),
        (|s, _| s.slots_received += 1, Difference::Count),
        (|s, _| s.missing += 1, Difference::Count),
        (|s, _| s.slots_expected += 1, Difference::Count),
        (
            |s, _| {
                s.slots_received += 1;
                s.missing -= 1;
            },
            Difference::Count,
        ),
        (|s, _| s.from += 1_800, Difference::Count),
        (|s, _| s.to = s.from - 1, Difference::Count),
        (|_, d| d.opening_wh += 1, Difference::Registers),
        (|_, d| d.merkle_root[0] ^= 1, Difference::Intervals),
        (|_, d| d.leaf_salt_key[0] ^= 1, Difference::Intervals),
        (
            |_, d| d.rates[0].1 += 1,
            Difference::Line("night".to_owned()),
        ),
        (|_, d| d.standing_pence += 1, Difference::Standing),
        (|_, d| d.vat_pence += 1, Difference::Vat),
    ];
    let intervals = half_hours(FROM, 1);
    for (change, expected) in cases {
        let mut pen = Pen::electricity();
        let mut householder = householder(None);
        let claims = Intervals(intervals.clone()).to_claims().unwrap();
        let (_, batch) = pen.write(Purpose::Intervals, &claims, &[0x80]);
        householder.deliver(NOW, &batch.sealed).unwrap();
        let (mut statement, mut detail) = statement(FROM, 1, &intervals);
        change(&mut statement, &mut detail);
        let (claims, hidden) = (statement.to_claims().unwrap(), detail.to_hidden().unwrap());
        let (_, copy) = pen.write(Purpose::Statement, &claims, &hidden);
        householder.deliver(NOW, &copy.sealed).unwrap();
        assert!(
            householder.refused().is_empty(),
            "{:?}",
            householder.refused()
        );
        let bill = &householder.bills()[0];
        assert_eq!(householder.recompute(bill), Err(expected));
        assert!(!householder.view(bill).recomputed);
    }
}

#[test]
fn an_interval_that_was_left_out_or_changed_is_noticed() {
    let intervals = half_hours(FROM, 1);
    let mut fewer = intervals.clone();
    fewer.remove(5);
    let mut changed = intervals.clone();
    changed[5].1 += 1;
    let mut swapped = intervals.clone();
    swapped.swap(5, 6);
    for told in [fewer, changed, swapped] {
        let mut pen = Pen::electricity();
        let mut householder = householder(None);
        let claims = Intervals(told).to_claims().unwrap();
        let (_, batch) = pen.write(Purpose::Intervals, &claims, &[0x80]);
        let (statement, detail) = statement(FROM, 1, &intervals);
        let (claims, hidden) = (statement.to_claims().unwrap(), detail.to_hidden().unwrap());
        let (_, copy) = pen.write(Purpose::Statement, &claims, &hidden);
        householder.deliver(NOW, &batch.sealed).unwrap();
        householder.deliver(NOW, &copy.sealed).unwrap();
        let bill = &householder.bills()[0];
        assert_eq!(householder.recompute(bill), Err(Difference::Intervals));
    }
}

#[test]
fn what_is_no_copy_is_kept_and_refused() {
    let mut pen = Pen::electricity();
    let mut householder = householder(None);
    let (_, message, copy) = pen.bill(FROM, 1);
    householder.deliver(NOW, b"nonsense").unwrap();
    householder.deliver(NOW, &message.sealed).unwrap();
    // The statement before the intervals that it counts on: kept until they come.
    householder.deliver(NOW, &copy.sealed).unwrap();
    assert!(householder.bills().is_empty());
    assert!(
        matches!(
            householder.refused(),
            [
                Refusal::Message(
                    hydra_message::Error::Malformed { .. }
                        | hydra_message::Error::Trailing { .. }
                        | hydra_message::Error::Unexpected { .. }
                ),
                Refusal::Message(hydra_message::Error::Recipient)
            ]
        ),
        "{:?}",
        householder.refused()
    );
}
