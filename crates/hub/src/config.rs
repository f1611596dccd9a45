use crate::Port;
use crate::dlms::Dlms;
use crate::gatt::Gatt;

/// What a hub is called and what is plugged into it.
#[derive(Clone, Debug)]
pub struct HubConfig {
    /// The hub's id, without `hub:`; part of its topics.
    pub id: String,
    /// Ports whose outputs go to the local connection instead of the relay.
    pub(crate) local: Port,
    pub(crate) devices: [(Port, Device); 3],
}

/// A device's protocol.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Device {
    Dlms(Dlms),
    Gatt(Gatt),
}

impl HubConfig {
    /// A hub with the duty devices: electricity meter, blood pressure monitor, scale; and the householder's local port.
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            local: Port::householder(),
            devices: [
                (Port::meter(), Device::Dlms(Dlms)),
                (Port::blood_pressure(), Device::Gatt(Gatt::BloodPressure)),
                (Port::scale(), Device::Gatt(Gatt::Weight)),
            ],
        }
    }
}
