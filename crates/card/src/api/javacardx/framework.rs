pub(crate) mod math;
pub(crate) mod tlv;
pub(crate) mod util;
