//! A command in words.

use std::fmt::Write;

use hydra_gp::command::ManageChannel;
use hydra_gp::{Command as GpCommand, Delete, Install, SetStatusScope, StatusScope};
use hydra_wire::{Command, hex};

/// Instructions of ISO/IEC 7816-4 and of the card application toolkit (TS 102 221), by class and number. GlobalPlatform's own are
/// read whole.
const INSTRUCTIONS: &[(u8, &str)] = &[
    (0x10, "TERMINAL PROFILE"),
    (0x12, "FETCH"),
    (0x14, "TERMINAL RESPONSE"),
    (0x20, "VERIFY"),
    (0x21, "VERIFY"),
    (0x22, "MANAGE SECURITY ENVIRONMENT"),
    (0x24, "CHANGE REFERENCE DATA"),
    (0x2A, "PERFORM SECURITY OPERATION"),
    (0x2C, "RESET RETRY COUNTER"),
    (0x46, "GENERATE ASYMMETRIC KEY PAIR"),
    (0x47, "GENERATE ASYMMETRIC KEY PAIR"),
    (0x84, "GET CHALLENGE"),
    (0x86, "GENERAL AUTHENTICATE"),
    (0x87, "GENERAL AUTHENTICATE"),
    (0x88, "INTERNAL AUTHENTICATE"),
    (0xB0, "READ BINARY"),
    (0xB2, "READ RECORD"),
    (0xC0, "GET RESPONSE"),
    (0xC2, "ENVELOPE"),
    (0xCB, "GET DATA"),
    (0xD6, "UPDATE BINARY"),
    (0xDA, "PUT DATA"),
    (0xDB, "PUT DATA"),
    (0xDC, "UPDATE RECORD"),
];

/// The command's name and what it asks for, its channel and secure messaging, its data's length and Le.
pub(super) fn command(command: &Command) -> String {
    let secured = if command.cla & 0x40 == 0 {
        command.cla & 0x0C != 0
    } else {
        command.cla & 0x20 != 0
    };
    let mut text = match GpCommand::try_from(&command.clone().on_channel(0)) {
        // What is encrypted or ends in a MAC is not for reading.
        Ok(known) if !secured => known_command(&known),
        _ => name(command.ins, secured),
    };
    // Writing to a string does not fail.
    let mut add = |args: std::fmt::Arguments<'_>| {
        let _ = text.write_fmt(args);
    };
    add(format_args!(
        ", P1 {:02X} P2 {:02X}",
        command.p1, command.p2
    ));
    if !command.data.is_empty() {
        add(format_args!(", {} bytes", command.data.len()));
    }
    match command.ne {
        None => {}
        Some(256) if !command.extended => add(format_args!(", all back")),
        Some(65_536) => add(format_args!(", all back")),
        Some(ne) => add(format_args!(", {ne} back")),
    }
    if command.extended {
        add(format_args!(", extended"));
    }
    if command.cla & 0x10 != 0 {
        add(format_args!(", more follows"));
    }
    if secured {
        add(format_args!(", secure messaging"));
    }
    if command.channel() > 0 {
        add(format_args!(", channel {}", command.channel()));
    }
    text
}

fn name(ins: u8, secured: bool) -> String {
    let globalplatform = [
        (0x50, "INITIALIZE UPDATE"),
        (0x70, "MANAGE CHANNEL"),
        (0x82, "EXTERNAL AUTHENTICATE"),
        (0xA4, "SELECT"),
        (0xCA, "GET DATA"),
        (0xD8, "PUT KEY"),
        (0xE2, "STORE DATA"),
        (0xE4, "DELETE"),
        (0xE6, "INSTALL"),
        (0xE8, "LOAD"),
        (0xF2, "GET STATUS"),
    ];
    // In the clear they would have been read; in a secure channel the name is all there is to see.
    let secured = globalplatform.iter().filter(|_| secured);
    INSTRUCTIONS
        .iter()
        .chain(secured)
        .find(|(each, _)| *each == ins)
        .map_or_else(|| format!("INS {ins:02X}"), |(_, name)| (*name).to_owned())
}

fn known_command(command: &GpCommand) -> String {
    match command {
        GpCommand::Select(select) if select.name.is_empty() => "SELECT the issuer domain".into(),
        GpCommand::Select(select) => format!("SELECT {}", hex::encode(&select.name)),
        GpCommand::ManageChannel(ManageChannel::Open) => "MANAGE CHANNEL open".into(),
        GpCommand::ManageChannel(ManageChannel::OpenNumber(n)) => {
            format!("MANAGE CHANNEL open {n}")
        }
        GpCommand::ManageChannel(ManageChannel::Close(n)) => format!("MANAGE CHANNEL close {n}"),
        GpCommand::InitializeUpdate(update) => {
            format!("INITIALIZE UPDATE key version {:02X}", update.key_version)
        }
        GpCommand::ExternalAuthenticate(_) => "EXTERNAL AUTHENTICATE".into(),
        GpCommand::GetData(get) => format!("GET DATA {:04X}", get.tag),
        GpCommand::GetStatus(get) => {
            let part = match get.scope {
                StatusScope::IssuerDomain => "issuer domain",
                StatusScope::Applications => "applications",
                StatusScope::LoadFiles => "load files",
                StatusScope::LoadFilesAndModules => "load files and modules",
            };
            format!("GET STATUS of {part}")
        }
        GpCommand::SetStatus(set) => match set.scope {
            SetStatusScope::Card => format!("SET STATUS of the card to {:02X}", set.state),
            SetStatusScope::Application => {
                format!(
                    "SET STATUS of {} to {:02X}",
                    hex::encode(&set.aid),
                    set.state
                )
            }
        },
        GpCommand::StoreData(store) => format!("STORE DATA block {}", store.block),
        GpCommand::Load(load) => {
            let last = if load.last { ", the last" } else { "" };
            format!("LOAD block {}{last}", load.block)
        }
        GpCommand::PutKey(put) => format!("PUT KEY version {:02X}", put.new_version),
        GpCommand::Delete(Delete::Object { aid, .. }) => format!("DELETE {aid}"),
        GpCommand::Delete(Delete::ObjectAndRelated { aid, .. }) => {
            format!("DELETE {aid} and what was made from it")
        }
        GpCommand::Delete(Delete::Key { .. }) => "DELETE key".into(),
        GpCommand::Install(install) => match install {
            Install::Load(load) => format!("INSTALL [for load] {}", load.load_file),
            Install::Install(install) => format!("INSTALL [for install] {}", install.instance),
            Install::MakeSelectable(make) => {
                format!("INSTALL [for make selectable] {}", make.instance)
            }
            Install::InstallAndMakeSelectable(install) => {
                format!(
                    "INSTALL [for install and make selectable] {}",
                    install.instance
                )
            }
            Install::Personalization(aid) => format!("INSTALL [for personalization] {aid}"),
        },
    }
}
