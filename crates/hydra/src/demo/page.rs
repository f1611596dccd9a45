//! The demo's page of plain text.

use std::fmt::{self, Display, Formatter};

use hydra_fleet::outcome::{Outcome, Statement};

/// Writes an outcome as a page that a householder can read.
pub(crate) struct Page<'a>(pub(crate) &'a Outcome);

impl Display for Page<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(outcome) = self;
        bill(f, &outcome.statement)?;
        let supplier = &outcome.supplier;
        writeln!(f, "\nTHE SUPPLIER SEES")?;
        writeln!(
            f,
            "  {:<40}{:>14}",
            "the figure",
            money(supplier.total_pence)
        )?;
        writeln!(
            f,
            "  signature, certificate chain, attestation and counter: {}",
            if supplier.verified {
                "verified"
            } else {
                "NOT VERIFIED"
            }
        )?;
        let bytes = supplier.cose.len() / 2;
        match &supplier.finer {
            None => writeln!(
                f,
                "  signed statement: {bytes} bytes, read to the last: no line, no register, no interval"
            )?,
            Some(finer) => writeln!(f, "  signed statement: {bytes} bytes, AND FINER: {finer}")?,
        }
        health(f, outcome)?;
        writeln!(
            f,
            "\nWHAT EACH PARTY RECEIVED{:>21}{:>12}",
            "messages", "bytes"
        )?;
        for party in &outcome.parties {
            writeln!(
                f,
                "  {:<22}{:>21}{:>12}   {}",
                party.name, party.messages, party.bytes, party.learnt
            )?;
        }
        relay(f, outcome)
    }
}

fn bill(f: &mut Formatter<'_>, statement: &Statement) -> fmt::Result {
    writeln!(f, "THE BILL, AS THE HOUSEHOLDER SEES IT")?;
    writeln!(
        f,
        "  {} to {} (excluded), account {}",
        statement.from, statement.to, statement.account
    )?;
    writeln!(
        f,
        "  register {} to {} kWh, {}",
        kwh(statement.opening_wh),
        kwh(statement.closing_wh),
        if statement.authenticated {
            "authenticated by the meter"
        } else {
            "unauthenticated"
        }
    )?;
    for line in &statement.lines {
        writeln!(
            f,
            "  {:<24}{:>12} kWh{:>14}",
            line.name,
            kwh(line.wh),
            money(line.pence)
        )?;
    }
    writeln!(
        f,
        "  {:<40}{:>14}",
        "standing charge",
        money(statement.standing_pence)
    )?;
    writeln!(f, "  {:<40}{:>14}", "VAT", money(statement.vat_pence))?;
    writeln!(
        f,
        "  {:<40}{:>14}",
        format!("total, tariff \"{}\"", statement.tariff),
        money(statement.total_pence)
    )?;
    writeln!(
        f,
        "  missing intervals {}, repeated {}; recomputed from the intervals at home: {}",
        statement.missing_intervals,
        statement.repeated_intervals,
        if statement.recomputed {
            "the same"
        } else {
            "DIFFERENT"
        }
    )
}

fn health(f: &mut Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    writeln!(f, "\nTHE HEALTH RECORD, AS THE CLINIC SEES IT")?;
    for observation in &outcome.health {
        let text = |pointer: &str| {
            observation
                .pointer(pointer)
                .and_then(|value| value.as_str())
                .unwrap_or("?")
        };
        let when = text("/effectiveDateTime");
        let what = text("/code/text");
        let mut values = Vec::new();
        let components = observation
            .get("component")
            .and_then(|list| list.as_array());
        for quantity in components
            .map(|list| {
                list.iter()
                    .filter_map(|component| component.get("valueQuantity"))
                    .collect()
            })
            .unwrap_or_else(|| {
                observation
                    .get("valueQuantity")
                    .into_iter()
                    .collect::<Vec<_>>()
            })
        {
            let unit = quantity
                .get("unit")
                .and_then(|unit| unit.as_str())
                .unwrap_or_default();
            let value = quantity
                .get("value")
                .map(ToString::to_string)
                .unwrap_or_default();
            values.push(format!("{value} {unit}"));
        }
        writeln!(f, "  {when:<22}{what:<44}{}", values.join(", "))?;
    }
    Ok(())
}

