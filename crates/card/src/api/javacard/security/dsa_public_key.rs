use super::key::{self, VALUE};

key::components! {
    VALUE, key::set_whole:
    /// `setY`
    pub(crate) fn set_y(bytes);
    /// `getY`: the number of bytes.
    pub(crate) fn get_y(bytes);
}
