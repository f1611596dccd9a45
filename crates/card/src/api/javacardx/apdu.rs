pub(crate) mod util;
