//! The applets on a real card, and all four parties around it; only devices, hub and relay are left out.

use std::path::Path;

use hydra_crypto::SeededRandom;
use hydra_gp::command::push_dgi;
use hydra_gp::script::{HostScript, ResponseScript, Target};
use hydra_gp::{DataFormat, Install, StoreData};
use hydra_offcard::handover::Handover;
use hydra_offcard::householder::{Householder, HouseholderConfig};
use hydra_offcard::issuer::{CardIssuer, Plan, Progress as Issuance};
use hydra_offcard::protocol;
use hydra_offcard::supplier::{AgreeError, Progress, Supplier};
use hydra_offcard::telecare::{self, Telecare};
use hydra_offcard::wan::Party;
use hydra_tariff::{Interval, PeriodError};
use hydra_wire::StatusWord;

use crate::issuance::{Hub, step};
use crate::pen::{
    DAY, FROM, HUB, NOW, authority, config, half_hours, householder_point, key, root, tariff, terms,
};

fn applet(name: &str) -> Vec<u8> {
    let path = format!(
        "{}/../../applets/{name}/{name}.cap",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read(path).unwrap()
}

struct Home {
    hub: Hub,
    supplier: Supplier,
    telecare: Telecare,
    householder: Householder,
    /// What the supplier was handed.
    handover: Handover,
}

impl Home {
    fn new(folder: &Path) -> Self {
        let (mut hub, record) = Hub::new();
        let plan = Plan::home(
            &applet("outbox"),
            &applet("electricity"),
            &applet("telehealth"),
        )
        .unwrap();
        let random = Box::new(SeededRandom::new(b"issuer"));
        let mut issuer =
            CardIssuer::open(Some(&folder.join("issuer")), authority(), plan, random).unwrap();
        issuer.issue(HUB, record).unwrap();
        while step(&mut issuer, &mut hub) {}
        assert_eq!(issuer.progress(HUB), Some(Issuance::Complete));

        let electricity = issuer.handover(HUB, protocol::SUPPLIER).unwrap();
        let telehealth = issuer.handover(HUB, protocol::TELECARE).unwrap();
        let speakers = vec![electricity.speaker(), telehealth.speaker()];
        let mut home = Self {
            hub,
            supplier: Supplier::open(Some(&folder.join("supplier")), config("supplier")).unwrap(),
            telecare: Telecare::open(Some(&folder.join("telecare")), config("telecare")).unwrap(),
            householder: Householder::open(
                Some(&folder.join("householder")),
                HouseholderConfig {
                    name: protocol::HOUSEHOLDER.to_owned(),
                    key: key(protocol::HOUSEHOLDER),
                    root: root(),
                    speakers,
                    tariff: tariff(),
                    interval: 1_800,
                },
            )
            .unwrap(),
            handover: electricity.clone(),
        };
        home.supplier.enrol(electricity).unwrap();
        home.telecare.enrol(telehealth).unwrap();
        home
    }

    /// Everything that anybody wants sent is sent, until nobody wants any more.
    fn settle(&mut self) {
        loop {
            let mut any = false;
            for (port, frames) in [
                ("supplier", self.supplier.outbound().unwrap()),
                ("telecare", self.telecare.outbound().unwrap()),
            ] {
                for frame in frames {
                    any = true;
                    let script = hydra_wire::Frame::parse(&frame.frame).unwrap();
                    self.hub.envelope(port, script.correlation, &script.payload);
                    if port == "supplier" {
                        self.supplier.taken(&frame).unwrap();
                    } else {
                        self.telecare.taken(&frame).unwrap();
                    }
                }
            }
            for (port, frame) in self.hub.fetch() {
                any = true;
                let bytes = frame.to_bytes();
                match port.as_str() {
                    "supplier" => self.supplier.deliver(NOW, HUB, &bytes).unwrap(),
                    "telecare" => self.telecare.deliver(NOW, HUB, &bytes).unwrap(),
                    "householder" => self.householder.deliver(NOW, &frame.payload).unwrap(),
                    other => panic!("{other}"),
                }
            }
            if !any {
                return;
            }
        }
    }

    fn reading(&mut self, id: u32, start: u32, register: u64) -> StatusWord {
        let payload = [
            &id.to_be_bytes()[..],
            &start.to_be_bytes(),
            &register.to_be_bytes(),
        ]
        .concat();
        let answer = self.hub.envelope("meter.electricity", id, &payload);
        answer.unwrap().sw
    }

    fn measurement(&mut self, port: &str, payload: &[&[u8]]) -> StatusWord {
        self.hub.envelope(port, 1, &payload.concat()).unwrap().sw
    }

    /// Commands to the applet electricity in a channel of the supplier's own, the `sequence`th; the last status word.
    fn personalise(&mut self, sequence: u32, groupings: &[&[u8]]) -> StatusWord {
        let handover = &self.handover;
        let mut script = HostScript::new();
        script
            .open(&Target {
                keys: &handover.keys,
                sequence,
                domain: &handover.domain,
                host_challenge: [7; 8],
            })
            .unwrap();
        let install = Install::Personalization(handover.instance.clone());
        let store = StoreData::sequence(DataFormat::Dgi, groupings.iter().copied());
        let commands: Vec<_> = std::iter::once(hydra_gp::Command::Install(install))
            .chain(store.into_iter().map(hydra_gp::Command::StoreData))
            .map(|command| command.to_apdu())
            .collect();
        script.extend(&commands).unwrap();
        let bytes = script.commands().to_bytes();
        self.hub.envelope("supplier", 1_000 + sequence, &bytes);
        let answers = self.hub.fetch();
        let (_, frame) = answers.last().unwrap();
        let outcome = script
            .read(&ResponseScript::parse(&frame.payload).unwrap())
            .unwrap();
        match outcome.stop {
            Some(stop) => stop.sw.unwrap(),
            None => outcome.responses.last().unwrap().sw,
        }
    }

    fn nothing_refused(&self) {
        assert!(self.supplier.engine().refused().is_empty());
        assert!(self.telecare.engine().refused().is_empty());
        assert!(self.householder.refused().is_empty());
    }
}

/// A command has one data grouping: two are refused whole, wherever the second is wrong.
#[test]
fn several_groupings_in_one_command_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut home = Home::new(folder.path());
    let grouping = |tag: u16, value: &[u8]| {
        let mut bytes = Vec::new();
        push_dgi(&mut bytes, tag, value);
        bytes
    };
    let account = |name: &[u8]| grouping(0x8001, name);
    let terms = terms(FROM, 1);
    let tariff = grouping(0x8002, &[&[0, 0][..], &terms.tariff].concat());
    let length = u16::try_from(terms.tariff.len()).unwrap().to_be_bytes();
    let hash = hydra_crypto::sha256(&terms.tariff);
    let complete = grouping(0x8003, &[&length[..], &hash].concat());
    let times = [terms.from, terms.to, terms.interval].map(u32::to_be_bytes);
    let open = grouping(0x8004, &times.concat());

    let mut sequence = 0;
    let mut send = |home: &mut Home, groupings: &[&[u8]]| {
        sequence += 1;
        home.personalise(sequence, groupings).0
    };
    let two = [account(b"A-1"), account(b"A-2")].concat();
    let torn = [&account(b"A-1")[..], &[0x80]].concat();
    for wrong in [&two[..], &torn, &account(b"A-1")[..5], &[0x80, 0x01]] {
        assert_eq!(send(&mut home, &[wrong]), 0x6A80, "{wrong:02X?}");
        // Neither was taken: a period opens for an account alone.
        assert_eq!(send(&mut home, &[&tariff, &complete, &open]), 0x6985);
    }
    assert_eq!(send(&mut home, &[&account(b"A-1"), &open]), 0x9000);
}

