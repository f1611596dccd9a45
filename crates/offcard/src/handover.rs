//! What the Card Issuer hands a provider for one home, outside the relay: the home's card and domain, the keys of the
//! domain, its certificate, and which code to expect.

use hydra_gp::KeySet;
use hydra_message::Digest;
use hydra_wire::Aid;

use crate::verify::Speaker;

/// A provider's title to one domain of one card. It holds the domain's keys: keep it as they are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// The hub around the card.
    pub hub: String,
    /// The card.
    pub card_id: [u8; 8],
    /// The provider's security domain.
    pub domain: Aid,
    /// Its applet.
    pub instance: Aid,
    /// SHA-256 of the code that the applet has to be.
    pub code_hash: Digest,
    /// The domain's key set, version `31`.
    pub keys: KeySet,
    /// The certificate chain of the domain's key, leaf first, to be stored in the domain.
    pub chain: Vec<Vec<u8>>,
}

impl Handover {
    /// Who speaks from this domain: all of the title that is no secret.
    pub fn speaker(&self) -> Speaker {
        Speaker {
            card_id: self.card_id,
            domain: self.domain.clone(),
            instance: self.instance.clone(),
            code_hash: self.code_hash,
        }
    }
}
