//! Snapshots of a card's image: to go back to, while an applet is being developed.
//!
//! A snapshot is a copy beside the image: `card.img` has its snapshots in `card.img.snapshots/NAME`. Going back to one is
//! exactly the rollback that a card in use must never suffer; it is a developer's aid. A card that was made with a
//! counter would start from no older state, so it has none.
//!
//! Copies appear whole or not at all. What a copy that was cut short leaves, `NAME.new`, goes with the next one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use hydra_card::nvm;

use crate::image::{self, ImageFile};
use crate::{SlotError, file_error};

/// The snapshot that a restoration makes of the image that it replaces.
pub const ASIDE: &str = "before-restore";

/// What a copy is called until it is whole.
const UNFINISHED: &str = ".new";

/// Keeps a copy of the image under a name that is free. Refused while the card is in use.
pub fn take(image: &Path, name: &str) -> Result<(), SlotError> {
    keep(image, name, |at| {
        if at.exists() {
            return Err(SlotError::SnapshotExists {
                image: image.to_owned(),
                name: name.to_owned(),
            });
        }
        Ok(())
    })
}

/// Keeps a copy of the image under a name; one of the same name is replaced. Refused while the card is in use.
pub fn replace(image: &Path, name: &str) -> Result<(), SlotError> {
    keep(image, name, |_| Ok(()))
}

/// Puts the image back to a snapshot, which stays; the image as it was becomes the snapshot [`ASIDE`], in place of the one
/// before. Refused while the card is in use.
pub fn restore(image: &Path, name: &str) -> Result<(), SlotError> {
    let at = place(image, name)?;
    if !at.is_file() {
        return Err(SlotError::NoSnapshot {
            image: image.to_owned(),
            name: name.to_owned(),
        });
    }
    let _held = image::hold(image)?;
    goes_back(image)?;
    goes_back(&at)?;
    clear(image)?;
    let aside = Copy::make(image, folder(image).join(ASIDE))?;
    let back = Copy::make(&at, image.to_owned())?;
    aside.name()?;
    back.name()
}

/// The names of the snapshots of an image, in order.
pub fn list(image: &Path) -> Result<Vec<String>, SlotError> {
    let mut names = files(image)?;
    names.retain(|name| is_name(name));
    names.sort();
    Ok(names)
}

fn keep(
    image: &Path,
    name: &str,
    check: impl FnOnce(&Path) -> Result<(), SlotError>,
) -> Result<(), SlotError> {
    let at = place(image, name)?;
    if name == ASIDE {
        return Err(SlotError::SnapshotReserved {
            name: name.to_owned(),
        });
    }
    let _held = image::hold(image)?;
    goes_back(image)?;
    check(&at)?;
    let folder = folder(image);
    fs::create_dir_all(&folder).map_err(|source| file_error("create", &folder, source))?;
    clear(image)?;
    Copy::make(image, at)?.name()
}

/// Refuses an image that was made with a counter.
fn goes_back(path: &Path) -> Result<(), SlotError> {
    let mut file = ImageFile::read_alone(path)?;
    // What can't be read has no counter that anybody could ask.
    if nvm::is_counted(&mut file).unwrap_or(false) {
        return Err(SlotError::Counted {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// Removes what was cut short: whoever holds the image is alone with it.
fn clear(image: &Path) -> Result<(), SlotError> {
    let snapshots = files(image)?.into_iter();
    let unfinished = snapshots
        .filter(|name| name.ends_with(UNFINISHED))
        .map(|name| folder(image).join(name));
    for path in unfinished.chain([image::beside(image, UNFINISHED)]) {
        match fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(file_error("remove", &path, source));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The names of the files in the folder of an image's snapshots.
fn files(image: &Path) -> Result<Vec<String>, SlotError> {
    let folder = folder(image);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(file_error("list", &folder, source)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| file_error("list", &folder, source))?;
        names.extend(entry.file_name().into_string());
    }
    Ok(names)
}

fn folder(image: &Path) -> PathBuf {
    image::beside(image, ".snapshots")
}

fn place(image: &Path, name: &str) -> Result<PathBuf, SlotError> {
    if is_name(name) {
        Ok(folder(image).join(name))
    } else {
        Err(SlotError::SnapshotName {
            name: name.to_owned(),
        })
    }
}

/// A name is one part of a path and cannot be taken for an unfinished copy.
fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty()
        && name.len() <= 64
        && name.chars().all(fits)
        && !name.starts_with('.')
        && !name.ends_with(UNFINISHED)
}

/// A copy that is durable and has not got its name; gone if it never gets it.
struct Copy {
    unfinished: PathBuf,
    to: PathBuf,
}

impl Copy {
    fn make(from: &Path, to: PathBuf) -> Result<Self, SlotError> {
        let copy = Self {
            unfinished: image::beside(&to, UNFINISHED),
            to,
        };
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let copied = File::open(from).and_then(|mut source| {
            let mut target = options.open(&copy.unfinished)?;
            std::io::copy(&mut source, &mut target)?;
            target.sync_all()
        });
        match copied {
            Ok(()) => Ok(copy),
            Err(source) => Err(file_error("copy to", &copy.to, source)),
        }
    }

    fn name(self) -> Result<(), SlotError> {
        fs::rename(&self.unfinished, &self.to)
            .map_err(|source| file_error("copy to", &self.to, source))
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // Not there any more once it has its name.
        let _ = fs::remove_file(&self.unfinished);
    }
}
