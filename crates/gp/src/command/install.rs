use alloc::vec::Vec;

use hydra_wire::{Aid, tlv};

use super::{CommandError, LE, apdu as command, ins, owned, parameters};
use crate::Privileges;
use crate::fields::{Fields, push_lv};

/// GPCS 2.3.1 §11.5 INSTALL
///
/// Each field has one length byte: what is longer than 255 bytes cannot be expressed and is cut off when written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Install {
    /// §11.5.2.3.1: announces a load file.
    Load(InstallForLoad),
    /// §11.5.2.3.2: makes an application of a module.
    Install(InstallApplication),
    /// §11.5.2.3.3: makes an installed application selectable.
    MakeSelectable(MakeSelectable),
    /// §11.5.2.3.2 and §11.5.2.3.3 in one.
    InstallAndMakeSelectable(InstallApplication),
    /// §11.5.2.3.6: hands the STORE DATA commands that follow to this application.
    Personalization(Aid),
}

/// GPCS 2.3.1 §11.5.2.3.1 INSTALL [for load]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallForLoad {
    /// AID that the load file gets.
    pub load_file: Aid,
    /// The security domain it belongs to; that which takes the command when none is named.
    pub domain: Option<Aid>,
    /// Load file data block hash; may be empty.
    pub hash: Vec<u8>,
    /// Load parameters, data objects; may be empty.
    pub parameters: Vec<u8>,
    /// Load token; may be empty.
    pub token: Vec<u8>,
}

impl InstallForLoad {
    /// A load file for this domain, without hash, parameters and token.
    pub fn new(load_file: &Aid, domain: &Aid) -> Self {
        Self {
            load_file: load_file.clone(),
            domain: Some(domain.clone()),
            hash: Vec::new(),
            parameters: Vec::new(),
            token: Vec::new(),
        }
    }
}

/// GPCS 2.3.1 §11.5.2.3.2 INSTALL [for install]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallApplication {
    /// The load file that holds the module.
    pub load_file: Aid,
    /// The module (an applet class).
    pub module: Aid,
    /// AID that the application gets.
    pub instance: Aid,
    /// Privileges of the application.
    pub privileges: Privileges,
    /// Install parameters, data objects, C9 among them.
    pub parameters: Vec<u8>,
    /// Install token; may be empty.
    pub token: Vec<u8>,
}

impl InstallApplication {
    /// An application with these application specific parameters, and no others and no token.
    pub fn new(
        load_file: &Aid,
        module: &Aid,
        instance: &Aid,
        privileges: Privileges,
        application_parameters: &[u8],
    ) -> Self {
        Self {
            load_file: load_file.clone(),
            module: module.clone(),
            instance: instance.clone(),
            privileges,
            parameters: tlv::object(0xC9, application_parameters),
            token: Vec::new(),
        }
    }

    /// The content of C9: what the applet's `install` gets to read (GPCS 2.3.1 §11.5.2.3.7).
    pub fn application_parameters(&self) -> &[u8] {
        tlv::find(&self.parameters, 0xC9)
            .ok()
            .flatten()
            .unwrap_or_default()
    }

    /// The bytes handed to the applet's `install`: instance AID, privileges and C9's content, each after its length
    /// (Java Card API, `Applet.install`; GPCS 2.3.1 §11.5.2.3.2).
    pub fn install_data(&self) -> Vec<u8> {
        let mut out = Vec::new();
        push_lv(&mut out, self.instance.as_bytes());
        push_lv(&mut out, self.privileges.shortest());
        push_lv(&mut out, self.application_parameters());
        out
    }
}

/// GPCS 2.3.1 §11.5.2.3.3 INSTALL [for make selectable]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MakeSelectable {
    /// The application.
    pub instance: Aid,
    /// Privileges it gets.
    pub privileges: Privileges,
    /// Parameters, data objects; may be empty.
    pub parameters: Vec<u8>,
    /// Token; may be empty.
    pub token: Vec<u8>,
}

const LOAD: u8 = 0x02;
const INSTALL: u8 = 0x04;
const MAKE_SELECTABLE: u8 = 0x08;
const PERSONALIZATION: u8 = 0x20;

