use std::io;
use std::path::Path;

use hydra_cap::CapFile;

/// A CAP file of `vectors`: its path there, without the extension.
pub fn cap(path: &str) -> io::Result<CapFile> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors");
    let bytes = std::fs::read(vectors.join(format!("{path}.cap")))?;
    CapFile::from_zip(&bytes).map_err(io::Error::other)
}
