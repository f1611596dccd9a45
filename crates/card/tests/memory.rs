//! What an idle card takes of its process's memory.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use hydra_card::Card;
use hydra_card::nvm::MemoryStorage;
use hydra_crypto::SeededRandom;
use hydra_slot::CodeCache;
use hydra_testkit::Issued;
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const KIB: usize = 1024;

/// Libraries and applets, as in the row of `hydra bench`.
const PROGRAMS: [&[u8]; 9] = [
    include_bytes!("../../../applets/outbox/outbox.cap"),
    include_bytes!("../../../vectors/caps/2.1-jc305/lablib.cap"),
    include_bytes!("../../../vectors/caps/2.1-jc305/bench.cap"),
    include_bytes!("../../../vectors/caps/2.1-jc305/ints.cap"),
    include_bytes!("../../../vectors/caps/2.1-jc305/labsrv.cap"),
    include_bytes!("../../../vectors/caps/2.1-jc305/labapp.cap"),
    include_bytes!("../../../vectors/runtime/probe/probe.cap"),
    include_bytes!("../../../applets/electricity/electricity.cap"),
    include_bytes!("../../../applets/telehealth/telehealth.cap"),
];

/// Bytes that one more card takes, its medium not counted.
fn taken(image: &[u8], code: Option<&Arc<CodeCache>>) -> (Card, usize) {
    let medium = Box::new(MemoryStorage::from_bytes(image.to_vec()));
    let random = Box::new(SeededRandom::new(b"idle"));
    let before = ALLOCATOR.current_usage();
    let mut card = Card::open(medium, random).unwrap();
    if let Some(code) = code {
        card.share_code(code.clone());
    }
    (card, ALLOCATOR.current_usage() - before)
}

#[test]
fn an_idle_card_takes_little_beside_the_code_it_shares() {
    let mut issued = Issued::new("idle").unwrap();
    for program in PROGRAMS {
        issued
            .add(&hydra_cap::CapFile::from_zip(program).unwrap())
            .unwrap();
    }
    let image = issued.medium.restart().as_bytes().to_vec();
    let code = CodeCache::new();
    let (_first, first) = taken(&image, Some(&code));
    let (_second, second) = taken(&image, Some(&code));
    let (_alone, alone) = taken(&image, None);
    let bound = 24 * KIB;
    assert!(second < bound, "{second} bytes beside the code");
    let shared = first - second;
    assert!(shared > bound, "{shared} bytes of code are shared");
    // A card alone has all of it.
    assert!(alone > second + shared / 2);
    assert!(alone < 96 * KIB, "{alone} bytes with the code");
}