impl Install {
    pub(super) fn read(apdu: &hydra_wire::Command) -> Result<Self, CommandError> {
        if apdu.p2 != 0 {
            return Err(parameters(apdu));
        }
        let mut fields = Fields::new(&apdu.data);
        let install = match apdu.p1 {
            LOAD => Self::Load(read_load(&mut fields)?),
            INSTALL => Self::Install(read_install(&mut fields)?),
            MAKE_SELECTABLE => Self::MakeSelectable(read_make_selectable(&mut fields)?),
            both if both == INSTALL | MAKE_SELECTABLE => {
                Self::InstallAndMakeSelectable(read_install(&mut fields)?)
            }
            PERSONALIZATION => {
                fields.empty("personalization names no load file")?;
                fields.empty("personalization names no module")?;
                let application = fields.aid("application AID")?;
                fields.empty("personalization gives no privileges")?;
                fields.empty("personalization gives no parameters")?;
                fields.empty("personalization takes no token")?;
                Self::Personalization(application)
            }
            _ => return Err(parameters(apdu)),
        };
        fields.end()?;
        Ok(install)
    }

    pub(super) fn to_apdu(&self) -> hydra_wire::Command {
        let mut data = Vec::new();
        let p1 = match self {
            Self::Load(load) => {
                push_lv(&mut data, load.load_file.as_bytes());
                push_lv(&mut data, load.domain.as_ref().map_or(&[], Aid::as_bytes));
                push_lv(&mut data, &load.hash);
                push_lv(&mut data, &load.parameters);
                push_lv(&mut data, &load.token);
                LOAD
            }
            Self::Install(install) => {
                write_install(install, &mut data);
                INSTALL
            }
            Self::InstallAndMakeSelectable(install) => {
                write_install(install, &mut data);
                INSTALL | MAKE_SELECTABLE
            }
            Self::MakeSelectable(make) => {
                data.extend([0, 0]);
                push_lv(&mut data, make.instance.as_bytes());
                push_lv(&mut data, make.privileges.shortest());
                push_lv(&mut data, &make.parameters);
                push_lv(&mut data, &make.token);
                MAKE_SELECTABLE
            }
            Self::Personalization(application) => {
                data.extend([0, 0]);
                push_lv(&mut data, application.as_bytes());
                data.extend([0, 0, 0]);
                PERSONALIZATION
            }
        };
        command(ins::INSTALL, p1, 0x00, &data).with_le(LE)
    }
}

fn read_load(fields: &mut Fields<'_>) -> Result<InstallForLoad, CommandError> {
    Ok(InstallForLoad {
        load_file: fields.aid("load file AID")?,
        domain: fields.optional_aid("security domain AID")?,
        hash: owned(fields.lv("load file data block hash")?),
        parameters: read_parameters(fields)?,
        token: owned(fields.lv("load token")?),
    })
}

fn read_install(fields: &mut Fields<'_>) -> Result<InstallApplication, CommandError> {
    let load_file = fields.aid("load file AID")?;
    let module = fields.aid("module AID")?;
    // GPCS 2.3.1 §11.5.2.3.2: without a name of its own the application has the module's.
    let instance = fields
        .optional_aid("application AID")?
        .unwrap_or_else(|| module.clone());
    let privileges = read_privileges(fields)?;
    let at = fields.at();
    let parameters = read_parameters(fields)?;
    if !matches!(tlv::find(&parameters, 0xC9), Ok(Some(_))) {
        return Err(CommandError::Data {
            at,
            what: "install parameters without C9",
        });
    }
    Ok(InstallApplication {
        load_file,
        module,
        instance,
        privileges,
        parameters,
        token: owned(fields.lv("install token")?),
    })
}

fn read_make_selectable(fields: &mut Fields<'_>) -> Result<MakeSelectable, CommandError> {
    fields.empty("make selectable names no load file")?;
    fields.empty("make selectable names no module")?;
    Ok(MakeSelectable {
        instance: fields.aid("application AID")?,
        privileges: read_privileges(fields)?,
        parameters: read_parameters(fields)?,
        token: owned(fields.lv("make selectable token")?),
    })
}

fn read_privileges(fields: &mut Fields<'_>) -> Result<Privileges, CommandError> {
    let error = fields.error("privileges have 1 or 3 bytes");
    Privileges::from_bytes(fields.lv("privileges")?).ok_or(error)
}

fn read_parameters(fields: &mut Fields<'_>) -> Result<Vec<u8>, CommandError> {
    let start = fields.at();
    let bytes = fields.lv("parameters")?;
    if let Err(tlv::TlvError::Truncated { at } | tlv::TlvError::Unsupported { at }) =
        tlv::parse(bytes)
    {
        return Err(CommandError::Data {
            at: start + 1 + at,
            what: "parameters are no data objects",
        });
    }
    Ok(owned(bytes))
}

fn write_install(install: &InstallApplication, data: &mut Vec<u8>) {
    push_lv(data, install.load_file.as_bytes());
    push_lv(data, install.module.as_bytes());
    push_lv(data, install.instance.as_bytes());
    push_lv(data, install.privileges.shortest());
    push_lv(data, &install.parameters);
    push_lv(data, &install.token);
}
