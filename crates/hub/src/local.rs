//! The householder's local port: outputs as `length u32 | correlation u32 | sealed message`, `length` counting what follows it;
//! the householder answers the correlation (4) when it has stored it (protocols.md §10).

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::{Event, Output, Port};

/// Serves the port: one connection, of which the newest counts; one output on its way.
pub(crate) async fn serve(
    listener: TcpListener,
    port: Port,
    mut outputs: mpsc::UnboundedReceiver<Output>,
    events: mpsc::UnboundedSender<Event>,
) {
    let mut page: Option<Page> = None;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else {
                    tokio::task::yield_now().await;
                    continue;
                };
                if page.take().is_some() {
                    let _ = events.send(Event::Shut(port.clone()));
                }
                if stream.set_nodelay(true).is_ok() {
                    page = Some(Page::new(stream));
                    let _ = events.send(Event::Opened(port.clone()));
                }
            }
            output = outputs.recv() => {
                let Some(output) = output else {
                    return;
                };
                let correlation = output.correlation;
                let sent = match &mut page {
                    Some(page) => page.send(&output).await.is_ok(),
                    None => false,
                };
                if !sent {
                    page = None;
                    let _ = events.send(Event::Undelivered { port: port.clone(), correlation });
                    let _ = events.send(Event::Shut(port.clone()));
                }
            }
            stored = Page::stored(&mut page) => {
                match stored {
                    Ok(correlation) => {
                        let _ = events.send(Event::Delivered { port: port.clone(), correlation });
                    }
                    Err(error) => {
                        tracing::info!(%port, %error, "the local connection is gone");
                        page = None;
                        let _ = events.send(Event::Shut(port.clone()));
                    }
                }
            }
        }
    }
}

struct Page {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Page {
    fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            answer: Vec::with_capacity(4),
        }
    }

    async fn send(&mut self, output: &Output) -> io::Result<()> {
        let length = u32::try_from(output.payload.len() + 4).map_err(io::Error::other)?;
        let mut frame = Vec::with_capacity(output.payload.len() + 8);
        frame.extend(length.to_be_bytes());
        frame.extend(output.correlation.to_be_bytes());
        frame.extend_from_slice(&output.payload);
        self.stream.write_all(&frame).await
    }

    /// The next correlation that the householder has stored; waits for ever when nobody is there. Cancel-safe.
    async fn stored(page: &mut Option<Self>) -> io::Result<u32> {
        let Some(page) = page else {
            return std::future::pending().await;
        };
        loop {
            if let Some((correlation, rest)) = page.answer.split_first_chunk() {
                let correlation = u32::from_be_bytes(*correlation);
                page.answer = rest.to_vec();
                return Ok(correlation);
            }
            if page.stream.read_buf(&mut page.answer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}
