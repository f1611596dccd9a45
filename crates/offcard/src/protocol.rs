//! Names and numbers of protocols §1, §3 and §5 that the servers need.

use hydra_gp::command::push_dgi;
use hydra_gp::scp03::{Mode, SecurityLevel};
use hydra_gp::{DataFormat, GetData, StoreData};
use hydra_message::{Destination, Purpose};
use hydra_wire::{Aid, Command, tlv};

/// AIDs of protocols §1, as hexadecimal text.
pub mod aid {
    /// The issuer security domain.
    pub const ISSUER_DOMAIN: &str = "A000000151000000";
    /// Load file of a supplementary security domain; resident.
    pub const DOMAIN_FILE: &str = "A0000001515350";
    /// Its module.
    pub const DOMAIN_MODULE: &str = "A000000151535041";
    /// Security domain of the duty electricity.
    pub const ELECTRICITY_DOMAIN: &str = "F0485944520102";
    /// Security domain of the duty telehealth.
    pub const TELEHEALTH_DOMAIN: &str = "F0485944520103";
    /// The applet electricity.
    pub const ELECTRICITY: &str = "F04859445202020101";
    /// The applet telehealth.
    pub const TELEHEALTH: &str = "F04859445202030101";
}

/// Name and port of the Card Issuer.
pub const ISSUER: &str = "issuer";
/// Name and port of the energy supplier.
pub const SUPPLIER: &str = "supplier";
/// Name and port of telecare.
pub const TELECARE: &str = "telecare";
/// Name and port of the householder.
pub const HOUSEHOLDER: &str = "householder";

/// Key version of a domain's own key set.
pub const DOMAIN_KEYS: u8 = 0x31;

/// A certificate chain, leaf first, as STORE DATA objects `7F21`.
pub fn chain_objects(chain: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for certificate in chain {
        tlv::push(&mut out, 0x7F21, certificate);
    }
    out
}

/// A recipient, `E3`.
pub fn recipient_object(destination: Destination, point: &[u8; 65], name: &str) -> Vec<u8> {
    let mut value = tlv::object(0x54, &[destination.byte()]);
    tlv::push(&mut value, 0x57, point);
    tlv::push(&mut value, 0x58, name.as_bytes());
    tlv::object(0xE3, &value)
}

/// A route from a port to the script runner, `E1`.
pub fn script_route_object(port: &str) -> Vec<u8> {
    let mut value = tlv::object(0x50, port.as_bytes());
    tlv::push(&mut value, 0x51, &[0x01]);
    tlv::object(0xE1, &value)
}

/// A route from a port to a command of an applet, `E1`.
pub fn applet_route_object(port: &str, applet: &Aid, header: [u8; 4]) -> Vec<u8> {
    let mut value = tlv::object(0x50, port.as_bytes());
    tlv::push(&mut value, 0x51, &[0x02]);
    tlv::push(&mut value, 0x4F, applet.as_bytes());
    tlv::push(&mut value, 0x52, &header);
    tlv::object(0xE1, &value)
}

/// An outbox policy that grants, `E2`.
pub fn policy_object(
    domain: &Aid,
    purpose: Purpose,
    destination: Destination,
    port: &str,
    budget: u32,
) -> Vec<u8> {
    let mut value = tlv::object(0x4F, domain.as_bytes());
    tlv::push(&mut value, 0x53, &[purpose.byte()]);
    tlv::push(&mut value, 0x54, &[destination.byte()]);
    tlv::push(&mut value, 0x50, port.as_bytes());
    tlv::push(&mut value, 0x55, &[0x01]);
    tlv::push(&mut value, 0x56, &budget.to_be_bytes());
    tlv::object(0xE2, &value)
}

/// The most data that a short command carries in a secure channel of level 33.
pub fn max_data() -> usize {
    SecurityLevel::FULL.max_data(Mode::S8)
}

/// Data objects for a security domain, cut into as many STORE DATA commands as they need.
pub fn store_objects(objects: &[u8]) -> Vec<Command> {
    StoreData::sequence(DataFormat::BerTlv, objects.chunks(max_data()))
        .iter()
        .map(to_apdu)
        .collect()
}

/// Data groupings for an applet, one STORE DATA command each: the applet acts on each command as it comes.
pub fn store_groupings<'a>(groupings: impl IntoIterator<Item = (u16, &'a [u8])>) -> Vec<Command> {
    let blocks: Vec<Vec<u8>> = groupings
        .into_iter()
        .map(|(id, value)| {
            let mut data = Vec::new();
            push_dgi(&mut data, id, value);
            data
        })
        .collect();
    StoreData::sequence(DataFormat::Dgi, blocks.iter().map(Vec::as_slice))
        .iter()
        .map(to_apdu)
        .collect()
}

/// GET DATA with room for a long answer in one piece: a script fetches no second one.
pub fn get_long_data(tag: u16) -> Command {
    hydra_gp::Command::GetData(GetData::new(tag))
        .to_apdu()
        .with_le(65_536)
}

fn to_apdu(block: &StoreData) -> Command {
    hydra_gp::Command::StoreData(block.clone()).to_apdu()
}
