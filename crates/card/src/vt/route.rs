//! Routes of the virtual terminal (protocols §3, `E1`): which port leads where. They are personalised under the ISD.

use alloc::vec::Vec;
use hydra_vm::Vm;
use hydra_wire::{Aid, StatusWord, tlv};

use crate::open::records::{self, Fields, push_lv};

/// The name of a port: 1 to 32 bytes of `a-z 0-9 . -`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Port(Vec<u8>);

impl Port {
    pub(crate) fn new(name: &[u8]) -> Option<Self> {
        let valid = (1..=32).contains(&name.len())
            && name
                .iter()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'));
        valid.then(|| Self(name.to_vec()))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Where a port leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) port: Port,
    pub(crate) target: Target,
}

/// What stands at the end of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The payload is a command script, run on a channel of its own.
    Script,
    /// The payload is the data of this command to this applet.
    Applet {
        /// The instance.
        aid: Aid,
        /// CLA INS P1 P2.
        header: [u8; 4],
    },
}

const KIND_NONE: u8 = 0x00;
const KIND_SCRIPT: u8 = 0x01;
const KIND_APPLET: u8 = 0x02;

impl Route {
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        push_lv(&mut out, self.port.as_bytes());
        match &self.target {
            Target::Script => out.push(KIND_SCRIPT),
            Target::Applet { aid, header } => {
                out.push(KIND_APPLET);
                push_lv(&mut out, aid.as_bytes());
                out.extend(header);
            }
        }
        out
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let port = Port::new(fields.lv()?)?;
        let target = match fields.byte()? {
            KIND_SCRIPT => Target::Script,
            KIND_APPLET => Target::Applet {
                aid: fields.aid()?,
                header: fields.array()?,
            },
            _ => return None,
        };
        fields.is_empty().then_some(Self { port, target })
    }
}

/// The route from this port, with its place in the table.
pub(crate) fn find(vm: &Vm, port: &[u8]) -> Option<(u32, Route)> {
    table(vm).find(|(_, route)| route.port.as_bytes() == port)
}

/// STORE DATA `E1` to the ISD: sets or replaces the route of a port, or with kind `00` removes it.
pub(crate) fn store(vm: &mut Vm, value: &[u8]) -> Result<(), StatusWord> {
    let field = |tag| tlv::find(value, tag).map_err(|_| StatusWord::WRONG_DATA);
    let port = field(0x50)?
        .and_then(Port::new)
        .ok_or(StatusWord::WRONG_DATA)?;
    let existing = find(vm, port.as_bytes()).map(|(place, _)| place);
    let target = match field(0x51)? {
        Some([KIND_NONE]) => {
            if let Some(place) = existing {
                vm.record_delete(records::ROUTES + place);
                vm.record_delete(records::SEEN + place);
            }
            return Ok(());
        }
        Some([KIND_SCRIPT]) => Target::Script,
        Some([KIND_APPLET]) => Target::Applet {
            aid: field(0x4F)?
                .and_then(|bytes| Aid::new(bytes).ok())
                .ok_or(StatusWord::WRONG_DATA)?,
            header: field(0x52)?
                .and_then(|bytes| bytes.try_into().ok())
                .filter(is_plain)
                .ok_or(StatusWord::WRONG_DATA)?,
        },
        _ => return Err(StatusWord::WRONG_DATA),
    };
    let place = existing
        .or_else(|| {
            (0..records::ROUTE_LIMIT).find(|place| vm.record_get(records::ROUTES + place).is_none())
        })
        .ok_or(StatusWord::NOT_ENOUGH_MEMORY)?;
    put(vm, place, &Route { port, target });
    Ok(())
}

/// Enters a route at this place of the table.
pub(crate) fn put(vm: &mut Vm, place: u32, route: &Route) {
    vm.record_put(records::ROUTES + place, &route.encode());
}

/// How many exchanges of a port are remembered, so that a script delivered twice runs once.
const REMEMBERED: usize = 16;

/// Whether a script of this correlation came over the route before; if not, it is remembered from now on.
pub(crate) fn seen_before(vm: &mut Vm, place: u32, correlation: u32) -> bool {
    let key = records::SEEN + place;
    let mark = correlation.to_be_bytes();
    let mut seen = vm.record_get(key).map(<[u8]>::to_vec).unwrap_or_default();
    if seen.chunks_exact(4).any(|entry| entry == mark) {
        return true;
    }
    seen.extend(mark);
    if seen.len() > 4 * REMEMBERED {
        seen.drain(..4);
    }
    vm.record_put(key, &seen);
    false
}

/// The key of the first route that can't be read.
pub(crate) fn unreadable(vm: &Vm) -> Option<u32> {
    vm.records(records::ROUTES..records::SEEN)
        .find(|(_, bytes)| Route::decode(bytes).is_none())
        .map(|(key, _)| key)
}

/// The command goes to the applet as it is, on a channel of the terminal's choice: no channel, chaining or secure
/// messaging bits, and not one of the commands that OPEN itself answers.
fn is_plain(header: &[u8; 4]) -> bool {
    matches!(header[0], 0x00 | 0x80) && !matches!(header[1], 0xA4 | 0x70 | 0xC0)
}

fn table(vm: &Vm) -> impl Iterator<Item = (u32, Route)> + '_ {
    vm.records(records::ROUTES..records::SEEN)
        .filter_map(|(key, bytes)| Some((key - records::ROUTES, Route::decode(bytes)?)))
}
