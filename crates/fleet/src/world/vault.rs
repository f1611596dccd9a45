use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use hydra_crypto::{Random, SecretKey, SeededRandom, SystemRandom, sha256};
use hydra_wire::hex;

use super::{Play, WorldError};

/// Where the world's secrets come from and where everything that lasts is kept.
pub(super) struct Vault {
    folder: Option<PathBuf>,
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
        let vault = Self {
            folder,
            seed,
            drawn: RefCell::default(),
        };
        if let Some(folder) = &vault.folder {
            for name in ["secrets", "certificates", "messages"] {
                let path = folder.join(name);
                fs::create_dir_all(&path).map_err(|source| WorldError::File { path, source })?;
            }
            let path = folder.join("play");
            let wanted = fingerprint(play);
            match fs::read_to_string(&path) {
                Ok(found) if found == wanted => {}
                Ok(_) => {
                    return Err(WorldError::OtherPlay {
                        path: folder.clone(),
                        what: "readings, tariff, days or seed differ".to_owned(),
                    });
                }
                Err(_) => {
                    own(folder)?;
                    write_durably(&path, wanted.as_bytes())?;
                }
            }
        }
        Ok(vault)
    }

    /// A folder of one party, made if needed; `None` in memory.
    pub(super) fn folder(&self, name: &str) -> Result<Option<PathBuf>, WorldError> {
        let Some(path) = self.path(name) else {
            return Ok(None);
        };
        fs::create_dir_all(&path).map_err(|source| WorldError::File {
            path: path.clone(),
            source,
        })?;
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
        let kept = match &path {
            Some(path) => fs::read_to_string(path)
                .ok()
                .and_then(|text| hex::decode(text.trim())),
            None => self.drawn.borrow().get(purpose).cloned(),
        };
        if let Some(kept) = kept.and_then(|bytes| bytes.try_into().ok()) {
            return Ok(kept);
        }
        let mut bytes = [0; N];
        self.random("world")?.draw(purpose, 0, &mut bytes);
        match &path {
            Some(path) => write_durably(path, hex::encode(&bytes).as_bytes())?,
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
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(|source| WorldError::File { path, source })
    }

    /// Leaves a certificate, DER, for whoever looks.
    pub(super) fn leave_certificate(&self, name: &str, der: &[u8]) -> Result<(), WorldError> {
        let Some(folder) = self.path("certificates") else {
            return Ok(());
        };
        let path = folder.join(format!("{name}.der"));
        fs::write(&path, der).map_err(|source| WorldError::File { path, source })
    }
}

/// The folder holds keys: nobody else may look into it.
fn own(folder: &Path) -> Result<(), WorldError> {
    #[cfg(unix)]
    {
        let mode = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700);
        fs::set_permissions(folder, mode).map_err(|source| WorldError::File {
            path: folder.to_owned(),
            source,
        })?;
    }
    Ok(())
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

/// The file is there whole, or not at all, whenever power fails.
fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), WorldError> {
    let unfinished = path.with_extension("new");
    let write = || {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        path.parent()
            .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    write().map_err(|source| WorldError::File {
        path: path.to_owned(),
        source,
    })
}
