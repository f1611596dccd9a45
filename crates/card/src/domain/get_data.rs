//! GPCS 2.3.1 §11.3 GET DATA, and our own objects of protocols §3

use alloc::vec::Vec;

use hydra_gp::{GetData, KeyInfo};
use hydra_vm::Vm;
use hydra_wire::{Response, StatusWord, tlv};

use super::session::{SecureChannel, Session};
use super::{chain, diversification_data, keys, push_all, store_data};
use crate::attestation;
use crate::card::Card;
use crate::open::Lifetime;
use crate::open::registry::{self, Entry, Kind};

/// What anybody may ask for; the rest needs the secure channel.
pub(super) fn is_public(tag: u16) -> bool {
    tag != LIST_OF_APPLICATIONS
}

const LIST_OF_APPLICATIONS: u16 = 0x2F00;

impl Card {
    pub(super) fn get_data(
        &mut self,
        domain: &Entry,
        session: &Session,
        get: &GetData,
    ) -> Result<Response, StatusWord> {
        let missing = StatusWord::DATA_NOT_FOUND;
        let issuer = domain.kind == Kind::Issuer;
        let vm = self.runtime.vm_mut();
        let data = match get.tag {
            0x0042 | 0x0045 | 0x5F50 => {
                let tag = u32::from(get.tag);
                let value = store_data::object(vm, domain.id, tag).ok_or(missing)?;
                tlv::object(tag, &value)
            }
            0x0066 => tlv::object(0x66, &tlv::object(0x73, &card_recognition_data())),
            0x0067 => capabilities(),
            0x00C1 => {
                let (holder, set) = keys::find(vm, domain.id, 0).ok_or(missing)?;
                let counter = keys::counter(vm, holder, set.version).to_be_bytes();
                tlv::object(0xC1, &counter[1..])
            }
            0x00CF => tlv::object(0xCF, &diversification_data(&Lifetime::load(vm))),
            0x00D3 => {
                let level = match &session.secure_channel {
                    SecureChannel::Open(open) if open.is_open() => open.level().byte(),
                    _ => 0x00,
                };
                tlv::object(0xD3, &[level])
            }
            0x00E0 => {
                let keys: Vec<KeyInfo> = keys::own_sets(vm, domain.id)
                    .iter()
                    .flat_map(|set| set.info())
                    .collect();
                KeyInfo::template(&keys)
            }
            LIST_OF_APPLICATIONS => list_of_applications(vm, domain),
            0xBF21 => chain::get(vm, domain.id).ok_or(missing)?,
            0xDF20 if issuer => tlv::object(
                0xDF20,
                &attestation::attestation_key(vm)?.public().to_bytes(),
            ),
            0xDF20 => tlv::object(0xDF20, &attestation::of_domain(vm, domain)?),
            0xDF21 if issuer => tlv::object(0xDF21, &Lifetime::load(vm).card_id),
            _ => return Err(missing),
        };
        Ok(Response::ok(data))
    }
}

/// GPCS 2.3.1 §H.2 card recognition data: version 2.3.1, SCP03 with i = 70.
fn card_recognition_data() -> Vec<u8> {
    const GLOBAL_PLATFORM: [u8; 6] = [0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B];
    let oid = |tail: &[u8]| {
        let mut oid = GLOBAL_PLATFORM.to_vec();
        oid.extend_from_slice(tail);
        tlv::object(0x06, &oid)
    };
    let mut data = oid(&[0x01]);
    push_all(
        &mut data,
        &[
            (0x60, &oid(&[0x02, 0x02, 0x03, 0x01])),
            (0x63, &oid(&[0x03])),
            (0x64, &oid(&[0x04, 0x03, 0x70])),
        ],
    );
    data
}

/// GPCS 2.3.1 §H.4 card capability information: SCP03, i = 70, AES-128; load file data block hashes SHA-1 and SHA-256.
fn capabilities() -> Vec<u8> {
    let mut protocol = Vec::new();
    push_all(
        &mut protocol,
        &[(0x80, &[0x03]), (0x81, &[0x70]), (0x82, &[0x01])],
    );
    let mut data = Vec::new();
    push_all(
        &mut data,
        &[
            (0xA0, &protocol),
            (0x81, &[0x80, 0x80, 0x00]),
            (0x82, &[0x00, 0x00, 0x00]),
            (0x83, &[0x01, 0x02]),
        ],
    );
    tlv::object(0x67, &data)
}

/// §11.3.3.1.3: one template `61` for each application that is the domain's; the ISD tells of all.
fn list_of_applications(vm: &Vm, domain: &Entry) -> Vec<u8> {
    let mut list = Vec::new();
    for entry in registry::all(vm) {
        let application = !matches!(entry.kind, Kind::LoadFile(_));
        if application && (domain.kind == Kind::Issuer || entry.domain == domain.id) {
            tlv::push(&mut list, 0x61, &tlv::object(0x4F, entry.aid.as_bytes()));
        }
    }
    list
}
