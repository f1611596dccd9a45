//! What each party has learnt, by what was found with it, and what of that must not be.

use std::collections::BTreeMap;

use hydra_message::Purpose;
use hydra_relay::Stats;

use super::measure::Stream;
use super::{HUB, Home, ISSUER, SUPPLIER, TELECARE};
use crate::outcome::{Outcome, Party};
use crate::overheard::Overheard;

/// What can be read in the clients' streams; `None` when not every message that the relay has taken is heard, both on its way in and
/// on its way out: then something of the tape is lost.
pub(super) fn overheard(streams: &[Stream], stats: &Stats) -> Option<Overheard> {
    let mut ways = [Overheard::default(), Overheard::default()];
    for stream in streams {
        ways[usize::from(stream.sent)].listen(&stream.bytes);
    }
    let whole = ways.iter().all(|way| {
        stats.topics.iter().all(|(topic, traffic)| {
            let heard = way.topics.get(topic);
            heard.is_some_and(|heard| heard.publications >= traffic.messages)
        })
    });
    let [_, sent] = ways;
    whole.then_some(sent)
}

/// Says what each party has learnt, and puts what must not be on the list.
pub(super) fn weigh(outcome: &mut Outcome, home: &Home, overheard: &Overheard) {
    let mut wrong = Vec::new();
    if !outcome.supplier.verified {
        wrong.push("the supplier could not verify the statement".to_owned());
    }
    if let Some(finer) = &outcome.supplier.finer {
        wrong.push(format!("the supplier sees more than the figure: {finer}"));
    }
    if !outcome.statement.recomputed {
        wrong.push("the bill is not what the intervals at home make".to_owned());
    }
    if !outcome.relay.control_found {
        wrong.push("the search of the relay's bytes is blind".to_owned());
    }
    if outcome.relay.plaintext_hits != 0 {
        wrong.push("the relay saw plaintext".to_owned());
    }
    let clear = &outcome.relay.clear;
    wrong.extend(
        clear
            .iter()
            .map(|what| format!("the relay could read {what}")),
    );

    let (supplier, supplier_kinds) = home
        .supplier
        .with(|supplier| (supplier.engine().traffic(), supplier.engine().kinds()));
    let (telecare, telecare_kinds) = home
        .telecare
        .with(|telecare| (telecare.engine().traffic(), telecare.engine().kinds()));
    let (householder, householder_kinds) = home
        .householder
        .with(|householder| (householder.traffic(), householder.kinds()));
    for (who, kinds, meant) in [
        (SUPPLIER, &supplier_kinds, Purpose::Statement),
        (TELECARE, &telecare_kinds, Purpose::Measurement),
    ] {
        if kinds.keys().any(|kind| *kind != meant) {
            wrong.push(format!("{who} opened {}", words(kinds)));
        }
    }
    // The issuer has no key that opens a message; what comes to it says how a script went.
    let answers = format!("hydra/{HUB}/{ISSUER}/up");
    let heard = overheard.topics.get(&answers);
    if heard.is_some_and(|heard| heard.messages) {
        wrong.push("a sealed message went to the card issuer".to_owned());
    }
    let answers = outcome
        .relay
        .topics
        .iter()
        .find(|topic| topic.name == answers);
    let answered = answers.map_or((0, 0), |topic| (topic.messages, topic.bytes));

    let figure = match &outcome.supplier.finer {
        None => ", the figure alone".to_owned(),
        Some(_) => ", AND MORE THAN THE FIGURE".to_owned(),
    };
    let party = |name: &str, (messages, bytes): (u64, u64), learnt: String| Party {
        name: name.to_owned(),
        messages,
        bytes,
        learnt,
    };
    outcome.parties = vec![
        party(
            "householder",
            (householder.messages, householder.bytes),
            format!("{}, all opened", words(&householder_kinds)),
        ),
        party(
            "energy supplier",
            (supplier.messages, supplier.bytes),
            format!("{}{figure}", words(&supplier_kinds)),
        ),
        party(
            "telecare",
            (telecare.messages, telecare.bytes),
            words(&telecare_kinds),
        ),
        party(
            "card issuer",
            answered,
            heard.map_or_else(String::new, |heard| {
                format!("{} to its scripts", heard.words())
            }),
        ),
        party(
            "relay",
            (outcome.relay.messages, outcome.relay.bytes),
            match outcome.relay.clear.as_slice() {
                [] => "who, when, kind, size".to_owned(),
                _ => "MORE THAN IT SHOULD".to_owned(),
            },
        ),
    ];
    outcome.wrong = wrong;
}

/// Kinds of messages and their numbers.
fn words(kinds: &BTreeMap<Purpose, u64>) -> String {
    let words: Vec<_> = kinds
        .iter()
        .map(|(kind, count)| {
            let (one, many) = match kind {
                Purpose::Statement => ("statement", "statements"),
                Purpose::Intervals => ("list of intervals", "lists of intervals"),
                Purpose::Measurement => ("measurement", "measurements"),
            };
            format!("{count} {}", if *count == 1 { one } else { many })
        })
        .collect();
    words.join(", ")
}
