use anyhow::{Context, Result, bail};
use clap::Args;
use hydra_gp::{KeyInfo, KeySet};
use serde_json::json;

use super::Managed;
use crate::print;
use crate::record::{self, Record};

/// Tag of the key information template (GPCS 2.3.1 §11.3.3.1).
const KEY_INFORMATION: u16 = 0x00E0;

/// List the issuer security domain's keys, or put a key set.
///
/// A key set that is put takes the place of the one the channel was opened with, unless --add is said. For a card in an image file
/// FILE.record.json holds the new keys afterwards.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  hydra gp keys --image card.img\n  hydra gp keys --image card.img --put 000102030405060708090A0B0C0D0E0F --version 49"
)]
pub(crate) struct Keys {
    #[command(flatten)]
    card: Managed,
    /// Put these AES keys: one, or ENC, MAC and DEK one after another
    #[arg(long, value_name = "HEX", value_parser = record::keys, requires = "version")]
    put: Option<KeySet>,
    /// The new key set's version, 1 to 127
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=127))]
    version: Option<u8>,
    /// Put it beside the ones there are
    #[arg(long, requires = "put")]
    add: bool,
    /// Print the keys as one JSON array
    #[arg(long, conflicts_with = "put")]
    json: bool,
}

impl Keys {
    pub(super) fn run(self) -> Result<()> {
        let mut client = self.card.client()?;
        if let Some(mut keys) = self.put {
            keys.version = self.version.context("a key set has a version")?;
            let used = client
                .session()
                .map(hydra_gp::scp03::HostSession::key_version)
                .context("no secure channel is open")?;
            let record = match self.card.card.image() {
                // The record must not lose the only keys there are: the new ones are on disk before the card has them.
                Some(image) if Record::path(image).exists() => {
                    Some((Record::find(image)?.with_keys(&keys).prepare(image)?, image))
                }
                _ => None,
            };
            client.put_keys(if self.add { 0 } else { used }, &keys)?;
            if let Some((prepared, image)) = record {
                prepared.leave(image)?;
            }
            return print::line(format_args!("put key set {}", keys.version));
        }
        let keys = KeyInfo::read_template(&client.get_data(KEY_INFORMATION)?)?;
        if self.json {
            let rows: Vec<_> = keys
                .iter()
                .map(|key| {
                    json!({
                        "version": key.version,
                        "id": key.id,
                        "type": key.key_type,
                        "length": key.length,
                    })
                })
                .collect();
            return print::line(serde_json::to_string_pretty(&rows)?);
        }
        if keys.is_empty() {
            bail!("the domain tells of no keys");
        }
        for key in keys {
            let kind = match key.key_type {
                0x80 => "DES".to_owned(),
                0x88 => "AES".to_owned(),
                other => format!("type {other:02X}"),
            };
            print::line(format_args!(
                "version {:3}  id {:3}  {kind} of {} bytes",
                key.version, key.id, key.length
            ))?;
        }
        Ok(())
    }
}
