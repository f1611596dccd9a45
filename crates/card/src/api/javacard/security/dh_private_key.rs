use super::key::{self, VALUE};

key::components! {
    VALUE, key::set_whole:
    /// `setX`
    pub(crate) fn set_x(bytes);
    /// `getX`: the number of bytes.
    pub(crate) fn get_x(bytes);
}