/// Intervals off the grid count their energy and fill the slot they begin in: card, householder and tariff agree.
#[test]
fn a_row_off_the_grid_hides_no_missing_slot() {
    let folder = tempfile::tempdir().unwrap();
    let mut home = Home::new(folder.path());
    home.supplier
        .agree(HUB, &householder_point(), terms(FROM, 1))
        .unwrap();
    home.settle();
    assert_eq!(home.reading(1, FROM - 1_800, 1_000).0, 0x9000);
    // Slot 0 twice, slot 1 late, slot 2 not at all, and the last one at its last second.
    let starts = [0, 1, 1_800 + 1_799, 3 * 1_800, DAY - 1];
    for (number, start) in (1..).zip(starts) {
        let register = 1_000 + 10 * u64::from(number);
        assert_eq!(home.reading(1 + number, FROM + start, register).0, 0x9000);
    }
    home.supplier.close(HUB);
    home.settle();
    home.nothing_refused();
    let bill = &home.householder.bills()[0];
    let statement = &bill.statement;
    assert_eq!(
        (
            statement.slots_expected,
            statement.slots_received,
            statement.missing
        ),
        (48, 4, 44)
    );
    assert_eq!(bill.intervals.len(), 5);
    assert_eq!(bill.detail.closing_wh - bill.detail.opening_wh, 50);
    assert_eq!(home.householder.recompute(bill), Ok(()));
}

