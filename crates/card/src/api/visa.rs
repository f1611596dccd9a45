pub(crate) mod openplatform;
