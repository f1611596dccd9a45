//! The code hash: what an attestation calls the code by.

use sha2::{Digest, Sha256};

use crate::{CapFile, ComponentTag};

impl CapFile {
    /// SHA-256 over the components without Descriptor and Debug, in load order, each with its tag
    /// and size. It does not depend on how the file was packed, nor on whether a loader left the
    /// Descriptor out.
    #[must_use]
    pub fn code_hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for (tag, info) in self.components() {
            if matches!(tag, ComponentTag::Descriptor | ComponentTag::Debug) {
                continue;
            }
            for byte in self.tag_and_size(tag, info) {
                hash.update([byte]);
            }
            hash.update(info);
        }
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use crate::CapFile;

    const LIBRARY: &[u8] = include_bytes!("../../../vectors/caps/2.1-jc305/lablib.cap");

    #[test]
    fn it_is_the_hash_of_the_load_file_without_descriptor() {
        let cap = CapFile::from_zip(LIBRARY).unwrap();
        let expected: [u8; 32] = Sha256::digest(cap.to_load_file()).into();
        assert_eq!(cap.code_hash(), expected);
    }

    #[test]
    fn the_descriptor_does_not_count_but_every_other_byte_does() {
        let cap = CapFile::from_zip(LIBRARY).unwrap();
        let full = CapFile::from_load_file(&cap.to_load_file_with_descriptor()).unwrap();
        let bare = CapFile::from_load_file(&cap.to_load_file()).unwrap();
        assert!(bare.descriptor().is_none());
        assert_eq!(full.code_hash(), bare.code_hash());
        let mut bytes = cap.to_load_file();
        // The package's minor version.
        bytes[10] ^= 1;
        let other = CapFile::from_load_file(&bytes).unwrap();
        assert_ne!(other.code_hash(), cap.code_hash());
    }
}
