//! What whoever sits at the relay can read: MQTT's topics, and in them frames, whose kind and size show; in a script the headers of its
//! commands, in its response the status words; in a sealed message its recipient's name. Everything else must be under a key that the relay has not got.

use std::collections::{BTreeMap, BTreeSet};

use hydra_gp::script::{CommandScript, ResponseScript};
use hydra_message::Sealed;
use hydra_wire::{Frame, FrameKind};

/// What can be read, topic by topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overheard {
    /// By topic.
    pub topics: BTreeMap<String, Heard>,
}

/// What can be read in one topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Publications to it that were heard whole, those that the relay did not take or took twice included.
    pub publications: u64,
    /// Sealed messages went through it.
    pub messages: bool,
    /// Scripts went through it: the names of their commands.
    pub commands: BTreeSet<&'static str>,
    /// Responses to scripts went through it.
    pub responses: bool,
    /// What was in the clear and must not be.
    pub clear: BTreeSet<String>,
}

impl Overheard {
    /// Listens to a stream: what one client has sent, in its order. Where it was cut off, it ends.
    pub fn listen(&mut self, stream: &[u8]) {
        let mut rest = stream;
        while let Some((first, body, after)) = packet(rest) {
            // PUBLISH (MQTT 5 §3.3).
            if first >> 4 == 3
                && let Some((topic, payload)) = publication(first, body)
            {
                self.topics.entry(topic).or_default().hear(payload);
            }
            rest = after;
        }
    }

    /// The names of all scripts' commands.
    pub fn commands(&self) -> impl Iterator<Item = &'static str> {
        let all: BTreeSet<_> = self
            .topics
            .values()
            .flat_map(|heard| heard.commands.iter().copied())
            .collect();
        all.into_iter()
    }

    /// What must not be in the clear and is, with its topic.
    pub fn clear(&self) -> impl Iterator<Item = String> + '_ {
        self.topics.iter().flat_map(|(topic, heard)| {
            heard
                .clear
                .iter()
                .map(move |what| format!("{topic}: {what}"))
        })
    }
}

impl Heard {
    fn hear(&mut self, payload: &[u8]) {
        self.publications += 1;
        let frame = match Frame::parse(payload) {
            Ok(frame) => frame,
            Err(error) => return self.found(error.to_string()),
        };
        match frame.kind {
            FrameKind::Message => match Sealed::parse(&frame.payload) {
                Ok(_) => self.messages = true,
                Err(error) => self.found(format!("a message that is not sealed: {error}")),
            },
            FrameKind::Script => match CommandScript::parse(&frame.payload) {
                Ok(script) => {
                    for command in script.commands {
                        let name = name(command.ins);
                        self.commands.insert(name);
                        // What opens the channel is in the clear; what goes through it must not be.
                        let opens = matches!(command.ins, 0xA4 | 0x50 | 0x82);
                        if !opens && !is_secured(command.cla) {
                            self.found(format!("{name} outside the secure channel"));
                        }
                    }
                }
                Err(error) => self.found(format!("a script that is none: {error}")),
            },
            FrameKind::ScriptResponse => match ResponseScript::parse(&frame.payload) {
                Ok(_) => self.responses = true,
                Err(error) => self.found(format!("a response that is none: {error}")),
            },
        }
    }

    fn found(&mut self, what: String) {
        self.clear.insert(what);
    }

    /// In a few words.
    pub fn words(&self) -> String {
        let mut words = Vec::new();
        if self.messages {
            words.push("sealed messages".to_owned());
        }
        if !self.commands.is_empty() {
            words.push("scripts".to_owned());
        }
        if self.responses {
            words.push("responses".to_owned());
        }
        words.extend(self.clear.iter().map(|what| what.to_uppercase()));
        words.join("; ")
    }
}

/// Secure messaging on any channel (ISO 7816-4 §5.4.1, GPCS 2.3.1 §11.1.4).
fn is_secured(cla: u8) -> bool {
    cla & if cla & 0x40 == 0 { 0x0C } else { 0x20 } != 0
}

