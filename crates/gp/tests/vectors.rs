//! SCP03 against the sessions in `vectors/scp03/sessions.txt`, both ends.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use hydra_crypto::{AesKey, Random, SeededRandom};
use hydra_gp::key::{KeyBlock, check_value};
use hydra_gp::scp03::{
    CardSession, HostSession, InitializeUpdateResponse, Mode, SecurityLevel, card_challenge,
};
use hydra_gp::{ExternalAuthenticate, KeySet};
use hydra_wire::{Aid, Command, Response, hex};

#[test]
fn published_sessions_hold() {
    let cases = cases(include_str!("../../../vectors/scp03/sessions.txt"));
    let sessions = cases.iter().filter(|case| case.kind == "session");
    assert_eq!(sessions.map(Case::check_session).sum::<usize>(), 5);
    let blocks = cases.iter().filter(|case| case.kind == "key-block");
    assert_eq!(blocks.map(Case::check_key_block).sum::<usize>(), 1);
    assert_eq!(cases.len(), 3);
}

struct Case<'a> {
    kind: &'a str,
    fields: BTreeMap<&'a str, &'a str>,
    exchanges: Vec<Vec<Vec<u8>>>,
}

impl Case<'_> {
    fn get(&self, field: &str) -> Vec<u8> {
        unhex(self.fields[field])
    }

    fn key(&self, field: &str) -> AesKey {
        AesKey::new(&self.get(field)).unwrap()
    }

    /// Plays the session with both ends; returns the number of exchanges checked.
    fn check_session(&self) -> usize {
        let key = self.key("key");
        let keys = KeySet::new(
            self.get("version")[0],
            key.clone(),
            key.clone(),
            key.clone(),
        );
        let domain = Aid::new(&self.get("domain")).unwrap();
        let sequence = self.get("sequence");
        let sequence = u32::from_be_bytes([0, sequence[0], sequence[1], sequence[2]]);
        let diversification = self.get("diversification").try_into().unwrap();
        let initialize_update = Command::parse(&self.get("initialize-update")).unwrap();
        let mode = match initialize_update.data.len() {
            8 => Mode::S8,
            _ => Mode::S16,
        };
        let level = SecurityLevel::try_from(self.get("level")[0]).unwrap();
        let answer = InitializeUpdateResponse::read(&self.get("answer")).unwrap();
        assert_eq!(answer.sequence, Some(sequence));
        assert_eq!(
            card_challenge(&key, mode, sequence, &domain),
            answer.card_challenge
        );

        let (host, command) = HostSession::open(&keys, &initialize_update.data).unwrap();
        assert_eq!(command, initialize_update);
        let (card, response) = CardSession::initialize_update_in(
            mode,
            &keys,
            sequence,
            &domain,
            &diversification,
            &command.data,
        )
        .unwrap();
        assert_eq!(response, Response::ok(self.get("answer")));
        self.check_session_keys(&initialize_update.data, &answer, &key);

        let (mut host, command) = host.answer(&response, level).unwrap();
        assert_eq!(command.to_bytes(), self.get("external-authenticate"));
        let mut card = card.external_authenticate(&command).unwrap();
        assert_eq!(card.level(), level);

        for exchange in &self.exchanges {
            let plain = Command::parse(&exchange[0]).unwrap();
            let (wrapped, ticket) = host.wrap(&plain).unwrap();
            assert_eq!(hex::encode(&wrapped.to_bytes()), hex::encode(&exchange[1]));
            assert_eq!(card.unwrap(&wrapped), Ok(plain));
            let response = Response::ok(exchange[2].clone());
            let wrapped = card.wrap(response.clone());
            assert_eq!(hex::encode(&wrapped.data), hex::encode(&exchange[3]));
            assert_eq!(host.unwrap(&ticket, &wrapped), Ok(response));
        }
        self.exchanges.len()
    }

    /// The session keys never leave the machines, so what the published ones make is compared: each key once, with
    /// arithmetic of the primitives alone.
    fn check_session_keys(&self, host: &[u8], answer: &InitializeUpdateResponse, key: &AesKey) {
        for (field, constant) in [("s-enc", 4), ("s-mac", 6), ("s-rmac", 7)] {
            let derived = kdf(key, constant, key.len(), &[host, &answer.card_challenge]);
            assert_eq!(derived, self.get(field), "{field}");
        }
        let mac = self.key("s-mac");
        let len = answer.card_cryptogram.len();
        let context = [host, &answer.card_challenge];
        assert_eq!(kdf(&mac, 0, len, &context), answer.card_cryptogram);
        let request = Command::parse(&self.get("external-authenticate")).unwrap();
        let hydra_gp::Command::ExternalAuthenticate(ExternalAuthenticate {
            host_cryptogram, ..
        }) = hydra_gp::Command::try_from(&request).unwrap()
        else {
            panic!("not EXTERNAL AUTHENTICATE");
        };
        assert_eq!(kdf(&mac, 1, len, &context), host_cryptogram);
    }

    fn check_key_block(&self) -> usize {
        let (key, dek) = (self.key("key"), self.key("dek"));
        let block = KeyBlock::aes(&key, &dek);
        assert_eq!(block.value, self.get("block"));
        assert_eq!(block.check_value, self.get("check-value"));
        assert_eq!(check_value(&key)[..], self.get("check-value"));
        assert_eq!(block.open(&dek), Ok(key.clone()));
        // The clear length may be left out where the block tells it.
        let bare = KeyBlock {
            value: block.value[1..].to_vec(),
            ..block
        };
        assert_eq!(bare.open(&dek), Ok(key));
        1
    }
}

