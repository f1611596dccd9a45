//! What is on a card, for people and as JSON.

mod api;

use std::fmt;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use hydra_card::{Inventory, InventoryEntry, InventoryKind};
use hydra_wire::hex;
use serde_json::{Value, json};

use crate::print;
use crate::protect::Protect;

/// Show what is on a card: its state, its registry, its free memory; or what of the Java Card API every card has.
///
/// Nothing is written, neither the image nor the counter.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  hydra card info --image card.img --json\n  hydra card info --api"
)]
pub(crate) struct Info {
    /// The card; it must not be in use
    #[arg(long, value_name = "FILE", required_unless_present = "api")]
    image: Option<PathBuf>,
    /// Print each package of the Java Card API with its native, refused and declared methods in each release instead
    #[arg(long, conflicts_with = "image")]
    api: bool,
    /// Print it as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    protect: Protect,
}

impl Info {
    pub(super) fn run(self) -> Result<()> {
        let Some(image) = self.image else {
            return api::run(self.json);
        };
        let inventory = super::look(&image, &self.protect)?.card().inventory();
        if self.json {
            print::line(serde_json::to_string_pretty(&object(&inventory))?)
        } else {
            print::all(&Text(&inventory).to_string())
        }
    }
}

fn object(inventory: &Inventory) -> Value {
    json!({
        "card_id": hex::encode(&inventory.card_id),
        "state": format!("{:?}", inventory.state),
        "registry": inventory.entries.iter().map(entry).collect::<Vec<_>>(),
        "free": {
            "persistent": inventory.free_persistent,
            "clear_on_reset": inventory.free_reset,
            "clear_on_deselect": inventory.free_deselect,
        },
    })
}

fn entry(entry: &InventoryEntry) -> Value {
    let mut object = json!({
        "aid": entry.aid.to_string(),
        "kind": kind(&entry.kind),
        "life_cycle": entry.life_cycle,
        "privileges": hex::encode(&entry.privileges.to_bytes()),
        "domain": entry.domain.as_ref().map(ToString::to_string),
    });
    match &entry.kind {
        InventoryKind::Applet { load_file, module } => {
            object["load_file"] = json!(load_file.as_ref().map(ToString::to_string));
            object["module"] = json!(module.to_string());
        }
        InventoryKind::LoadFile {
            version,
            code,
            modules,
        } => {
            object["version"] = json!(format!("{}.{}", version[0], version[1]));
            object["code"] = json!(hex::encode(code));
            object["modules"] = modules.iter().map(ToString::to_string).collect();
        }
        InventoryKind::IssuerDomain | InventoryKind::Domain | InventoryKind::Terminal => {}
    }
    object
}

fn kind(kind: &InventoryKind) -> &'static str {
    match kind {
        InventoryKind::IssuerDomain => "issuer domain",
        InventoryKind::Domain => "domain",
        InventoryKind::Terminal => "virtual terminal",
        InventoryKind::Applet { .. } => "applet",
        InventoryKind::LoadFile { .. } => "load file",
    }
}

struct Text<'a>(&'a Inventory);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(inventory) = self;
        writeln!(
            f,
            "card {}, {:?}",
            hex::encode(&inventory.card_id),
            inventory.state
        )?;
        for entry in &inventory.entries {
            write!(
                f,
                "  {:<17}{:<34}life cycle {:02X}",
                kind(&entry.kind),
                entry.aid.to_string(),
                entry.life_cycle
            )?;
            match &entry.kind {
                InventoryKind::Applet {
                    load_file: Some(file),
                    ..
                } => writeln!(f, ", of {file}")?,
                InventoryKind::LoadFile { version, .. } => {
                    writeln!(f, ", version {}.{}", version[0], version[1])?;
                }
                _ => writeln!(f)?,
            }
        }
        writeln!(
            f,
            "free: {} bytes persistent, {} until reset, {} until deselection",
            inventory.free_persistent, inventory.free_reset, inventory.free_deselect
        )
    }
}
