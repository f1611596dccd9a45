pub(crate) mod gp_registry_entry;
pub(crate) mod gp_system;
pub(crate) mod secure_channel;
pub(crate) mod upgrade;
