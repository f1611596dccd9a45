pub(crate) mod globalplatform;
