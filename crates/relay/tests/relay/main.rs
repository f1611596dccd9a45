//! The relay over real sockets and mutual TLS: with our own link, with raw MQTT, with Python's paho; and our link with
//! Mosquitto in the relay's place.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod access;
mod certificates;
mod delivery;
mod mosquitto;
mod paho;
mod pki;
mod raw;
mod world;
