//! The constant pool as it grows while code is written.

use crate::world::ClassId;

/// What an entry refers to, before anything has an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Class(ClassId),
    InstanceField {
        class: ClassId,
        token: u8,
    },
    Virtual {
        class: ClassId,
        token: u8,
    },
    Super {
        class: ClassId,
        token: u8,
    },
    /// Class and field index.
    OwnStaticField(usize, usize),
    ForeignStaticField {
        class: ClassId,
        token: u8,
    },
    /// Class and method index.
    OwnStaticMethod(usize, usize),
    ForeignStaticMethod {
        class: ClassId,
        token: u8,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    /// Field type or method signature; none for classes.
    pub(crate) descriptor: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Pool {
    entries: Vec<Entry>,
}

impl Pool {
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The index of an entry, made if it is not there.
    pub(crate) fn member(&mut self, key: Key, descriptor: &str) -> usize {
        self.index(key, Some(descriptor))
    }

    pub(crate) fn class(&mut self, class: ClassId) -> usize {
        self.index(Key::Class(class), None)
    }

    /// The index of a class for an exception handler, where 0 would mean any class.
    pub(crate) fn caught_class(&mut self, class: ClassId) -> usize {
        let wanted = Key::Class(class);
        let later = self.entries.iter().skip(1).position(|e| e.key == wanted);
        if let Some(found) = later {
            return found + 1;
        }
        if self.entries.is_empty() {
            return self.index(wanted.clone(), None) + self.append(wanted, None);
        }
        self.append(wanted, None)
    }

    fn index(&mut self, key: Key, descriptor: Option<&str>) -> usize {
        match self.entries.iter().position(|e| e.key == key) {
            Some(found) => found,
            None => self.append(key, descriptor),
        }
    }

    fn append(&mut self, key: Key, descriptor: Option<&str>) -> usize {
        self.entries.push(Entry {
            key,
            descriptor: descriptor.map(str::to_owned),
        });
        self.entries.len() - 1
    }
}
