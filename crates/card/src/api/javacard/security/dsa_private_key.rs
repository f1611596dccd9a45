use super::dsa_key::set_order;
use super::key::{self, VALUE};

key::components! {
    VALUE, set_order:
    /// `setX`
    pub(crate) fn set_x(bytes);
    /// `getX`: the number of bytes.
    pub(crate) fn get_x(bytes);
}