#[test]
fn a_period_that_no_card_can_bill_is_refused_before_it_reaches_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut home = Home::new(folder.path());
    let mut long = terms(FROM, 24_856);
    let refused = home.supplier.agree(HUB, &householder_point(), long.clone());
    assert!(
        matches!(
            refused,
            Err(AgreeError::Period(PeriodError::TooLong(24_856)))
        ),
        "{refused:?}"
    );
    assert_eq!(home.supplier.progress(HUB), None);
    // One day less, and the card takes it.
    long.to -= DAY;
    home.supplier
        .agree(HUB, &householder_point(), long)
        .unwrap();
    home.settle();
    assert_eq!(home.supplier.progress(HUB), Some(&Progress::Open));
}

#[test]
fn two_periods_and_a_health_record() {
    const DAYS: u32 = 3;
    let folder = tempfile::tempdir().unwrap();
    let mut home = Home::new(folder.path());

    // Before the personalisation nothing is taken.
    assert_eq!(home.reading(1, FROM, 1).0, 0x6985);
    home.telecare
        .care_for(HUB, &householder_point(), "p-17")
        .unwrap();
    home.settle();
    assert_eq!(
        home.telecare.progress(HUB),
        Some(&telecare::Progress::Ready)
    );

    // A register beyond 32 bits.
    let mut register = 5_000_000_000_u64;
    let mut id = 100;
    for period in 0..2_u32 {
        let from = FROM + period * DAYS * DAY;
        home.supplier
            .agree(HUB, &householder_point(), terms(from, DAYS))
            .unwrap();
        home.settle();
        assert_eq!(home.supplier.progress(HUB), Some(&Progress::Open));

        let opening = register;
        if period == 0 {
            id += 1;
            assert_eq!(home.reading(id, from - 1_800, register).0, 0x9000);
        }
        let intervals = half_hours(from, DAYS);
        for (number, (start, wh)) in intervals.iter().enumerate() {
            register += u64::from(*wh);
            id += 1;
            assert_eq!(home.reading(id, *start, register).0, 0x9000);
            if number == 20 {
                // The same push again is ignored; a new push of an old interval is counted.
                assert_eq!(home.reading(id, *start, register).0, 0x9000);
                id += 1;
                assert_eq!(home.reading(id, *start, register).0, 0x9000);
            }
            if number == 60 {
                home.settle();
                home.hub.power_cycle();
            }
        }
        let time = (from + 7 * 3_600).to_be_bytes();
        let number = period + 1;
        let weight = [
            &[1][..],
            &number.to_be_bytes(),
            &time,
            &72_345_u32.to_be_bytes(),
        ];
        assert_eq!(home.measurement("health.scale", &weight).0, 0x9000);
        let pressure = [
            &[2][..],
            &number.to_be_bytes(),
            &time,
            &[0, 128, 0, 81, 0, 66],
        ];
        assert_eq!(home.measurement("health.bp", &pressure).0, 0x9000);
        // Measured once, sent twice.
        assert_eq!(home.measurement("health.bp", &pressure).0, 0x9000);
        home.supplier.close(HUB);
        home.settle();
        home.nothing_refused();
        assert_eq!(home.supplier.progress(HUB), Some(&Progress::Closed));

        let given: Vec<Interval> = intervals
            .iter()
            .map(|(start, wh)| Interval {
                start: *start,
                wh: *wh,
            })
            .collect();
        let expected = tariff().bill(&given, DAYS).unwrap();
        let bill = &home.householder.bills()[usize::try_from(period).unwrap()];
        assert_eq!(bill.intervals, intervals);
        assert_eq!(home.householder.recompute(bill), Ok(()));
        let view = home.householder.view(bill);
        assert!(view.recomputed && !view.authenticated);
        assert_eq!(view.total_pence, expected.total.0);
        assert_eq!((view.opening_wh, view.closing_wh), (opening, register));
        assert_eq!((view.missing_intervals, view.repeated_intervals), (DAYS, 1));

        let figure = home.supplier.view(HUB).unwrap();
        assert!(figure.verified);
        assert_eq!(figure.total_pence, expected.total.0);
        assert_eq!(
            home.telecare.observations(HUB).len(),
            3 * (period as usize + 1)
        );
        assert_eq!(
            home.householder.measurements().len(),
            2 * (period as usize + 1)
        );
    }
    assert_eq!(home.supplier.statements(HUB).len(), 2);
    assert_eq!(home.supplier.engine().traffic().messages, 2);

    // All of it is still there in a new process.
    drop(home.supplier);
    let supplier = Supplier::open(Some(&folder.path().join("supplier")), config("supplier"));
    assert!(supplier.unwrap().view(HUB).unwrap().verified);
}
