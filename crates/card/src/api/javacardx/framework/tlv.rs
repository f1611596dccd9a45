pub(crate) mod ber_tag;
pub(crate) mod bertlv;
pub(crate) mod constructed_ber_tag;
pub(crate) mod constructed_bertlv;
pub(crate) mod primitive_ber_tag;
pub(crate) mod primitive_bertlv;
