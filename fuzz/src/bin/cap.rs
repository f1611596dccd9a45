//! Bytes as a load file, and as a CAP file: refused with a reason, or read, shown and written again to the same bytes.
#![no_main]

use hydra_cap::CapFile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = CapFile::from_zip(data);
    if let Ok(cap) = CapFile::from_load_file(data) {
        examine(&cap);
    }
    if let Some((_, bytes)) = hydra_fuzz::changed_load_file(data)
        && let Ok(cap) = CapFile::from_load_file(&bytes)
    {
        examine(&cap);
    }
});

fn examine(cap: &CapFile) {
    let _ = cap.dump().to_string();
    let _ = cap.code_hash();
    let written = cap.to_load_file_with_descriptor();
    let again = CapFile::from_load_file(&written).expect("what was read can be written");
    assert_eq!(again.to_load_file_with_descriptor(), written);
}
