//! The Method component from instructions, and the constant pool's names that they use.

use std::collections::BTreeMap;

use hydra_cap::opcode::{Layout, Opcode};
use hydra_cap::{ExceptionHandler, ReferenceLocations, write};

/// The size of a method's header as it is written here: the long form (JCVM 3.0.5 §6.10.2).
pub(super) const HEADER: usize = 4;

/// Names of the constant pool's entries, in the order in which they are first used or given.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    all: Vec<String>,
    places: BTreeMap<String, u16>,
}

impl Names {
    pub(super) fn index(&mut self, name: &str) -> u16 {
        if let Some(index) = self.places.get(name) {
            return *index;
        }
        let index = u16::try_from(self.all.len()).unwrap();
        self.all.push(name.into());
        self.places.insert(name.into(), index);
        index
    }

    /// The index of `#name`, or the number of `##n`.
    fn operand(&mut self, word: &str) -> u16 {
        let name = word
            .strip_prefix('#')
            .unwrap_or_else(|| panic!("{word} is no constant"));
        match name.strip_prefix('#') {
            Some(raw) => raw.parse().unwrap(),
            None => self.index(name),
        }
    }

    pub(super) fn all(&self) -> &[String] {
        &self.all
    }
}

/// What a method's header says.
pub(super) struct Frame {
    pub(super) nargs: u8,
    pub(super) locals: u8,
    pub(super) stack: u8,
}

/// The methods of a file, one after another.
pub(super) struct Code {
    bytes: Vec<u8>,
    /// Where the first method is.
    start: usize,
    pub(super) handlers: Vec<ExceptionHandler>,
    /// Offsets of the instructions that were marked.
    pub(super) marked: Vec<usize>,
    locations: ReferenceLocations,
}

