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
        writeln!(
            f,
            "  signed statement: {} bytes, no line, no register, no interval",
            supplier.cose.len() / 2
        )?;
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
            "  {:<40}{:>5} messages{:>12} bytes",
            topic.name, topic.messages, topic.bytes
        )?;
    }
    writeln!(
        f,
        "  {} messages, {} bytes; who, when and size class, nothing else:\n  \
         searched for canaries and plaintext: {} found; the same search finds what is planted: {}",
        relay.messages,
        relay.bytes,
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

    #[test]
    fn units_are_written_exactly() {
        assert_eq!(money(5), "£0.05");
        assert_eq!(money(123_456), "£1234.56");
        assert_eq!(kwh(1_000_007), "1000.007");
    }
}
