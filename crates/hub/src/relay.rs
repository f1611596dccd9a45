//! The relay's side: scripts down, outputs up (protocols.md §9).

use hydra_link::{Delivery, Direction, LinkReceiver, LinkSender, Topic};
use hydra_wire::{Frame, FrameKind};

use crate::adapter::{FromAdapter, Inbound, Reply, ToRouter, next_connection};
use crate::{Event, Output, Port};

/// Hands what the relay delivers to the router, until the link ends. What can't be read is acknowledged and counted: it would come again for ever.
pub(crate) async fn receive(hub: String, mut receiver: LinkReceiver, router: ToRouter) {
    let connection = next_connection();
    while let Some(delivery) = receiver.recv().await {
        match read(&hub, &delivery) {
            Ok((port, frame)) => {
                let inbound = Inbound {
                    connection,
                    port,
                    correlation: frame.correlation,
                    payload: frame.payload,
                    reply: Reply::Relay(delivery),
                };
                let _ = router.send(FromAdapter::Arrived(inbound));
            }
            Err(why) => {
                tracing::warn!(topic = %delivery.topic, why, "a message from the relay is dropped");
                let words = format!("{}: {why}", delivery.topic);
                delivery.done();
                let _ = router.send(FromAdapter::Malformed(words));
            }
        }
    }
}

fn read(hub: &str, delivery: &Delivery) -> Result<(Port, Frame), String> {
    let topic: Topic = delivery
        .topic
        .parse()
        .map_err(|error: hydra_link::TopicError| error.to_string())?;
    if topic.hub != hub || topic.direction != Direction::Down {
        return Err("not this hub's".to_owned());
    }
    let port = topic
        .port
        .parse()
        .map_err(|error: crate::PortError| error.to_string())?;
    let frame = Frame::parse(&delivery.payload).map_err(|error| error.to_string())?;
    if frame.kind != FrameKind::Script {
        return Err(format!(
            "kind {:#04X} at offset 1 is no script",
            frame.kind as u8
        ));
    }
    Ok((port, frame))
}

/// Publishes an output and says how it went.
pub(crate) async fn publish(hub: String, sender: LinkSender, output: Output) -> Event {
    let topic = Topic::up(&hub, output.port.as_str()).to_string();
    let Output {
        correlation,
        port,
        kind,
        payload,
    } = output;
    let frame = Frame {
        kind,
        correlation,
        payload,
    };
    match sender.publish(&topic, frame.to_bytes()).await {
        Ok(()) => Event::Delivered { port, correlation },
        Err(error) => {
            tracing::warn!(%port, %error, "an output waits in the card");
            Event::Undelivered { port, correlation }
        }
    }
}