/// GPCS 2.3.1 §11.
fn name(ins: u8) -> &'static str {
    match ins {
        0xA4 => "SELECT",
        0x50 => "INITIALIZE UPDATE",
        0x82 => "EXTERNAL AUTHENTICATE",
        0xCA | 0xCB => "GET DATA",
        0xD8 => "PUT KEY",
        0xE2 => "STORE DATA",
        0xE4 => "DELETE",
        0xE6 => "INSTALL",
        0xE8 => "LOAD",
        0xF2 => "GET STATUS",
        _ => "another command",
    }
}

/// The first byte of a control packet, its body, and what follows it (MQTT 5 §2.1).
fn packet(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (length, rest) = variable(rest)?;
    let (body, after) = rest.split_at_checked(length)?;
    Some((*first, body, after))
}

fn publication(first: u8, body: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = body.split_first_chunk()?;
    let (topic, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let rest = if first & 0x06 == 0 {
        rest
    } else {
        rest.get(2..)?
    };
    let (properties, rest) = variable(rest)?;
    Some((
        String::from_utf8_lossy(topic).into_owned(),
        rest.get(properties..)?,
    ))
}

/// A variable byte integer (MQTT 5 §1.5.5).
fn variable(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0;
    for (place, byte) in bytes.iter().enumerate().take(4) {
        value |= usize::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[place + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use hydra_wire::Command;

    fn publish(topic: &str, kind: FrameKind, payload: &[u8]) -> Vec<u8> {
        let frame = Frame {
            kind,
            correlation: 1,
            payload: payload.to_vec(),
        };
        let mut body = u16::try_from(topic.len()).unwrap().to_be_bytes().to_vec();
        body.extend_from_slice(topic.as_bytes());
        body.extend([0, 1, 0]);
        body.extend(frame.to_bytes());
        let length = body.len();
        let mut packet = vec![
            0x32,
            0x80 | u8::try_from(length & 0x7F).unwrap(),
            u8::try_from(length >> 7).unwrap(),
        ];
        packet.extend(body);
        packet
    }

    fn script(commands: &[[u8; 4]]) -> Vec<u8> {
        let commands = commands
            .iter()
            .map(|[cla, ins, p1, p2]| Command::new(*cla, *ins, *p1, *p2))
            .collect();
        CommandScript { commands }.to_bytes()
    }

    #[test]
    fn what_is_in_the_clear_is_found() {
        let good = script(&[[0, 0xA4, 4, 0], [0x80, 0x50, 0, 0], [0x84, 0xE2, 0, 0]]);
        let bad = script(&[[0x80, 0xE2, 0, 0]]);
        let mut stream = vec![0xC0, 0x00];
        stream.extend(publish("a", FrameKind::Script, &good));
        stream.extend(publish("b", FrameKind::Script, &bad));
        stream.extend(publish("c", FrameKind::Message, b"{\"wh\": 5}"));
        stream.extend(publish(
            "d",
            FrameKind::ScriptResponse,
            &[0xAB, 3, 0x80, 1, 1],
        ));
        let mut heard = Overheard::default();
        heard.listen(&stream);
        assert_eq!(heard.topics["a"].words(), "scripts");
        assert_eq!(
            heard.commands().collect::<Vec<_>>(),
            ["INITIALIZE UPDATE", "SELECT", "STORE DATA"]
        );
        assert_eq!(heard.topics["d"].words(), "responses");
        let clear: Vec<_> = heard.clear().collect();
        assert_eq!(clear.len(), 2, "{clear:?}");
        assert_eq!(clear[0], "b: STORE DATA outside the secure channel");
        assert!(clear[1].starts_with("c: a message that is not sealed"));

        // Cut off anywhere, what was whole was heard.
        for end in 0..stream.len() {
            Overheard::default().listen(&stream[..end]);
        }
        let mut cut = Overheard::default();
        cut.listen(&stream[..stream.len() - 1]);
        assert_eq!(cut.topics.len(), 3);
    }
}
