//! Snapshots of a card's image: to go back to, while an applet is being developed.
//!
//! A snapshot is a copy beside the image: `card.img` has its snapshots in `card.img.snapshots/NAME`. Going back to one is
//! exactly the rollback that a card in use must never suffer; it is a developer's aid. A card that was made with a
//! counter refuses to start from one that is older than its newest commit.

use std::fs;
use std::path::{Path, PathBuf};

use crate::image::{self, ImageFile};
use crate::{SlotError, file_error};

/// Keeps a copy of the image under a name; one of the same name is replaced. Refused while the card is in use.
pub fn take(image: &Path, name: &str) -> Result<(), SlotError> {
    let at = place(image, name)?;
    let folder = folder(image);
    fs::create_dir_all(&folder).map_err(|source| file_error("create", &folder, source))?;
    let _locked = ImageFile::open(image)?;
    copy(image, &at)
}

/// Puts the image back to a snapshot, which stays. Refused while the card is in use.
pub fn restore(image: &Path, name: &str) -> Result<(), SlotError> {
    let at = place(image, name)?;
    if !at.is_file() {
        return Err(SlotError::NoSnapshot {
            image: image.to_owned(),
            name: name.to_owned(),
        });
    }
    let _locked = ImageFile::open(image)?;
    copy(&at, image)
}

/// The names of the snapshots of an image, in order.
pub fn list(image: &Path) -> Result<Vec<String>, SlotError> {
    let folder = folder(image);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(file_error("list", &folder, source)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| file_error("list", &folder, source))?;
        if let Ok(name) = entry.file_name().into_string()
            && is_name(&name)
        {
            names.push(name);
        }
    }
    names.sort();
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
        && !name.ends_with(".new")
}

/// Copies a file whole or not at all: what was there stays until the copy is durable.
fn copy(from: &Path, to: &Path) -> Result<(), SlotError> {
    let unfinished = image::beside(to, ".new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let copied = fs::File::open(from).and_then(|mut source| {
        let mut target = options.open(&unfinished)?;
        std::io::copy(&mut source, &mut target)?;
        target.sync_all()
    });
    copied
        .and_then(|()| fs::rename(&unfinished, to))
        .map_err(|source| file_error("copy to", to, source))
}
