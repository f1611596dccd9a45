//! `hydra gp`: content management of a card, wherever it is, under its issuer security domain.

mod keys;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use hydra_cap::CapFile;
use hydra_crypto::{Random, SystemRandom};
use hydra_gp::{KeySet, Privileges, StatusScope};
use hydra_reader::{ClientError, GpClient};
use hydra_wire::{Aid, CardLink, Command, Response, StatusWord, hex};
use serde_json::json;

use self::keys::Keys;
use crate::print;
use crate::record::{self, Record};
use crate::terminal::{Terminal, Where};
use crate::trace::{self, Traced};

/// Load, install, list and delete what is on a card, over SCP03 with its issuer security domain.
#[derive(Subcommand)]
pub(crate) enum Gp {
    List(List),
    Load(Load),
    Install(Install),
    Delete(Delete),
    Keys(Keys),
    Apdu(Apdu),
}

impl Gp {
    /// Does it and prints what came of it.
    pub(crate) fn run(self) -> Result<()> {
        match self {
            Self::List(list) => list.run(),
            Self::Load(load) => load.run(),
            Self::Install(install) => install.run(),
            Self::Delete(delete) => delete.run(),
            Self::Keys(keys) => keys.run(),
            Self::Apdu(apdu) => apdu.run(),
        }
    }
}

/// A card under its issuer security domain: where it is, and what opens the domain.
#[derive(Args)]
struct Managed {
    #[command(flatten)]
    card: Where,
    /// The issuer security domain's AES keys; those of FILE.record.json beside the image if not given
    #[arg(long, value_name = "HEX", value_parser = record::keys, conflicts_with = "test_keys")]
    keys: Option<KeySet>,
    /// Take the keys 40…4F
    #[arg(long)]
    test_keys: bool,
    #[command(flatten)]
    trace: trace::Options,
}

impl Managed {
    /// A client in a secure channel with the issuer security domain.
    fn client(&self) -> Result<GpClient<Traced<Terminal>>> {
        let named = match (&self.keys, self.test_keys) {
            (Some(keys), _) => Some(keys.clone()),
            (None, true) => Some(record::test_keys()),
            (None, false) => None,
        };
        let keys = match (named, self.card.image()) {
            // Whatever version they have on the card.
            (Some(keys), _) => KeySet { version: 0, ..keys },
            (None, Some(image)) => Record::find(image)?.keys()?,
            (None, None) => bail!("the card's keys are not known: say --keys or --test-keys"),
        };
        let mut challenge = [0; 8];
        SystemRandom::new()?.draw("host challenge", 0, &mut challenge);
        let mut client = GpClient::connect(self.card.open(&self.trace)?)?;
        client.select_issuer_domain()?;
        client.authenticate(&keys, &challenge)?;
        Ok(client)
    }

    /// Loads the CAP file that was read from `path`. A card in an image tells itself what is wrong with it.
    fn load(
        &self,
        client: &mut GpClient<Traced<Terminal>>,
        path: &Path,
        cap: &CapFile,
        verify: bool,
    ) -> Result<()> {
        let domain = "A000000151000000".parse()?;
        let data = if verify {
            cap.to_load_file_with_descriptor()
        } else {
            cap.to_load_file()
        };
        match client.load(cap.aid(), &domain, &data) {
            Err(
                error @ ClientError::Refused {
                    action: "LOAD",
                    sw: StatusWord::WRONG_DATA,
                },
            ) if self.card.image().is_none() => bail!(
                "{error}; `hydra cap verify {}` says whether the file breaks a rule, and where",
                path.display()
            ),
            loaded => Ok(loaded?),
        }
    }
}

/// List the registry: domains, applications, load files with their modules.
#[derive(Args)]
#[command(after_help = "Example:\n  hydra gp list --image card.img")]
pub(crate) struct List {
    #[command(flatten)]
    card: Managed,
    /// Print the entries as one JSON array
    #[arg(long)]
    json: bool,
}

impl List {
    fn run(self) -> Result<()> {
        let mut client = self.card.client()?;
        let mut rows = Vec::new();
        for (kind, scope) in [
            ("issuer domain", StatusScope::IssuerDomain),
            ("application", StatusScope::Applications),
            ("load file", StatusScope::LoadFilesAndModules),
        ] {
            rows.extend(client.list(scope)?.into_iter().map(|entry| (kind, entry)));
        }
        if self.json {
            let rows: Vec<_> = rows
                .iter()
                .map(|(kind, entry)| {
                    json!({
                        "kind": kind,
                        "aid": entry.aid.to_string(),
                        "life_cycle": entry.life_cycle,
                        "privileges": entry.privileges.map(|held| hex::encode(&held.to_bytes())),
                        "load_file": entry.load_file.as_ref().map(ToString::to_string),
                        "domain": entry.domain.as_ref().map(ToString::to_string),
                        "version": entry.version.map(|(major, minor)| format!("{major}.{minor}")),
                        "modules": entry.modules.iter().map(ToString::to_string).collect::<Vec<_>>(),
                    })
                })
                .collect();
            return print::line(serde_json::to_string_pretty(&rows)?);
        }
        for (kind, entry) in rows {
            let mut line = format!(
                "{kind:<15}{:<34}{:02X}",
                entry.aid.to_string(),
                entry.life_cycle
            );
            for module in &entry.modules {
                line += &format!("  module {module}");
            }
            print::line(line.trim_end())?;
        }
        Ok(())
    }
}

