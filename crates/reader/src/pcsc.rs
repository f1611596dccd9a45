//! A card in a PC/SC reader.

use ::pcsc::{Card, Context, Disposition, Protocol, Protocols, Scope, ShareMode};
use hydra_wire::{ApduError, CardLink, Command};
use thiserror::Error;

/// Room for the longest response APDU.
const LONGEST: usize = 65_538;

/// Why a reader gave no answer.
#[derive(Debug, Error)]
pub enum PcscError {
    /// PC/SC's own error.
    #[error("{action}")]
    Pcsc {
        /// What was tried.
        action: String,
        /// The error.
        source: ::pcsc::Error,
    },
    /// No reader's name holds this.
    #[error("no reader is called {name:?}; there are: {}", if there.is_empty() { "none".to_owned() } else { there.join(", ") })]
    NoReader {
        /// What was asked for.
        name: String,
        /// The readers there are.
        there: Vec<String>,
    },
    /// The command is no command APDU, so that it cannot be told to a T=0 card.
    #[error("what is to be sent is no command APDU")]
    Command(#[from] ApduError),
}

fn failed(action: impl Into<String>) -> impl FnOnce(::pcsc::Error) -> PcscError {
    let action = action.into();
    move |source| PcscError::Pcsc { action, source }
}

/// The names of the readers that PC/SC knows.
pub fn readers() -> Result<Vec<String>, PcscError> {
    let context = Context::establish(Scope::User).map_err(failed("reaching the PC/SC service"))?;
    names(&context)
}

fn names(context: &Context) -> Result<Vec<String>, PcscError> {
    match context.list_readers_owned() {
        Ok(names) => Ok(names
            .into_iter()
            .map(|name| name.to_string_lossy().into_owned())
            .collect()),
        Err(::pcsc::Error::NoReadersAvailable) => Ok(Vec::new()),
        Err(error) => Err(failed("listing the readers")(error)),
    }
}

/// A connection to the card in a reader, which nobody else uses meanwhile.
pub struct PcscLink {
    card: Card,
    protocol: Option<Protocol>,
}

impl PcscLink {
    /// Connects to the card in the first reader whose name holds `name`.
    pub fn open(name: &str) -> Result<Self, PcscError> {
        let context =
            Context::establish(Scope::User).map_err(failed("reaching the PC/SC service"))?;
        let there = names(&context)?;
        let found = there.iter().find(|each| each.contains(name));
        let Some(reader) = found.and_then(|name| std::ffi::CString::new(name.as_str()).ok()) else {
            return Err(PcscError::NoReader {
                name: name.to_owned(),
                there,
            });
        };
        let card = context
            .connect(&reader, ShareMode::Exclusive, Protocols::ANY)
            .map_err(failed(format!("connecting to the card in {name:?}")))?;
        let mut link = Self {
            card,
            protocol: None,
        };
        link.status()?;
        Ok(link)
    }

    /// The answer to reset; the protocol that was chosen with it is kept.
    fn status(&mut self) -> Result<Vec<u8>, PcscError> {
        let status = self
            .card
            .status2_owned()
            .map_err(failed("reading the card's status"))?;
        self.protocol = status.protocol2();
        Ok(status.atr().to_vec())
    }
}

impl CardLink for PcscLink {
    type Error = PcscError;

    fn reset(&mut self) -> Result<Vec<u8>, PcscError> {
        self.card
            .reconnect(ShareMode::Exclusive, Protocols::ANY, Disposition::ResetCard)
            .map_err(failed("resetting the card"))?;
        self.status()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, PcscError> {
        let mut shortened = None;
        if self.protocol == Some(Protocol::T0) {
            // ISO/IEC 7816-3 §12.2.1: a command with data has no Le; GET RESPONSE fetches what comes.
            let mut parsed = Command::parse(command)?;
            if !parsed.data.is_empty() && !parsed.extended {
                parsed.ne = None;
                shortened = Some(parsed.to_bytes());
            }
        }
        let mut response = vec![0; LONGEST];
        let response = self
            .card
            .transmit(shortened.as_deref().unwrap_or(command), &mut response)
            .map_err(failed("sending a command"))?;
        Ok(response.to_vec())
    }
}
