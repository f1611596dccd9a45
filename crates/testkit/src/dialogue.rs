use std::str::FromStr;

use hydra_wire::hex;
use thiserror::Error;

/// Commands and the responses that were observed, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialogue {
    /// The pairs.
    pub exchanges: Vec<Exchange>,
}

/// One command and its response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Line in the file, from 1.
    pub line: usize,
    /// The command APDU.
    pub command: Vec<u8>,
    /// The response APDU, status word included.
    pub expected: Vec<u8>,
}

/// A card that answered otherwise.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "line {line}: {} was answered {} instead of {}",
    hex::encode(command),
    hex::encode(actual),
    hex::encode(expected)
)]
pub struct Mismatch {
    /// Line of the dialogue.
    pub line: usize,
    /// What was sent.
    pub command: Vec<u8>,
    /// What should have come.
    pub expected: Vec<u8>,
    /// What came.
    pub actual: Vec<u8>,
}

/// Why text is no dialogue.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DialogueError {
    /// No `>` between command and response.
    #[error("line {0}: command and response are parted by '>'")]
    NoArrow(usize),
    /// Not pairs of hexadecimal digits.
    #[error("line {0}: not hexadecimal")]
    Hex(usize),
}

impl Dialogue {
    /// Plays every command to `card` in order; answers how many were played, or everything that came otherwise.
    pub fn play(&self, mut card: impl FnMut(&[u8]) -> Vec<u8>) -> Result<usize, Vec<Mismatch>> {
        let wrong: Vec<Mismatch> = self
            .exchanges
            .iter()
            .filter_map(|exchange| {
                let actual = card(&exchange.command);
                (actual != exchange.expected).then(|| Mismatch {
                    line: exchange.line,
                    command: exchange.command.clone(),
                    expected: exchange.expected.clone(),
                    actual,
                })
            })
            .collect();
        if wrong.is_empty() {
            Ok(self.exchanges.len())
        } else {
            Err(wrong)
        }
    }
}

impl FromStr for Dialogue {
    type Err = DialogueError;

    /// Reads a line a pair, `command > response` in hexadecimal; empty lines and those that begin with `#` say nothing.
    fn from_str(text: &str) -> Result<Self, DialogueError> {
        let mut exchanges = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (command, expected) = line.split_once('>').ok_or(DialogueError::NoArrow(number))?;
            let bytes = |text: &str| hex::decode(text.trim()).ok_or(DialogueError::Hex(number));
            exchanges.push(Exchange {
                line: number,
                command: bytes(command)?,
                expected: bytes(expected)?,
            });
        }
        Ok(Self { exchanges })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_named_in_errors() {
        assert_eq!("\n00".parse::<Dialogue>(), Err(DialogueError::NoArrow(2)));
        assert_eq!("0 > 9000".parse::<Dialogue>(), Err(DialogueError::Hex(1)));
    }

    #[test]
    fn every_difference_is_told() {
        let dialogue: Dialogue = "01 > 9000\n# between\n02 > 6D00\n".parse().unwrap();
        assert_eq!(
            dialogue.play(|command| if command == [1] {
                vec![0x90, 0]
            } else {
                vec![0x6D, 0]
            }),
            Ok(2)
        );
        let wrong = dialogue.play(|_| vec![0x6F, 0]).unwrap_err();
        assert_eq!(wrong.iter().map(|m| m.line).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(
            wrong[1].to_string(),
            "line 3: 02 was answered 6F00 instead of 6D00"
        );
    }
}
