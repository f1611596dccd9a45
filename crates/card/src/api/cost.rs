//! What natives cost of a command's limit of steps, so that no loop of them runs for long: about what branches would
//! cost that take as much time. Bytes that a native reads or writes are charged by the virtual machine.

/// A durable write: about a millisecond.
pub(crate) const SYNC: u64 = 20_000;

/// The end of a transaction.
pub(crate) const TRANSACTION: u64 = 8;

/// A multiplication on a curve over a field of so many bytes.
pub(crate) fn curve(field: usize) -> u64 {
    wide(field).saturating_pow(3)
}

/// A power modulo a number of so many bytes.
pub(crate) fn power(modulus: usize, exponent: usize) -> u64 {
    wide(modulus)
        .saturating_pow(2)
        .saturating_mul(wide(exponent))
        / 128
}

/// Two primes whose product has so many bytes.
pub(crate) fn primes(product: usize) -> u64 {
    wide(product).saturating_pow(4) / 1024
}

/// A product of two numbers, digit by digit.
pub(crate) fn product(first: usize, second: usize) -> u64 {
    wide(first).saturating_mul(wide(second)) / 32
}

/// Bytes through a cipher, a digest or a generator.
pub(crate) fn bytes(length: usize) -> u64 {
    wide(length) / 8
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
