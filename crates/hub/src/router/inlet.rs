use std::collections::VecDeque;

use super::Input;

/// What waits for the card from one port, in order.
#[derive(Debug, Default)]
pub(crate) struct Inlet {
    waiting: VecDeque<Input>,
    put_off: bool,
    highest: Option<u32>,
}

impl Inlet {
    pub(crate) fn push(&mut self, input: Input) {
        self.waiting.push_back(input);
    }

    pub(crate) fn is_ready(&self) -> bool {
        !self.put_off && !self.waiting.is_empty()
    }

    pub(crate) fn pop(&mut self) -> Option<Input> {
        self.waiting.pop_front()
    }

    /// Keeps this input, and all behind it, until [`Inlet::resume`].
    pub(crate) fn put_off(&mut self, input: Input) {
        self.waiting.push_front(input);
        self.put_off = true;
    }

    pub(crate) fn resume(&mut self) {
        self.put_off = false;
    }

    /// Drops what came by a connection that is gone.
    pub(crate) fn forget(&mut self, connection: u64) {
        self.waiting.retain(|input| input.connection != connection);
    }

    /// Whether no input with this number or a higher one was taken before. Devices count upwards.
    pub(crate) fn is_new(&mut self, correlation: u32) -> bool {
        let new = self.highest.is_none_or(|highest| correlation > highest);
        if new {
            self.highest = Some(correlation);
        }
        new
    }
}
