use std::io;
use std::path::{Path, PathBuf};

use hydra_card::nvm::MemoryStorage;
use hydra_card::{Card, CardConfig, ManufacturingRecord, Mute, Profile};
use hydra_crypto::PublicKey;
use hydra_offcard::issuer::{CardIssuer, CardRecord};
use hydra_slot::Slot;
use hydra_wire::CardLink;
use thiserror::Error;

use super::{HUB, Vault, WorldError};

/// The home's card: in an image file, or in memory when nothing is kept.
pub(super) enum Plug {
    /// In memory.
    Memory(Box<Card>),
    /// In an image.
    Image {
        /// The card.
        slot: Box<Slot>,
        /// The image.
        path: PathBuf,
    },
}

/// The card has gone mute.
#[derive(Debug, Error)]
pub(super) enum PlugError {
    /// In memory.
    #[error("the card")]
    Memory(#[source] Mute),
    /// In an image.
    #[error("{}", path.display())]
    Image {
        /// The image.
        path: PathBuf,
        /// The card's own words.
        source: Mute,
    },
}

impl Plug {
    /// Makes the card, and tells the issuer of it, or finds the one that was made before. Gives the card's id too.
    pub(super) fn in_home(
        vault: &Vault,
        issuer: &mut CardIssuer,
    ) -> Result<(Self, [u8; 8]), WorldError> {
        let random = vault.random("card")?;
        let card_id = vault.draw("card id")?;
        let config = CardConfig {
            card_id: Some(card_id),
            issuer_keys: None,
            profile: Profile::STANDARD,
        };
        let Some(image) = vault.path("card.image") else {
            let (card, record) = Card::create(Box::new(MemoryStorage::new()), random, config)?;
            issuer.issue(HUB, known(&record)?)?;
            return Ok((Self::Memory(Box::new(card)), card_id));
        };
        let slot = if image.exists() {
            Slot::open(&image, random)?
        } else {
            Slot::create(&image, random, config, |record| {
                let record = known(record).map_err(io::Error::other)?;
                issuer.issue(HUB, record).map_err(io::Error::other)
            })?
        };
        let slot = Box::new(slot);
        Ok((Self::Image { slot, path: image }, card_id))
    }
}

fn known(record: &ManufacturingRecord) -> Result<CardRecord, WorldError> {
    let attestation_key =
        PublicKey::from_bytes(&record.attestation_key).map_err(|_| WorldError::Refused {
            who: "the card",
            why: "its attestation key is no point of P-256".to_owned(),
        })?;
    Ok(CardRecord {
        card_id: record.card_id,
        keys: record.issuer_keys.clone(),
        attestation_key,
    })
}

impl CardLink for Plug {
    type Error = PlugError;

    fn reset(&mut self) -> Result<Vec<u8>, PlugError> {
        match self {
            Self::Memory(card) => card.reset().map_err(PlugError::Memory),
            Self::Image { slot, path } => slot.reset().map_err(mute(path)),
        }
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, PlugError> {
        match self {
            Self::Memory(card) => card.transmit(command).map_err(PlugError::Memory),
            Self::Image { slot, path } => slot.transmit(command).map_err(mute(path)),
        }
    }
}

fn mute(path: &Path) -> impl FnOnce(Mute) -> PlugError {
    |source| PlugError::Image {
        path: path.to_owned(),
        source,
    }
}
