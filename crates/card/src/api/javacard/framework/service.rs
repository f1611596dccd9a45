pub(crate) mod basic_service;
pub(crate) mod dispatcher;
