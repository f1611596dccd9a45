pub(crate) mod gp_system;
