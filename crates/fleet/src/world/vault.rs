use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use hydra_crypto::{Random, SecretKey, SeededRandom, SystemRandom, sha256};
use hydra_wire::hex;

use super::{Play, WorldError};

/// What is in the folder from the moment that every part has started once; without it the play can't go on.
const LASTING: [&str; 6] = [
    "card.image",
    "issuer/journal",
    "supplier/journal",
    "telecare/journal",
    "householder/journal",
    "relay/relay.journal",
];
/// Says that this moment is past.
const STARTED: &str = "started";
/// Bytes of a secret's check, which is the beginning of its SHA-256.
const CHECK: usize = 4;

/// Where the world's secrets come from and where everything that lasts is kept.
pub(super) struct Vault {
    folder: Option<PathBuf>,
    /// Every part has started in this folder before.
    started: bool,
    seed: Option<u64>,
    drawn: RefCell<BTreeMap<String, Vec<u8>>>,
}

impl Vault {
    /// Over a folder, which is made if needed and must be of the same play, or in memory.
    pub(super) fn open(
        folder: Option<PathBuf>,
        seed: Option<u64>,
        play: &Play,
    ) -> Result<Self, WorldError> {
        let mut vault = Self {
            folder,
            started: false,
            seed,
            drawn: RefCell::default(),
        };
        if let Some(folder) = vault.folder.clone() {
            for name in ["", "secrets", "certificates", "messages"] {
                make(&folder.join(name))?;
            }
            own(&folder)?;
            vault.started = exists(&folder.join(STARTED))?;
            let path = folder.join("play");
            let wanted = fingerprint(play);
            if !vault.started && !exists(&path)? {
                write_durably(&path, wanted.as_bytes())?;
            }
            if read(&path)? != wanted.as_bytes() {
                return Err(WorldError::OtherPlay {
                    path: folder.clone(),
                    what: "readings, tariff, days or seed differ".to_owned(),
                });
            }
            if vault.started {
                for name in LASTING {
                    let path = folder.join(name);
                    if !exists(&path)? {
                        return Err(WorldError::Lost { path });
                    }
                }
            }
        }
        Ok(vault)
    }

    /// Every part has started: from now on nothing of what lasts may be missing.
    pub(super) fn started(&self) -> Result<(), WorldError> {
        match self.path(STARTED) {
            Some(path) if !self.started => write_durably(&path, b""),
            _ => Ok(()),
        }
    }

    /// A folder of one party, made if needed; `None` in memory.
    pub(super) fn folder(&self, name: &str) -> Result<Option<PathBuf>, WorldError> {
        let Some(path) = self.path(name) else {
            return Ok(None);
        };
        make(&path)?;
        Ok(Some(path))
    }

    /// A path in the folder.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(name))
    }

    /// A generator for one party.
    pub(super) fn random(&self, party: &str) -> Result<Box<dyn Random + Send>, WorldError> {
        Ok(match self.seed {
            Some(seed) => Box::new(SeededRandom::new(&seed.to_be_bytes()).fork(party)),
            None => Box::new(SystemRandom::new()?),
        })
    }

    /// Bytes drawn once and the same ever after: at every later call, and with a folder at every later start.
    pub(super) fn draw<const N: usize>(&self, purpose: &str) -> Result<[u8; N], WorldError> {
        let path = self
            .path("secrets")
            .map(|folder| folder.join(purpose.replace(' ', "-")));
        match &path {
            Some(path) if self.started || exists(path)? => return secret(path),
            Some(_) => {}
            None => {
                let drawn = self.drawn.borrow().get(purpose).cloned();
                if let Some(drawn) = drawn.and_then(|bytes| bytes.try_into().ok()) {
                    return Ok(drawn);
                }
            }
        }
        let mut bytes = [0; N];
        self.random("world")?.draw(purpose, 0, &mut bytes);
        match &path {
            Some(path) => write_durably(path, hex::encode(&checked(&bytes)).as_bytes())?,
            None => {
                self.drawn
                    .borrow_mut()
                    .insert(purpose.to_owned(), bytes.to_vec());
            }
        }
        Ok(bytes)
    }

    /// A P-256 key drawn once.
    pub(super) fn key(&self, owner: &str) -> Result<SecretKey, WorldError> {
        let mut seeded = SeededRandom::new(&self.draw::<32>(&format!("{owner} key"))?);
        Ok(SecretKey::draw(&mut seeded, owner, 0))
    }

    /// Leaves a message for whoever looks.
    pub(super) fn leave_message(&self, name: &str, bytes: &[u8]) -> Result<(), WorldError> {
        let Some(folder) = self.path("messages") else {
            return Ok(());
        };
        write_anew(&folder.join(name), bytes)
    }

    /// Leaves a certificate, DER, for whoever looks.
    pub(super) fn leave_certificate(&self, name: &str, der: &[u8]) -> Result<(), WorldError> {
        let Some(folder) = self.path("certificates") else {
            return Ok(());
        };
        write_anew(&folder.join(format!("{name}.der")), der)
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> WorldError {
    let path = path.to_owned();
    move |source| WorldError::File { path, source }
}

fn exists(path: &Path) -> Result<bool, WorldError> {
    path.try_exists().map_err(failed(path))
}

fn read(path: &Path) -> Result<Vec<u8>, WorldError> {
    fs::read(path).map_err(failed(path))
}

/// Makes a folder that nobody else may look into.
fn make(path: &Path) -> Result<(), WorldError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(failed(path))
}

/// The folder holds keys: nobody else may look into it, though it may have been there before.
fn own(folder: &Path) -> Result<(), WorldError> {
    #[cfg(unix)]
    {
        let mode = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700);
        fs::set_permissions(folder, mode).map_err(failed(folder))?;
    }
    Ok(())
}

/// A file that nobody else may read.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A secret with its check behind it.
fn checked(secret: &[u8]) -> Vec<u8> {
    [secret, &sha256(secret)[..CHECK]].concat()
}

/// A secret that was kept; it is never drawn again.
fn secret<const N: usize>(path: &Path) -> Result<[u8; N], WorldError> {
    let text = read(path)?;
    let bytes = std::str::from_utf8(&text).ok().and_then(hex::decode);
    bytes
        .and_then(|bytes| {
            let secret = <[u8; N]>::try_from(bytes.get(..N)?).ok()?;
            (checked(&secret) == bytes).then_some(secret)
        })
        .ok_or_else(|| WorldError::Damaged {
            path: path.to_owned(),
        })
}

/// Names a play: the same options give the same text.
fn fingerprint(play: &Play) -> String {
    let mut bytes = play.tariff.to_compiled();
    for reading in &play.readings {
        bytes.extend(reading.start.to_be_bytes());
        bytes.extend(reading.wh.to_be_bytes());
        bytes.push(u8::from(reading.repeated));
    }
    bytes.extend(play.interval.to_be_bytes());
    bytes.extend(format!("{} {} {:?}", play.days.from, play.days.to, play.seed).into_bytes());
    hex::encode(&sha256(&bytes))
}

fn write_anew(path: &Path, bytes: &[u8]) -> Result<(), WorldError> {
    let open = private().write(true).truncate(true).open(path);
    open.and_then(|mut file| file.write_all(bytes))
        .map_err(failed(path))
}

/// The file is there whole, or not at all, whenever power fails.
fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), WorldError> {
    let unfinished = path.with_extension("new");
    let write = || {
        let mut file = private().write(true).truncate(true).open(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        path.parent()
            .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    write().map_err(failed(path))
}
