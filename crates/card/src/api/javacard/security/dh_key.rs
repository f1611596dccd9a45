use super::key::{self, PARAMETERS};

/// The words of p, g and q.
pub(super) const P: u16 = PARAMETERS[0];
pub(super) const G: u16 = PARAMETERS[1];
pub(super) const Q: u16 = PARAMETERS[2];

key::components! {
    P, key::set_whole:
    /// `setP`
    pub(crate) fn set_p(bytes);
    /// `getP`: the number of bytes.
    pub(crate) fn get_p(bytes);

    G, key::set_whole:
    /// `setG`
    pub(crate) fn set_g(bytes);
    /// `getG`: the number of bytes.
    pub(crate) fn get_g(bytes);

    Q, key::set_whole:
    /// `setQ`
    pub(crate) fn set_q(bytes);
    /// `getQ`: the number of bytes.
    pub(crate) fn get_q(bytes);
}
