//! A card in a virtual reader of pcscd: the card's end of the protocol of vpcd (virtual smart card project).
//!
//! The reader listens, the card connects. A message is its length, two bytes big-endian, then its content. One byte is a
//! control: 00 power off, 01 power on, 02 reset, 04 asks for the ATR, which alone is answered; all else is a command
//! APDU.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use hydra_wire::CardLink;
use socket2::SockRef;
use thiserror::Error;

const POWER_OFF: u8 = 0;
const POWER_ON: u8 = 1;
const RESET: u8 = 2;
const GET_ATR: u8 = 4;

/// Why a card is in the reader no more.
#[derive(Debug, Error)]
pub enum VpcdError {
    /// The reader cannot be reached, or the connection broke.
    #[error("the connection to the virtual reader failed")]
    Connection(#[from] io::Error),
    /// The card answers no more.
    #[error("the card failed")]
    Card(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The card answered more than a message holds.
    #[error("an answer of {0} bytes does not fit a message")]
    TooLong(usize),
}

/// Puts a card into the reader at the other end of `stream` and serves it until the reader goes away, which is no error.
///
/// Power comes as a reset: the card forgets channels and sessions, and keeps what is durable.
pub fn serve<L: CardLink>(card: &mut L, mut stream: TcpStream) -> Result<(), VpcdError> {
    stream.set_nodelay(true)?;
    let mut atr = reset(card)?;
    let mut message = Vec::new();
    while receive(&mut stream, &mut message)? {
        match *message.as_slice() {
            // What a card without power forgets, it forgets when power comes back.
            [POWER_OFF] => {}
            [POWER_ON | RESET] => atr = reset(card)?,
            [GET_ATR] => send(&mut stream, &atr)?,
            // No control and no command: nobody waits for an answer.
            [] | [_] => {}
            _ => {
                let answer = card
                    .transmit(&message)
                    .map_err(|error| VpcdError::Card(Box::new(error)))?;
                send(&mut stream, &answer)?;
            }
        }
    }
    Ok(())
}

fn reset<L: CardLink>(card: &mut L) -> Result<Vec<u8>, VpcdError> {
    card.reset()
        .map_err(|error| VpcdError::Card(Box::new(error)))
}

/// Reads one message; `false` when the reader has gone, in the middle of one or between two.
fn receive(stream: &mut TcpStream, message: &mut Vec<u8>) -> io::Result<bool> {
    let mut length = [0; 2];
    if !filled(stream, &mut length)? {
        return Ok(false);
    }
    message.resize(u16::from_be_bytes(length).into(), 0);
    filled(stream, message)
}

/// Fills the buffer; `false` when the stream ended first.
fn filled(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<bool> {
    // The reader sends length and content apart: a delayed acknowledgement would hold the second back for 40 ms. The
    // option does not last, so it is set before every wait.
    #[cfg(target_os = "linux")]
    SockRef::from(&*stream).set_tcp_quickack(true)?;
    match stream.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset
            ) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

fn send(stream: &mut TcpStream, content: &[u8]) -> Result<(), VpcdError> {
    let length = u16::try_from(content.len()).map_err(|_| VpcdError::TooLong(content.len()))?;
    let mut message = length.to_be_bytes().to_vec();
    message.extend_from_slice(content);
    stream.write_all(&message)?;
    Ok(())
}