/// Load a CAP file.
#[derive(Args)]
#[command(after_help = "Example:\n  hydra gp load --image card.img library.cap")]
pub(crate) struct Load {
    #[command(flatten)]
    card: Managed,
    /// Load the Descriptor component too, so that the card verifies the bytecode
    #[arg(long)]
    verify: bool,
    /// The CAP file
    cap: PathBuf,
}

impl Load {
    fn run(self) -> Result<()> {
        let cap = read(&self.cap)?;
        self.card
            .load(&mut self.card.client()?, &self.cap, &cap, self.verify)?;
        print::line(format_args!("loaded {}", cap.aid()))
    }
}

/// Install the applets of a CAP file, which is loaded first unless it is on the card.
#[derive(Args)]
#[command(
    after_help = "Example:\n  hydra gp install --image card.img purse.cap --parameters 0102\n  hydra gp install --image card.img purse.cap --module F048594452F00101 --instance F048594452F00102"
)]
pub(crate) struct Install {
    #[command(flatten)]
    card: Managed,
    /// Load the Descriptor component too, so that the card verifies the bytecode
    #[arg(long)]
    verify: bool,
    /// The CAP file
    cap: PathBuf,
    /// Only this applet of the file
    #[arg(long, value_name = "AID")]
    module: Option<Aid>,
    /// The instance's AID; the module's own if not given
    #[arg(long, value_name = "AID", requires = "module")]
    instance: Option<Aid>,
    /// Installation parameters, the content of C9; the INSTALL command with them is one short command
    #[arg(long, value_name = "HEX", value_parser = bytes, default_value = "")]
    parameters: Bytes,
    /// Privileges, one or three bytes
    #[arg(long, value_name = "HEX", value_parser = privileges, default_value = "00")]
    privileges: Privileges,
}

impl Install {
    fn run(self) -> Result<()> {
        let cap = read(&self.cap)?;
        let modules: Vec<&Aid> = cap
            .applets()
            .iter()
            .map(|applet| &applet.aid)
            .filter(|aid| self.module.as_ref().is_none_or(|module| module == *aid))
            .collect();
        if modules.is_empty() {
            match &self.module {
                Some(module) => bail!("{} has no applet {module}", self.cap.display()),
                None => bail!("{} has no applet", self.cap.display()),
            }
        }
        let mut client = self.card.client()?;
        let listed = client.list(StatusScope::LoadFiles)?;
        if !listed.iter().any(|entry| entry.aid == *cap.aid()) {
            self.card.load(&mut client, &self.cap, &cap, self.verify)?;
            print::line(format_args!("loaded {}", cap.aid()))?;
        }
        for module in modules {
            let instance = self.instance.as_ref().unwrap_or(module);
            client.install(
                cap.aid(),
                module,
                instance,
                self.privileges,
                &self.parameters.0,
            )?;
            print::line(format_args!("installed {instance}"))?;
        }
        Ok(())
    }
}

/// Delete an application or a load file.
#[derive(Args)]
#[command(after_help = "Example:\n  hydra gp delete --image card.img F048594452F001 --related")]
pub(crate) struct Delete {
    #[command(flatten)]
    card: Managed,
    /// A load file's applications too
    #[arg(long)]
    related: bool,
    /// What to delete
    aid: Aid,
}

impl Delete {
    fn run(self) -> Result<()> {
        let mut client = self.card.client()?;
        if self.related {
            client.delete_related(&self.aid)?;
        } else {
            client.delete(&self.aid)?;
        }
        print::line(format_args!("deleted {}", self.aid))
    }
}

/// Send commands in the clear, one after another, and print the answers.
///
/// Exit code 1 if one is answered with an error status word.
#[derive(Args)]
#[command(
    after_help = "Example:\n  hydra gp apdu --image card.img --select F048594452F00101 8001000003010203"
)]
pub(crate) struct Apdu {
    #[command(flatten)]
    card: Where,
    #[command(flatten)]
    trace: trace::Options,
    /// Select this application first
    #[arg(long, value_name = "AID")]
    select: Option<Aid>,
    /// Command APDUs
    #[arg(value_name = "HEX", value_parser = bytes)]
    commands: Vec<Bytes>,
}

impl Apdu {
    fn run(self) -> Result<()> {
        let mut card = self.card.open(&self.trace)?;
        card.reset()?;
        let select = self
            .select
            .iter()
            .map(|aid| Command::select(aid).to_bytes());
        let mut last = StatusWord::NO_ERROR;
        for command in select.chain(self.commands.iter().map(|command| command.0.clone())) {
            print::line(format_args!("> {}", hex::encode(&command)))?;
            let response = Response::parse(&card.transmit(&command)?)?;
            print::line(format_args!(
                "< {} {:04X}",
                hex::encode(&response.data),
                response.sw.0
            ))?;
            if !response.sw.is_success_or_warning() {
                last = response.sw;
            }
        }
        if last == StatusWord::NO_ERROR {
            Ok(())
        } else {
            bail!("the card answered {last}")
        }
    }
}

fn read(path: &Path) -> Result<CapFile> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    CapFile::from_zip(&bytes).with_context(|| path.display().to_string())
}

/// Bytes on the command line.
#[derive(Clone)]
struct Bytes(Vec<u8>);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

fn bytes(text: &str) -> Result<Bytes> {
    hex::decode(text)
        .map(Bytes)
        .context("bytes are written in hexadecimal")
}

fn privileges(text: &str) -> Result<Privileges> {
    hex::decode(text)
        .and_then(|bytes| Privileges::from_bytes(&bytes))
        .context("privileges are one or three bytes in hexadecimal")
}
