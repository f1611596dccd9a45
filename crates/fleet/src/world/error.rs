use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a month could not be played.
#[derive(Debug, Error)]
pub enum WorldError {
    /// A file of the folder to keep.
    #[error("{}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A file of the folder to keep that was there has gone: what it said can't be known again.
    #[error("{} is lost, and the play can't go on without it", path.display())]
    Lost {
        /// The file.
        path: PathBuf,
    },
    /// A file of the folder to keep was changed since it was written.
    #[error("{} is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The folder holds what another command has left.
    #[error("{} was made with other options: {what}", path.display())]
    OtherPlay {
        /// The folder.
        path: PathBuf,
        /// Which.
        what: String,
    },
    /// A party refused what it was given.
    #[error("{who}: {why}")]
    Refused {
        /// Who.
        who: &'static str,
        /// Why.
        why: String,
    },
    /// Nothing has happened for a long time.
    #[error("nothing more comes from {what}")]
    Stalled {
        /// What was waited for.
        what: &'static str,
    },
    /// The system's generator.
    #[error("the system's random generator")]
    Generator(#[from] hydra_crypto::GeneratorFailed),
    /// A TLS certificate.
    #[error("making a certificate")]
    Certificate(#[from] rcgen::Error),
    /// A certificate of the issuer's.
    #[error(transparent)]
    Issue(#[from] hydra_offcard::ca::IssueError),
    /// The issuer's root.
    #[error(transparent)]
    Chain(#[from] hydra_offcard::ca::ChainError),
    /// What is to be on the card.
    #[error(transparent)]
    Plan(#[from] hydra_offcard::issuer::PlanError),
    /// The state of an off-card entity.
    #[error(transparent)]
    State(#[from] hydra_offcard::provider::StateError),
    /// A party's shell.
    #[error(transparent)]
    Shell(#[from] hydra_offcard::wan::ShellError),
    /// The householder's shell.
    #[error(transparent)]
    Home(#[from] hydra_offcard::home::HomeError),
    /// The days.
    #[error(transparent)]
    Readings(#[from] crate::readings::ReadingsError),
    /// The billing period.
    #[error(transparent)]
    Period(#[from] hydra_tariff::PeriodError),
    /// The supplier's terms.
    #[error(transparent)]
    Terms(#[from] hydra_offcard::supplier::AgreeError),
    /// The meter.
    #[error(transparent)]
    Meter(#[from] crate::meter::MeterError),
    /// A device.
    #[error(transparent)]
    Device(#[from] crate::device::DeviceError),
    /// The hub.
    #[error("the hub")]
    Hub(#[from] hydra_hub::HubError),
    /// The relay.
    #[error("the relay")]
    Relay(#[from] hydra_relay::RelayError),
    /// A link to the relay.
    #[error("a link to the relay")]
    Link(#[from] hydra_link::LinkError),
    /// The card.
    #[error("the card")]
    Card(#[from] hydra_card::CardError),
    /// The card's image.
    #[error(transparent)]
    Slot(#[from] hydra_slot::SlotError),
    /// The signed statement.
    #[error("the statement")]
    Message(#[from] hydra_message::Error),
}