#[test]
fn every_key_length_and_level_plays() {
    let mut random = SeededRandom::new(b"levels");
    let domain: Aid = "A000000151000000".parse().unwrap();
    let mut counter = 0;
    for len in [16, 24, 32] {
        for mode in [Mode::S8, Mode::S16] {
            for level in [0x00, 0x01, 0x03, 0x11, 0x13, 0x33] {
                counter += 1;
                let level = SecurityLevel::try_from(level).unwrap();
                let mut key = |purpose| {
                    let mut bytes = vec![0; len];
                    random.draw(purpose, u64::from(counter), &mut bytes);
                    AesKey::new(&bytes).unwrap()
                };
                let keys = KeySet::new(0x31, key("enc"), key("mac"), key("dek"));
                let challenge = vec![7; mode.len()];
                let (host, command) = HostSession::open(&keys, &challenge).unwrap();
                let (card, answer) = CardSession::initialize_update_in(
                    mode,
                    &keys,
                    counter,
                    &domain,
                    &[0; 10],
                    &command.data,
                )
                .unwrap();
                host.confirm(&answer, counter, &domain).unwrap();
                let (mut host, command) = host.answer(&answer, level).unwrap();
                let mut card = card.external_authenticate(&command).unwrap();
                for data in [0, 1, 15, 16, level.max_data(mode)] {
                    let plain = Command::new(0x80, 0xE2, 0, 0).with_data(&vec![9; data]);
                    let (wrapped, ticket) = host.wrap(&plain).unwrap();
                    assert!(!wrapped.extended, "{level:?} {data}");
                    assert_eq!(card.unwrap(&wrapped), Ok(plain));
                    let response = Response::ok(vec![5; data]);
                    let wrapped = card.wrap(response.clone());
                    assert_eq!(host.unwrap(&ticket, &wrapped), Ok(response));
                }
            }
        }
    }
}

fn kdf(key: &AesKey, constant: u8, len: usize, context: &[&[u8]; 2]) -> Vec<u8> {
    let bits = u16::try_from(len * 8).unwrap().to_be_bytes();
    let blocks = [1, 2].map(|n| {
        let label = [&[0; 11][..], &[constant, 0], &bits, &[n]].concat();
        hydra_crypto::cmac(key, &[&label, context[0], context[1]])
    });
    blocks.concat()[..len].to_vec()
}

fn cases(text: &str) -> Vec<Case<'_>> {
    let mut cases: Vec<Case<'_>> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(head) = line.strip_prefix('[') {
            cases.push(Case {
                kind: head.split_once(' ').unwrap().0,
                fields: BTreeMap::new(),
                exchanges: Vec::new(),
            });
        } else if let Some((field, value)) = line.split_once('=') {
            let case = cases.last_mut().unwrap();
            if field.trim() == "exchange" {
                case.exchanges.push(value.split('|').map(unhex).collect());
            } else {
                case.fields.insert(field.trim(), value.trim());
            }
        } else {
            assert!(line.is_empty(), "neither a case nor a field: {line}");
        }
    }
    cases
}

fn unhex(text: &str) -> Vec<u8> {
    hex::decode(&text.replace(' ', "")).unwrap()
}
