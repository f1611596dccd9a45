//! The outbox: the only way out for what an applet sends unasked (protocols §7).
//!
//! An applet hands over what it has to say, a purpose and a destination. The outbox checks consent and budget, adds
//! what the applet must not choose, has the applet's *security domain* sign and seal, keeps a copy that only the
//! householder can open, and queues both. Everything it keeps are records of the VM: a transaction of the applet that
//! is aborted takes the message back too.

pub(crate) mod policy;
mod sent;

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use hydra_crypto::{Random, SecretKey, sha256};
use hydra_message::{Content, Destination, Outgoing, Purpose, Recipient, Salt, seal, sign1};
use hydra_vm::Vm;
use hydra_wire::{Aid, FrameKind, StatusWord, hex};

use crate::attestation;
use crate::domain::{chain, recipients};
use crate::open::Lifetime;
use crate::open::registry::{self, EntryId, Kind};
use crate::vt::{Port, queue};
use sent::Sent;

/// The port of the householder's copies: the hub's local page.
const HOUSEHOLDER_PORT: &[u8] = b"householder";

/// `hydra.platform.Outbox.send`, called by the applet of this instance. Answers the message's counter (its low 16 bits
/// reach the applet).
///
/// `6A80` content, purpose or destination that the protocol does not have; `6985` no consent, or a domain that is not
/// personalised enough to speak: no certificate chain or no recipient; `6A84` over budget. After an error nothing
/// has changed.
pub(crate) fn send(
    vm: &mut Vm,
    random: &mut dyn Random,
    instance: u16,
    purpose: u8,
    destination: u8,
    message: &[u8],
) -> Result<u32, StatusWord> {
    let purpose = Purpose::from_byte(purpose).ok_or(StatusWord::WRONG_DATA)?;
    let destination = Destination::from_byte(destination).ok_or(StatusWord::WRONG_DATA)?;
    if destination != natural_destination(purpose) {
        return Err(StatusWord::WRONG_DATA);
    }
    let content = Content::parse(message).map_err(|_| StatusWord::WRONG_DATA)?;

    let applet = registry::by_instance(vm, instance).ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)?;
    let domain = registry::get(vm, applet.domain)
        .filter(|domain| matches!(domain.kind, Kind::Domain))
        .ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)?;
    let (policy_key, policy) = policy::find(vm, &domain.aid, purpose, destination)
        .filter(|(_, policy)| policy.granted)
        .ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)?;

    let voice = Voice::of(vm, domain.id, &domain.aid, &applet.aid, purpose)?;
    let mut sent = Sent::load(vm, domain.id);
    let salts = voice.salts(random, &sent, destination, content.hidden_count());

    let (counter, sealed) = voice.speak(vm, random, &mut sent, destination, &content, &salts)?;
    let copy = match destination {
        Destination::Provider => Some(voice.speak(
            vm,
            random,
            &mut sent,
            Destination::Householder,
            &content,
            &salts,
        )?),
        Destination::Householder => None,
    };

    let householder = Port::new(HOUSEHOLDER_PORT).ok_or(StatusWord::UNKNOWN)?;
    let outputs = 1 + u32::from(copy.is_some());
    if !queue::has_numbers(vm, outputs) {
        return Err(StatusWord::NOT_ENOUGH_MEMORY);
    }
    let port = policy.port.clone();
    policy::spend(vm, policy_key, policy, sealed.len())?;
    sent.store(vm, domain.id);
    queue::push(vm, None, port, FrameKind::Message, sealed);
    if let Some((_, copy)) = copy {
        queue::push(vm, None, householder, FrameKind::Message, copy);
    }
    Ok(counter)
}

/// Protocols §7: which purpose goes where.
fn natural_destination(purpose: Purpose) -> Destination {
    match purpose {
        Purpose::Statement | Purpose::Measurement => Destination::Provider,
        Purpose::Intervals => Destination::Householder,
    }
}

/// The domain speaking for one of its applets.
struct Voice<'a> {
    domain: EntryId,
    sender: &'a Aid,
    instance: &'a Aid,
    purpose: Purpose,
    card_id: [u8; 8],
    key: SecretKey,
    /// Names this key in draws: a domain installed anew has another key, so its draws differ although it counts anew.
    key_name: String,
    chain: Vec<Vec<u8>>,
    attestation: Vec<u8>,
}

impl<'a> Voice<'a> {
    fn of(
        vm: &mut Vm,
        domain: EntryId,
        sender: &'a Aid,
        instance: &'a Aid,
        purpose: Purpose,
    ) -> Result<Self, StatusWord> {
        let key = attestation::domain_key(vm, domain)?;
        let chain = chain::load(vm, domain);
        if chain.is_empty() {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        Ok(Self {
            domain,
            sender,
            instance,
            purpose,
            card_id: Lifetime::load(vm).card_id,
            key_name: hex::encode(&key.public().to_bytes()[1..17]),
            key,
            chain,
            attestation: attestation::of_applet(vm, instance)?,
        })
    }

    /// One salt for each hidden claim; the copy has the same.
    fn salts(
        &self,
        random: &mut dyn Random,
        sent: &Sent,
        destination: Destination,
        count: usize,
    ) -> Vec<Salt> {
        let mut drawn = vec![0; count * size_of::<Salt>()];
        let counter = u64::from(sent.counter(destination)) + 1;
        random.draw(&self.draw_name("salts", destination), counter, &mut drawn);
        drawn
            .chunks_exact(size_of::<Salt>())
            .filter_map(|salt| salt.try_into().ok())
            .collect()
    }

    /// Signs and seals for one destination, and counts it in `sent`.
    fn speak(
        &self,
        vm: &Vm,
        random: &mut dyn Random,
        sent: &mut Sent,
        destination: Destination,
        content: &Content<'_>,
        salts: &[Salt],
    ) -> Result<(u32, Vec<u8>), StatusWord> {
        let recipient = recipients::find(vm, self.domain, destination)
            .ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)?;
        let counter = sent
            .counter(destination)
            .checked_add(1)
            .ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)?;
        let outgoing = Outgoing {
            sender: self.sender,
            instance: self.instance,
            card_id: self.card_id,
            recipient: &recipient.name,
            purpose: self.purpose,
            counter,
            previous: sent.previous(self.purpose, destination),
        };
        let payload = match destination {
            Destination::Provider => outgoing.payload(content, salts),
            Destination::Householder => outgoing.copy_payload(content, salts),
        };
        let signed = payload
            .and_then(|payload| sign1(&payload, &self.chain, Some(&self.attestation), &self.key))
            .map_err(|_| StatusWord::UNKNOWN)?;
        let ephemeral = SecretKey::draw(
            random,
            &self.draw_name("ephemeral", destination),
            counter.into(),
        );
        let mut iv = [0; 12];
        random.draw(&self.draw_name("iv", destination), counter.into(), &mut iv);
        let to = Recipient {
            point: &recipient.point,
            name: &recipient.name,
        };
        let sealed = seal(&signed, &to, &ephemeral, iv).map_err(|_| StatusWord::UNKNOWN)?;
        sent.count(self.purpose, destination, sha256(&signed));
        Ok((counter, sealed))
    }

    fn draw_name(&self, what: &str, destination: Destination) -> String {
        format!("outbox {what} {} {}", destination.byte(), self.key_name)
    }
}

#[cfg(test)]
mod tests;
