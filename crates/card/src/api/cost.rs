//! What natives cost of a command's limit of steps, so that no loop of them runs for long: about what branches would
//! cost that take as much time. Bytes that a native reads or writes are charged by the virtual machine.

/// A durable write: about a millisecond.
pub(crate) const SYNC: usize = 20_000;

/// The end of a transaction.
pub(crate) const TRANSACTION: usize = 8;

/// A multiplication on a curve over a field of so many bytes.
pub(crate) fn curve(field: usize) -> usize {
    field.pow(3)
}

/// A power modulo a number of so many bytes.
pub(crate) fn power(modulus: usize, exponent: usize) -> usize {
    modulus.pow(2) * exponent / 128
}

/// Two primes whose product has so many bytes.
pub(crate) fn primes(product: usize) -> usize {
    product.pow(4) / 1024
}

/// A product of two numbers, digit by digit.
pub(crate) fn product(first: usize, second: usize) -> usize {
    first * second / 32
}

/// Bytes through a cipher, a digest or a generator.
pub(crate) fn bytes(length: usize) -> usize {
    length / 8
}
