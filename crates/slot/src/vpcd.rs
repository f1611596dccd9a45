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
    /// The reader went away inside a message.
    #[error("the virtual reader went away after {come} of a message's {length} bytes")]
    CutShort {
        /// Bytes that came, those of the length included.
        come: usize,
        /// Bytes that were to come.
        length: usize,
    },
    /// The card answers no more.
    #[error("the card failed")]
    Card(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The card answered more than a message holds.
    #[error("an answer of {0} bytes does not fit a message")]
    TooLong(usize),
}

/// Puts a card into the reader at the other end of `stream` and serves it until the reader goes away, which is no error.
///
/// Power comes as a reset: the card forgets channels and sessions, and keeps what is durable. Without power it answers a
/// command with nothing.
pub fn serve<L: CardLink>(card: &mut L, mut stream: TcpStream) -> Result<(), VpcdError> {
    stream.set_nodelay(true)?;
    let mut atr = reset(card)?;
    let mut powered = true;
    let mut message = Vec::new();
    while receive(&mut stream, &mut message)? {
        match *message.as_slice() {
            // What a card without power forgets, it forgets when power comes back.
            [POWER_OFF] => powered = false,
            [POWER_ON | RESET] => {
                atr = reset(card)?;
                powered = true;
            }
            [GET_ATR] => send(&mut stream, &atr)?,
            // No control and no command: nobody waits for an answer.
            [] | [_] => {}
            _ if !powered => send(&mut stream, &[])?,
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

/// Reads one message; `false` when the reader has gone between two.
fn receive(stream: &mut TcpStream, message: &mut Vec<u8>) -> Result<bool, VpcdError> {
    let mut header = [0; 2];
    let come = fill(stream, &mut header)?;
    if come == 0 {
        return Ok(false);
    }
    let cut_short = |come, length| VpcdError::CutShort { come, length };
    if come < header.len() {
        return Err(cut_short(come, header.len()));
    }
    message.resize(u16::from_be_bytes(header).into(), 0);
    let come = fill(stream, message)?;
    if come < message.len() {
        return Err(cut_short(header.len() + come, header.len() + message.len()));
    }
    Ok(true)
}

/// Fills the buffer as far as the stream goes, and how far that was.
fn fill(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let mut come = 0;
    while come < buffer.len() {
        // The reader sends length and content apart: a delayed acknowledgement would hold the second back for 40 ms.
        // The option does not last, so it is set before every wait.
        #[cfg(target_os = "linux")]
        SockRef::from(&*stream).set_tcp_quickack(true)?;
        match stream.read(&mut buffer[come..]) {
            Ok(0) => break,
            Ok(read) => come += read,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(come)
}

fn send(stream: &mut TcpStream, content: &[u8]) -> Result<(), VpcdError> {
    let length = u16::try_from(content.len()).map_err(|_| VpcdError::TooLong(content.len()))?;
    let mut message = length.to_be_bytes().to_vec();
    message.extend_from_slice(content);
    stream.write_all(&message)?;
    Ok(())
}