fn relay(f: &mut Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    let relay = &outcome.relay;
    writeln!(f, "\nWHAT THE RELAY COULD READ")?;
    for topic in &relay.topics {
        writeln!(
            f,
            "  {:<28}{:>6} messages{:>10} bytes   {}",
            topic.name, topic.messages, topic.bytes, topic.readable
        )?;
    }
    writeln!(
        f,
        "  {} messages, {} bytes: who, when, kind and size; how scripts went, and their commands' names:",
        relay.messages, relay.bytes
    )?;
    let mut line = String::from(" ");
    for (number, name) in (1..).zip(&relay.commands) {
        if line.len() + name.len() > 96 {
            writeln!(f, "{line}")?;
            line = String::from(" ");
        }
        let comma = if number < relay.commands.len() {
            ","
        } else {
            ""
        };
        line += &format!(" {name}{comma}");
    }
    writeln!(f, "{line}")?;
    if relay.clear.is_empty() {
        writeln!(
            f,
            "  each message is sealed, each script in its secure channel"
        )?;
    }
    for what in &relay.clear {
        writeln!(f, "  AND IN THE CLEAR {what}")?;
    }
    writeln!(
        f,
        "  searched for canaries and plaintext: {} found; the same search finds what is planted: {}",
        relay.plaintext_hits,
        if relay.control_found { "yes" } else { "NO" }
    )
}

fn money(pence: u64) -> String {
    format!("£{}.{:02}", pence / 100, pence % 100)
}

fn kwh(wh: u64) -> String {
    format!("{}.{:03}", wh / 1000, wh % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hydra_fleet::outcome::{Relay, Supplier};

    #[test]
    fn units_are_written_exactly() {
        assert_eq!(money(5), "£0.05");
        assert_eq!(money(123_456), "£1234.56");
        assert_eq!(kwh(1_000_007), "1000.007");
    }

    /// The page says what was found, not what was hoped for.
    #[test]
    fn what_must_not_be_is_on_the_page() {
        let mut outcome = Outcome {
            statement: Statement {
                from: "2013-02-01".to_owned(),
                to: "2013-02-02".to_owned(),
                account: "A".to_owned(),
                tariff: "T".to_owned(),
                lines: Vec::new(),
                standing_pence: 0,
                vat_pence: 0,
                total_pence: 0,
                missing_intervals: 0,
                repeated_intervals: 0,
                opening_wh: 0,
                closing_wh: 0,
                authenticated: false,
                recomputed: true,
            },
            supplier: Supplier {
                total_pence: 0,
                verified: true,
                cose: String::new(),
                finer: None,
            },
            health: Vec::new(),
            relay: Relay {
                messages: 0,
                bytes: 0,
                plaintext_hits: 0,
                searched: 0,
                control_found: true,
                topics: Vec::new(),
                commands: Vec::new(),
                clear: Vec::new(),
            },
            parties: Vec::new(),
            wrong: Vec::new(),
            seconds: 0.0,
        };
        let good = Page(&outcome).to_string();
        for said in [
            "no line, no register, no interval",
            "each message is sealed",
        ] {
            assert!(good.contains(said), "{good}");
        }
        outcome.supplier.finer = Some("8 hidden claims are opened".to_owned());
        outcome.relay.clear = vec!["a topic: a message that is not sealed".to_owned()];
        let bad = Page(&outcome).to_string();
        for said in ["no line", "each message is sealed"] {
            assert!(!bad.contains(said), "{bad}");
        }
        for said in ["AND FINER: 8 hidden claims", "AND IN THE CLEAR a topic"] {
            assert!(bad.contains(said), "{bad}");
        }
    }
}
