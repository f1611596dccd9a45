//! What is to be on a card: the library, and for each duty a domain, a package, an applet, routes and policies.

use hydra_cap::CapFile;
use hydra_message::{Destination, Digest, Purpose};
use hydra_wire::{Aid, AidError};

use crate::protocol::{self, aid};

/// A package to be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its AID.
    pub aid: Aid,
    /// AIDs of its applets.
    pub modules: Vec<Aid>,
    /// The load file data block.
    pub load_file: Vec<u8>,
    /// SHA-256 over its components, as attestations name it.
    pub code_hash: Digest,
}

/// A duty: a domain of a provider, with one applet in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// Name and port of the provider.
    pub provider: String,
    /// Its security domain.
    pub domain: Aid,
    /// The package.
    pub package: Package,
    /// The applet class.
    pub module: Aid,
    /// The applet.
    pub instance: Aid,
    /// Device ports, and the command that each becomes.
    pub devices: Vec<(String, [u8; 4])>,
    /// What may leave: purpose, destination, port. The householder's copies need no policy.
    pub policies: Vec<(Purpose, Destination, String)>,
}

/// Everything that is to be on a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The interface library to the outbox.
    pub library: Package,
    /// The duties.
    pub duties: Vec<Duty>,
}

/// Why a plan cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A CAP file.
    #[error("the CAP file of {name}")]
    Cap {
        /// Which.
        name: &'static str,
        /// What is wrong with it.
        source: hydra_cap::CapError,
    },
    /// The package has no applet.
    #[error("the package {0} has no applet")]
    NoApplet(Aid),
    /// An AID of ours; cannot happen while protocols §1 stands.
    #[error(transparent)]
    Aid(#[from] AidError),
}

/// Sealed bytes that a policy lets out before the issuer has to renew it.
const BUDGET: u32 = 64 << 20;

impl Package {
    /// The package of a CAP file (zip).
    pub fn from_cap(name: &'static str, zip: &[u8]) -> Result<Self, PlanError> {
        let cap = CapFile::from_zip(zip).map_err(|source| PlanError::Cap { name, source })?;
        Ok(Self {
            aid: cap.aid().clone(),
            modules: cap.applets().iter().map(|a| a.aid.clone()).collect(),
            load_file: cap.to_load_file(),
            code_hash: cap.code_hash(),
        })
    }
}

impl Plan {
    /// One home with two duties: the outbox library, electricity for the supplier, telehealth for telecare.
    pub fn home(outbox: &[u8], electricity: &[u8], telehealth: &[u8]) -> Result<Self, PlanError> {
        let electricity = Duty {
            devices: vec![("meter.electricity".to_owned(), [0x80, 0xD0, 0x00, 0x00])],
            policies: vec![
                (
                    Purpose::Statement,
                    Destination::Provider,
                    protocol::SUPPLIER.to_owned(),
                ),
                (
                    Purpose::Intervals,
                    Destination::Householder,
                    protocol::HOUSEHOLDER.to_owned(),
                ),
            ],
            ..Self::duty(
                protocol::SUPPLIER,
                aid::ELECTRICITY_DOMAIN,
                aid::ELECTRICITY,
                Package::from_cap("electricity", electricity)?,
            )?
        };
        let telehealth = Duty {
            devices: ["health.bp", "health.scale"]
                .map(|port| (port.to_owned(), [0x80, 0xD2, 0x00, 0x00]))
                .to_vec(),
            policies: vec![(
                Purpose::Measurement,
                Destination::Provider,
                protocol::TELECARE.to_owned(),
            )],
            ..Self::duty(
                protocol::TELECARE,
                aid::TELEHEALTH_DOMAIN,
                aid::TELEHEALTH,
                Package::from_cap("telehealth", telehealth)?,
            )?
        };
        Ok(Self {
            library: Package::from_cap("outbox", outbox)?,
            duties: vec![electricity, telehealth],
        })
    }

    fn duty(
        provider: &str,
        domain: &str,
        instance: &str,
        package: Package,
    ) -> Result<Duty, PlanError> {
        let module = package.modules.first().cloned();
        Ok(Duty {
            provider: provider.to_owned(),
            domain: domain.parse()?,
            module: module.ok_or_else(|| PlanError::NoApplet(package.aid.clone()))?,
            instance: instance.parse()?,
            package,
            devices: Vec::new(),
            policies: Vec::new(),
        })
    }

    /// Routes and policies as STORE DATA objects.
    pub(crate) fn objects(&self) -> Vec<u8> {
        let mut objects = protocol::script_route_object(protocol::ISSUER);
        for duty in &self.duties {
            objects.extend(protocol::script_route_object(&duty.provider));
            for (port, header) in &duty.devices {
                objects.extend(protocol::applet_route_object(port, &duty.instance, *header));
            }
            for (purpose, destination, port) in &duty.policies {
                objects.extend(protocol::policy_object(
                    &duty.domain,
                    *purpose,
                    *destination,
                    port,
                    BUDGET,
                ));
            }
        }
        objects
    }
}
