//! Bytes as a load file, and as a CAP file: refused with a reason, or read, verified, shown and written again to the same bytes.
#![no_main]

use hydra_cap::CapFile;
use hydra_cap::verify::{FAULT_LIMIT, Imports, WORK_PER_BYTE, verify};
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
    // Whatever it is, the verifier comes to an end, and says at most so much of it.
    let files = [&hydra_fuzz::programs()[2]];
    let report = verify(
        cap,
        &Imports {
            exports: &[],
            files: &files,
        },
    );
    assert!(report.faults.len() <= FAULT_LIMIT);
    assert!(report.work <= cap.method_info().len() * (WORK_PER_BYTE + 1024));
    let written = cap.to_load_file_with_descriptor();
    let again = CapFile::from_load_file(&written).expect("what was read can be written");
    assert_eq!(again.to_load_file_with_descriptor(), written);
}