impl Code {
    /// For methods with these texts: their handlers come before the code.
    pub(super) fn new<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let handlers = texts.map(|text| text.matches(".catch").count()).sum();
        Self {
            bytes: Vec::new(),
            start: write::first_method_offset(handlers),
            handlers: Vec::new(),
            marked: Vec::new(),
            locations: ReferenceLocations::default(),
        }
    }

    /// Where the next method begins.
    pub(super) fn end(&self) -> usize {
        self.start + self.bytes.len()
    }

    /// Appends a method, abstract if it has no text, and says where it is.
    pub(super) fn method(&mut self, frame: &Frame, text: Option<&str>, names: &mut Names) -> u32 {
        let at = u32::try_from(self.end()).unwrap();
        let flags = if text.is_some() { 0x80 } else { 0xC0 };
        let header: [u8; HEADER] = [flags, frame.stack, frame.nargs, frame.locals];
        self.bytes.extend(header);
        if let Some(text) = text {
            self.body(text, names);
        }
        at
    }

    /// The component, and the places in it that hold indices of the constant pool.
    pub(super) fn component(&self) -> (Vec<u8>, ReferenceLocations) {
        let mut handlers = self.handlers.clone();
        let mut locations = self.locations.clone();
        for (i, handler) in handlers.iter_mut().enumerate() {
            let end = |handler: &ExceptionHandler| handler.start + u32::from(handler.length);
            handler.stop = !self.handlers[i + 1..]
                .iter()
                .any(|later| later.start <= handler.start && end(handler) <= end(later));
            if handler.catch_type != 0 {
                let at = write::first_method_offset(i) + 6;
                locations.short_indices.push(u32::try_from(at).unwrap());
            }
        }
        locations.short_indices.sort_unstable();
        (write::method(&handlers, &self.bytes).unwrap(), locations)
    }

    fn body(&mut self, text: &str, names: &mut Names) {
        let lines: Vec<&str> = text.split("; ").map(str::trim).collect();
        let start = self.bytes.len();
        let mut labels = BTreeMap::new();
        // Once for the labels, once for the code.
        let known = (self.marked.len(), self.locations.clone());
        for pass in 0..2 {
            self.bytes.truncate(start);
            self.marked.truncate(known.0);
            self.locations = known.1.clone();
            for mut line in lines.iter().copied() {
                let at = self.end();
                let is_label = |label: &str| {
                    label
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || "!_-".contains(c))
                };
                while let Some((label, rest)) =
                    line.split_once(':').filter(|(label, _)| is_label(label))
                {
                    labels.insert(label.trim_start_matches('!').to_string(), at);
                    line = rest.trim();
                }
                if let Some(rest) = line.strip_prefix('!') {
                    self.marked.push(at);
                    line = rest.trim();
                }
                let words: Vec<&str> = line.split_whitespace().collect();
                match words.as_slice() {
                    [] => {}
                    [".byte", values @ ..] => self
                        .bytes
                        .extend(values.iter().map(|word| number(word).to_be_bytes()[3])),
                    [".catch", from, to, handler, class] if pass == 1 => {
                        let place = |word: &str| {
                            let place = labels
                                .get(word)
                                .unwrap_or_else(|| panic!("no label {word}"));
                            u32::try_from(*place).unwrap()
                        };
                        let (start, end) = (place(from), place(to));
                        self.handlers.push(ExceptionHandler {
                            start,
                            length: u16::try_from(end.saturating_sub(start)).unwrap(),
                            stop: false,
                            handler: place(handler),
                            catch_type: match *class {
                                "any" => 0,
                                class => names.operand(class),
                            },
                        });
                    }
                    [".catch", ..] => {}
                    [mnemonic, operands @ ..] => {
                        self.instruction(mnemonic, operands, &labels, names);
                    }
                }
            }
            labels.entry("end".into()).or_insert(self.end());
        }
    }

    fn put(&mut self, value: i32, size: usize) {
        self.bytes
            .extend_from_slice(&value.to_be_bytes()[4 - size..]);
    }

    /// An index of one or two bytes, whose place is noted.
    fn put_index(&mut self, index: u16, size: usize) {
        let at = u32::try_from(self.end()).unwrap();
        if size == 1 {
            self.locations.byte_indices.push(at);
        } else {
            self.locations.short_indices.push(at);
        }
        self.put(index.into(), size);
    }

    fn instruction(
        &mut self,
        mnemonic: &str,
        operands: &[&str],
        labels: &BTreeMap<String, usize>,
        names: &mut Names,
    ) {
        let opcode =
            Opcode::from_mnemonic(mnemonic).unwrap_or_else(|| panic!("no instruction {mnemonic}"));
        let at = i32::try_from(self.end()).unwrap();
        // A label is not yet known in the first pass.
        let target = |word: &str| match labels.get(word) {
            Some(target) => i32::try_from(*target).unwrap() - at,
            None => word.parse().unwrap_or(0),
        };
        let word = |i: usize| {
            operands
                .get(i)
                .copied()
                .unwrap_or_else(|| panic!("{mnemonic}: operand {i} is missing"))
        };
        self.put(opcode.byte().into(), 1);
        match opcode.layout() {
            Layout::None => {}
            Layout::Imm8 | Layout::Local | Layout::ArrayType => self.put(number(word(0)), 1),
            Layout::Imm16 => self.put(number(word(0)), 2),
            Layout::Imm32 => self.put(number(word(0)), 4),
            Layout::Mn => self.put(number(word(0)) << 4 | number(word(1)), 1),
            Layout::Branch8 => self.put(target(word(0)), 1),
            Layout::Branch16 => self.put(target(word(0)), 2),
            Layout::Cp8 => self.put_index(names.operand(word(0)), 1),
            Layout::Cp16 => self.put_index(names.operand(word(0)), 2),
            Layout::LocalImm8 => {
                self.put(number(word(0)), 1);
                self.put(number(word(1)), 1);
            }
            Layout::LocalImm16 => {
                self.put(number(word(0)), 1);
                self.put(number(word(1)), 2);
            }
            Layout::Interface => {
                self.put(number(word(0)), 1);
                self.put_index(names.operand(word(1)), 2);
                self.put(number(word(2)), 1);
            }
            Layout::TypeCheck => {
                self.put(number(word(0)), 1);
                match operands.get(1) {
                    Some(class) => self.put_index(names.operand(class), 2),
                    None => self.put(0, 2),
                }
            }
            layout @ (Layout::TableSwitch16 | Layout::TableSwitch32) => {
                let size = if layout == Layout::TableSwitch16 {
                    2
                } else {
                    4
                };
                self.put(target(word(0)), 2);
                self.put(number(word(1)), size);
                self.put(number(word(2)), size);
                for label in &operands[3..] {
                    self.put(target(label), 2);
                }
            }
            layout @ (Layout::LookupSwitch16 | Layout::LookupSwitch32) => {
                let size = if layout == Layout::LookupSwitch16 {
                    2
                } else {
                    4
                };
                self.put(target(word(0)), 2);
                self.put(i32::try_from(operands.len() - 1).unwrap(), 2);
                for pair in &operands[1..] {
                    let (key, label) = pair.split_once('=').unwrap();
                    self.put(number(key), size);
                    self.put(target(label), 2);
                }
            }
        }
    }
}

fn number(word: &str) -> i32 {
    word.parse()
        .unwrap_or_else(|_| panic!("{word} is no number"))
}
