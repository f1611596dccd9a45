//! `hydra card`: cards in image files.

mod info;
mod run;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use hydra_card::{CardConfig, Profile, Random};
use hydra_crypto::{SeededRandom, SystemRandom};
use hydra_gp::KeySet;
use hydra_slot::{Slot, SlotError, snapshot};
use hydra_wire::hex;

use self::info::Info;
use self::run::Run;
use crate::print;
use crate::protect::Protect;
use crate::record::{self, Record};

/// Make, run and look into cards in image files.
#[derive(Subcommand)]
pub(crate) enum Card {
    New(New),
    Info(Info),
    Run(Run),
    Snapshot(Snapshot),
    Restore(Restore),
}

impl Card {
    /// Does it and prints what came of it.
    pub(crate) fn run(self) -> Result<()> {
        match self {
            Self::New(new) => new.run(),
            Self::Info(info) => info.run(),
            Self::Run(run) => run.run(),
            Self::Snapshot(snapshot) => snapshot.run(),
            Self::Restore(restore) => restore.run(),
        }
    }
}

/// Make a new card in an image file.
///
/// Its manufacturing record, with the issuer security domain's keys, goes to FILE.record.json beside the image, readable by its owner
/// alone. Whoever has it owns the card.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  hydra card new --image card.img --test-keys\n  hydra card new --image card.img --key-file image.key --counter image.counter"
)]
pub(crate) struct New {
    /// The image; it must not exist
    #[arg(long, value_name = "FILE")]
    image: PathBuf,
    /// The issuer security domain's AES keys: one, or ENC, MAC and DEK one after another; drawn if not given
    #[arg(long, value_name = "HEX", value_parser = record::keys, conflicts_with = "test_keys")]
    keys: Option<KeySet>,
    /// Take the keys 40…4F that every tool tries first: for development alone
    #[arg(long)]
    test_keys: bool,
    /// The card's name in its messages, 8 bytes; drawn if not given
    #[arg(long, value_name = "HEX", value_parser = card_id)]
    id: Option<[u8; 8]>,
    /// How much memory it has: `standard`, or `classic` for what a card of the 2.2 generation had
    #[arg(long, value_name = "NAME", default_value = "standard", value_parser = profile)]
    profile: Profile,
    /// Draw everything from this number: for tests alone
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    #[command(flatten)]
    protect: Protect,
}

impl New {
    fn run(self) -> Result<()> {
        let config = CardConfig {
            card_id: self.id,
            issuer_keys: self.keys.or_else(|| self.test_keys.then(record::test_keys)),
            profile: self.profile,
        };
        let random: Box<dyn Random + Send> = match self.seed {
            Some(seed) => Box::new(SeededRandom::new(&seed.to_be_bytes())),
            None => Box::new(SystemRandom::new()?),
        };
        let mut id = String::new();
        let protection = self.protect.read()?;
        Slot::create_protected(&self.image, protection, random, config, |made| {
            id = hex::encode(&made.card_id);
            Record::new(made).leave(&self.image)
        })?;
        print::line(format_args!(
            "card {id} in {}, its keys in {}",
            self.image.display(),
            Record::path(&self.image).display()
        ))
    }
}

/// Keep a copy of the card under a name, or list the copies.
///
/// A card that was made with a counter starts from its newest state alone, and so has none.
#[derive(Args)]
#[command(after_help = "Example:\n  hydra card snapshot --image card.img before-delete")]
pub(crate) struct Snapshot {
    /// The card; it must not be in use
    #[arg(long, value_name = "FILE")]
    image: PathBuf,
    /// The copy's name; without one the names there are are printed
    name: Option<String>,
    /// Replace a copy of this name
    #[arg(long, requires = "name")]
    force: bool,
}

impl Snapshot {
    fn run(self) -> Result<()> {
        match &self.name {
            Some(name) if self.force => Ok(snapshot::replace(&self.image, name)?),
            Some(name) => match snapshot::take(&self.image, name) {
                Err(error @ SlotError::SnapshotExists { .. }) => {
                    bail!("{error}: --force replaces it")
                }
                taken => Ok(taken?),
            },
            None => snapshot::list(&self.image)?
                .iter()
                .try_for_each(print::line),
        }
    }
}

/// Put the card back to a copy that `hydra card snapshot` kept.
///
/// The card as it was is kept as the copy `before-restore`, in place of the one before: restoring that undoes it. A card that was
/// made with a counter can't go back; then nothing is written.
#[derive(Args)]
#[command(after_help = "Example:\n  hydra card restore --image card.img before-delete")]
pub(crate) struct Restore {
    /// The card; it must not be in use
    #[arg(long, value_name = "FILE")]
    image: PathBuf,
    /// The copy's name
    name: String,
}

impl Restore {
    fn run(self) -> Result<()> {
        snapshot::restore(&self.image, &self.name)?;
        print::line(format_args!(
            "{} is as in {}; as it was it is kept as {}",
            self.image.display(),
            self.name,
            snapshot::ASIDE
        ))
    }
}

/// Powers up the card of an image.
pub(crate) fn open(image: &Path, protect: &Protect) -> Result<Slot> {
    let random = Box::new(SystemRandom::new()?);
    Ok(Slot::open_protected(image, protect.read()?, random)?)
}

/// Powers up a copy of the card of an image, to look at it: nothing is written.
pub(crate) fn look(image: &Path, protect: &Protect) -> Result<Slot> {
    let random = Box::new(SystemRandom::new()?);
    Ok(Slot::look(image, protect.look()?, random)?)
}

fn profile(text: &str) -> Result<Profile> {
    Profile::named(text).with_context(|| {
        let names = Profile::NAMED.map(|(name, _)| name);
        format!("the profiles are {}", names.join(", "))
    })
}

fn card_id(text: &str) -> Result<[u8; 8]> {
    hex::decode(text)
        .and_then(|bytes| bytes.try_into().ok())
        .context("a card's name is 8 bytes in hexadecimal")
}
