//! `hydra demo`: reads what to play, shows how far it is, prints what happened.

mod page;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;
use hydra_fleet::readings::{Days, Readings};
use hydra_fleet::world::{self, Play, Stage};
use hydra_tariff::Tariff;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::{Date, date};

use self::page::Page;
use crate::print;

const READINGS: &str = include_str!("../../../data/electricity-half-hourly.csv");
const TARIFF: &str = include_str!("../../../data/two-rate.toml");

/// Play a month of a real home, and every server, in one process, and print what happened.
///
/// The home's readings go in; a signed statement comes out at the energy supplier, a health record at the clinic, and nobody in between
/// learns anything.
#[derive(Args)]
#[command(
    after_help = "Example:\n  hydra demo --readings home.csv --tariff mine.toml --from 2024-01-01 --to 2024-02-01 --seed 1 --json"
)]
pub(crate) struct Demo {
    /// CSV file with the columns start,kwh; a home of 2013 if none is given
    #[arg(long, value_name = "FILE")]
    readings: Option<PathBuf>,
    /// TOML file of the tariff; two rates if none is given
    #[arg(long, value_name = "FILE")]
    tariff: Option<PathBuf>,
    /// First day, UTC; of your own readings the first whole month if none is given
    #[arg(long, value_name = "DATE", requires = "to", value_parser = day)]
    from: Option<Date>,
    /// Day after the last
    #[arg(long, value_name = "DATE", requires = "from", value_parser = day)]
    to: Option<Date>,
    /// Draw keys, salts, opening register and health values from this number: two runs print the same
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Print everything as one JSON object
    #[arg(long)]
    json: bool,
    /// Leave card image, messages and certificates here, and go on from what is here
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

impl Demo {
    /// Plays and prints.
    pub(crate) fn run(self) -> Result<()> {
        let bar = ProgressBar::new_spinner();
        bar.set_style(ProgressStyle::with_template("{spinner} {msg}")?);
        bar.set_message("starting");
        bar.tick();
        let json = self.json;
        let play = self.play()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let outcome = runtime.block_on(world::play(play, |stage| show(&bar, stage)));
        bar.finish_and_clear();
        let outcome = outcome?;
        let text = if json {
            serde_json::to_string_pretty(&outcome)? + "\n"
        } else {
            Page(&outcome).to_string()
        };
        print::all(&text)?;
        // Not on standard output, where two runs with one seed print the same: how MQTT's acknowledgements
        // fall together, and so how many bytes there are to search, is a matter of timing.
        print::aside(format_args!(
            "played in {:.1} s; searched all {} bytes that the relay handled",
            outcome.seconds, outcome.relay.searched
        ));
        // Printed all the same: whoever reads can see what was found.
        ensure!(outcome.wrong.is_empty(), "{}", outcome.wrong.join("; "));
        Ok(())
    }

    fn play(self) -> Result<Play> {
        let readings = match &self.readings {
            Some(path) => Readings::open(path)?,
            None => Readings::parse(READINGS, Path::new("electricity-half-hourly.csv"))?,
        };
        let days = match (self.from, self.to) {
            (Some(from), Some(to)) => Days { from, to },
            _ if self.readings.is_none() => Days {
                from: date(2013, 2, 1),
                to: date(2013, 3, 1),
            },
            _ => readings.first_month()?,
        };
        let rows = readings.within(&days)?;
        ensure!(
            !rows.is_empty(),
            "there are no readings from {} to {}",
            days.from,
            days.to
        );
        Ok(Play {
            readings: rows,
            interval: readings.interval,
            days,
            tariff: tariff(self.tariff.as_deref())?,
            seed: self.seed,
            keep: self.keep,
        })
    }
}

/// A week of the home of 2013, for measuring.
pub(crate) fn week(keep: Option<PathBuf>) -> Result<Play> {
    let demo = Demo {
        readings: None,
        tariff: None,
        from: Some(date(2013, 2, 1)),
        to: Some(date(2013, 2, 8)),
        seed: None,
        json: false,
        keep,
    };
    demo.play()
}

/// A day, `YYYY-MM-DD` and nothing more.
fn day(text: &str) -> Result<Date> {
    ensure!(
        text.len() == "2013-02-01".len(),
        "a day is written YYYY-MM-DD"
    );
    Ok(text.parse()?)
}

fn tariff(path: Option<&Path>) -> Result<Tariff> {
    let Some(path) = path else {
        return Ok(Tariff::from_toml(TARIFF)?);
    };
    let text =
        std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    Tariff::from_toml(&text)
        .map_err(|error| anyhow!("{}:{}: {}", path.display(), error.line, error.what))
}

fn show(bar: &ProgressBar, stage: Stage) {
    match stage {
        Stage::Starting => bar.set_message("making card, relay and servers"),
        Stage::Provisioning => bar.set_message("loading and installing the applets over the relay"),
        Stage::Playing { done, of } => {
            if bar.length() != Some(of) {
                bar.set_length(of);
                if let Ok(style) =
                    ProgressStyle::with_template("{spinner} {msg} {bar:40} {pos}/{len}")
                {
                    bar.set_style(style);
                }
                bar.set_message("playing the devices");
            }
            bar.set_position(done);
        }
        Stage::Closing => bar.set_message("closing the period"),
        Stage::Searching => bar.set_message("searching what the relay saw"),
    }
    bar.tick();
}
