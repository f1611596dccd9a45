//! The thread that owns broker and journal: it takes what has come in together, steps through it, stores, syncs once,
//! and only then lets the answers out.

use std::collections::HashMap;
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use mqtt5_protocol::packet::Packet;
use tokio::sync::{mpsc, oneshot};

use crate::broker::{Action, Broker, ConnectionId, Event};
use crate::journal::{Durability, Journal};
use crate::{Identity, Registry, Stats};

/// How many inputs share a sync at most.
const BATCH: usize = 512;

/// What the core is told.
pub(crate) enum Input {
    /// A client has connected; its outbox.
    Opened {
        connection: ConnectionId,
        party: Option<Identity>,
        outbox: mpsc::Sender<Packet>,
    },
    /// Anything else that has happened.
    Event(Event),
    /// Change the register.
    Registry(Box<dyn FnOnce(&mut Registry) + Send>, oneshot::Sender<()>),
    /// Tell what was counted.
    Stats(oneshot::Sender<Stats>),
}

/// Runs until a shutdown, until nobody can tell it anything any more, or until the journal fails.
pub(crate) fn run(
    mut broker: Broker,
    mut journal: Option<Journal>,
    mut inputs: mpsc::Receiver<Input>,
) -> io::Result<()> {
    let mut outboxes: HashMap<ConnectionId, mpsc::Sender<Packet>> = HashMap::new();
    let mut batch = Vec::with_capacity(BATCH);
    let mut actions = Vec::new();
    let mut replies = Vec::new();
    let mut lost = Vec::new();
    let mut open = true;
    while open && inputs.blocking_recv_many(&mut batch, BATCH) > 0 {
        let now = now();
        for input in batch.drain(..) {
            match input {
                Input::Opened {
                    connection,
                    party,
                    outbox,
                } => {
                    outboxes.insert(connection, outbox);
                    broker.step(now, Event::Opened { connection, party }, &mut actions);
                }
                Input::Event(event) => {
                    open &= !matches!(event, Event::Shutdown);
                    if let Event::Lost { connection } = &event {
                        outboxes.remove(connection);
                    }
                    broker.step(now, event, &mut actions);
                }
                Input::Registry(change, done) => {
                    broker.change_registry(now, change, &mut actions);
                    replies.push(done);
                }
                Input::Stats(reply) => {
                    // Whoever asked may have gone.
                    let _ = reply.send(Stats {
                        topics: broker.traffic().clone(),
                        waiting: broker.waiting(),
                        sessions: broker.sessions(),
                        ..Stats::default()
                    });
                }
            }
        }
        if let Some(journal) = &mut journal {
            store(journal, &broker, &actions)?;
        }
        for action in actions.drain(..) {
            match action {
                Action::Send(connection, packet) => {
                    let outbox = outboxes.get(&connection);
                    if outbox.is_some_and(|outbox| outbox.try_send(packet).is_err()) {
                        // It does not read what it is sent, or is gone. Its task notices that the outbox is.
                        outboxes.remove(&connection);
                        lost.push(connection);
                    }
                }
                Action::Close(connection) => {
                    outboxes.remove(&connection);
                }
                Action::Store(_) | Action::Sync => {}
            }
        }
        for connection in lost.drain(..) {
            // What follows from it goes with the next batch.
            broker.step(now, Event::Lost { connection }, &mut actions);
        }
        for done in replies.drain(..) {
            // Whoever waited may have gone.
            let _ = done.send(());
        }
    }
    match &mut journal {
        Some(journal) => journal.write(Durability::Synced),
        None => Ok(()),
    }
}

fn store(journal: &mut Journal, broker: &Broker, actions: &[Action]) -> io::Result<()> {
    let mut durability = Durability::Written;
    for action in actions {
        match action {
            Action::Store(record) => journal.push(record),
            Action::Sync => durability = Durability::Synced,
            Action::Send(..) | Action::Close(_) => {}
        }
    }
    journal.write(durability)?;
    if journal.wants_compaction() {
        journal.compact(broker.snapshot())?;
    }
    Ok(())
}

/// Seconds since 1970 UTC.
pub(crate) fn now() -> u64 {
    // A clock before 1970 makes sessions live longer, not shorter.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
