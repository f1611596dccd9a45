//! Card profiles: how much memory a card has, and how long a command may take.

use alloc::vec::Vec;

use hydra_vm::Limits;

/// How much a card has; said when it is made, and kept in its memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The limits of its virtual machine.
    pub limits: Limits,
}

impl Profile {
    /// What a classic card of the 2.2 generation has: 64 KiB of code and 32 KiB of objects.
    pub const CLASSIC: Self = Self {
        limits: Limits {
            code: 64 * 1024,
            persistent: 32 * 1024,
            transient_reset: 2 * 1024,
            transient_deselect: 2 * 1024,
            commit: 1024,
            stack: 512,
            frames: 48,
            steps: Limits::STANDARD.steps,
        },
    };

    /// What a card has that is made without asking.
    pub const STANDARD: Self = Self {
        limits: Limits::STANDARD,
    };

    /// The profiles that have a name.
    pub const NAMED: [(&str, Self); 2] = [("standard", Self::STANDARD), ("classic", Self::CLASSIC)];

    /// The profile of this name.
    pub fn named(name: &str) -> Option<Self> {
        let found = Self::NAMED.into_iter().find(|(known, _)| *known == name);
        found.map(|(_, profile)| profile)
    }

    pub(crate) fn encode(self) -> Vec<u8> {
        let limits = self.limits;
        let sizes = [
            limits.code,
            limits.persistent,
            limits.transient_reset,
            limits.transient_deselect,
            limits.commit,
            limits.stack,
            limits.frames,
        ];
        let sizes = sizes.map(|size| u64::try_from(size).unwrap_or(u64::MAX));
        let fields = sizes.into_iter().chain([limits.steps]);
        fields.flat_map(u64::to_be_bytes).collect()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (fields, rest) = bytes.as_chunks::<8>();
        let fields: Vec<u64> = fields.iter().copied().map(u64::from_be_bytes).collect();
        let &[
            code,
            persistent,
            reset,
            deselect,
            commit,
            stack,
            frames,
            steps,
        ] = fields.as_slice()
        else {
            return None;
        };
        // More than any card has is no card's profile.
        let most = |most: usize, field| usize::try_from(field).ok().filter(|size| *size <= most);
        let size = |field| most(1 << 30, field);
        rest.is_empty().then_some(())?;
        Some(Self {
            limits: Limits {
                code: size(code)?,
                persistent: size(persistent)?,
                transient_reset: size(reset)?,
                transient_deselect: size(deselect)?,
                commit: size(commit)?,
                stack: most(1 << 20, stack)?,
                frames: most(1 << 12, frames)?,
                steps,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_comes_back_as_it_was_and_cut_short_not_at_all() {
        for (name, profile) in Profile::NAMED {
            assert_eq!(Profile::named(name), Some(profile));
            let bytes = profile.encode();
            assert_eq!(Profile::decode(&bytes), Some(profile));
            for cut in 0..bytes.len() {
                assert_eq!(Profile::decode(&bytes[..cut]), None);
            }
        }
    }
}
