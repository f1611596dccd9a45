//! What a security domain remembers on one channel from its selection on: the secure channel, and commands that need
//! more than one APDU.

use alloc::vec::Vec;

use hydra_gp::GetStatus;
use hydra_gp::load_file::Loading;
use hydra_gp::scp03::{CardPending, CardSession};
use hydra_wire::Aid;

use crate::open::registry::EntryId;

/// A security domain's application session.
#[derive(Default)]
pub(crate) struct Session {
    pub(crate) secure_channel: SecureChannel,
    /// INSTALL [for load] came; LOAD follows.
    pub(crate) loading: Option<LoadRequest>,
    /// INSTALL [for personalization] came; STORE DATA for this application follows.
    pub(crate) personalizing: Option<EntryId>,
    /// STORE DATA blocks for the domain itself.
    pub(crate) storing: Option<Storing>,
    /// A GET STATUS question whose answer did not fit, and how many entries were given.
    pub(crate) listing: Option<(GetStatus, usize)>,
}

/// How far SCP03 has come (Amendment D §5.3).
#[derive(Default)]
pub(crate) enum SecureChannel {
    #[default]
    None,
    /// INITIALIZE UPDATE came.
    Pending(CardPending),
    /// EXTERNAL AUTHENTICATE was right. A session aborted since refuses every command.
    Open(CardSession),
}

/// A load in progress. It is not durable: power or a reset ends it, and nothing of it remains.
pub(crate) struct LoadRequest {
    pub(crate) load_file: Aid,
    pub(crate) domain: EntryId,
    /// Load file data block hash, of a length that names its algorithm, or nothing.
    pub(crate) hash: Vec<u8>,
    pub(crate) blocks: Loading,
}

/// STORE DATA blocks so far.
#[derive(Default)]
pub(crate) struct Storing {
    pub(crate) next: u8,
    pub(crate) bytes: Vec<u8>,
}

impl Session {
    /// Ends what consists of several commands of another instruction than this one.
    pub(crate) fn continue_with(&mut self, instruction: Instruction) {
        if instruction != Instruction::Load {
            self.loading = None;
        }
        if instruction != Instruction::StoreData {
            self.personalizing = None;
            self.storing = None;
        }
        if instruction != Instruction::GetStatus {
            self.listing = None;
        }
    }
}

/// The instructions whose commands continue each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instruction {
    Load,
    StoreData,
    GetStatus,
    Other,
}
