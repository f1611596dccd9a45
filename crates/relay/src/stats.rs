use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What has gone through one topic since the journal began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TopicTraffic {
    /// Messages taken into care.
    pub messages: u64,
    /// Bytes of their payloads, padding included.
    pub bytes: u64,
}

/// What the relay has counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// By topic, since the journal began.
    pub topics: BTreeMap<String, TopicTraffic>,
    /// MQTT bytes received since the start, TLS excluded.
    pub bytes_in: u64,
    /// MQTT bytes sent since the start, TLS excluded.
    pub bytes_out: u64,
    /// Messages in care now: waiting, or sent and not acknowledged.
    pub waiting: usize,
    /// Parties with a session now.
    pub sessions: usize,
}

impl Stats {
    /// Messages through all topics.
    pub fn messages(&self) -> u64 {
        self.topics.values().map(|traffic| traffic.messages).sum()
    }

    /// Payload bytes through all topics.
    pub fn bytes(&self) -> u64 {
        self.topics.values().map(|traffic| traffic.bytes).sum()
    }
}

/// Which way bytes passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// From the client.
    In,
    /// To the client.
    Out,
}

/// Sees every byte that the relay can see: all of MQTT, after TLS. For measuring what that is.
pub trait Tap: Send + Sync {
    /// Bytes, in their order on one connection. Called on the relay's own tasks: be quick.
    fn record(&self, connection: u64, passage: Passage, bytes: &[u8]);
}

/// Counters and tap of all connections.
#[derive(Clone)]
pub(crate) struct Meter {
    bytes: Arc<[AtomicU64; 2]>,
    tap: Option<Arc<dyn Tap>>,
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter")
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl Meter {
    pub(crate) fn new(tap: Option<Arc<dyn Tap>>) -> Self {
        let bytes = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        Self { bytes, tap }
    }

    pub(crate) fn record(&self, connection: u64, passage: Passage, bytes: &[u8]) {
        self.bytes[passage as usize].fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if let Some(tap) = &self.tap {
            tap.record(connection, passage, bytes);
        }
    }

    /// Bytes in and out.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        let [bytes_in, bytes_out] = &*self.bytes;
        (
            bytes_in.load(Ordering::Relaxed),
            bytes_out.load(Ordering::Relaxed),
        )
    }
}
