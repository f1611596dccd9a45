pub(crate) mod apdu_util;
