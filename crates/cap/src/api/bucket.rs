/// In how many buckets the table's classes lie, by [`bucket`].
const CLASS_BUCKETS: usize = 512;

/// The bucket of a class name: FNV-1a, folded. The table's builder and its reader share it.
const fn bucket(name: &str) -> usize {
    let bytes = name.as_bytes();
    let mut hash = 0x811C_9DC5_u32;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    (hash ^ hash >> 16) as usize % CLASS_BUCKETS
}
