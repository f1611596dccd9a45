//! Simulated homes and devices, and the demo's world: real secure elements, hubs, relay and servers in one process.
//!
//! A level-5 crate: it wires what the others are, and holds nothing that a real home needs.

mod device;
pub mod figure;
pub mod health;
pub mod meter;
pub mod outcome;
pub mod overheard;
pub mod readings;
pub mod wiretap;
pub mod world;

pub use device::DeviceError;
