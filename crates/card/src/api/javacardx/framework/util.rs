pub(crate) mod array_logic;
pub(crate) mod intx;
