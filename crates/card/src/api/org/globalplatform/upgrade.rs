pub(crate) mod upgrade_manager;
