pub(crate) mod op_system;
