//! A reading's way from the meter's socket through the hub to the applet, confirmed once the card has it. The home is the demo's, the health
//! devices play beside the meter, and the meter has up to sixteen readings unconfirmed.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use hydra_fleet::world::{self, Stage};

use super::repeated;
use crate::demo;

pub(super) fn in_memory() -> Result<f64> {
    play(None)
}

pub(super) fn in_a_file() -> Result<f64> {
    let folder = Folder::new("home")?;
    play(Some(folder.0.clone()))
}

/// A week of readings; how many a second were confirmed.
fn play(keep: Option<PathBuf>) -> Result<f64> {
    let play = demo::week(keep)?;
    let mut first = None;
    let mut last = None;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(world::play(play, |stage| {
        if let Stage::Playing { done, .. } = stage {
            last = Some((Instant::now(), done));
            first = first.or(last);
        }
    }))?;
    let ((begun, before), (ended, after)) = first.zip(last).context("nothing was delivered")?;
    let count = u32::try_from(after - before)?;
    Ok(f64::from(count) / ended.duration_since(begun).as_secs_f64())
}

/// A push of 39 bytes there, a confirmation of 14 back, and nothing between.
pub(super) fn loopback() -> Result<f64> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let echo = std::thread::spawn(move || -> std::io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        let mut push = [0; 39];
        while stream.read_exact(&mut push).is_ok() {
            stream.write_all(&push[..14])?;
        }
        Ok(())
    });
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let rate = repeated(|| {
        stream.write_all(&[0x5A; 39])?;
        stream.read_exact(&mut [0; 14])?;
        Ok(())
    })?;
    drop(stream);
    match echo.join() {
        Ok(ended) => ended?,
        Err(_) => anyhow::bail!("the echo failed"),
    }
    Ok(rate)
}

/// What a card in a file can't do faster than: a small write to a file that has its length already, made durable.
pub(super) fn fdatasync() -> Result<f64> {
    let folder = Folder::new("sync")?;
    let mut file = File::create(folder.0.join("written"))?;
    file.write_all(&vec![0; 1 << 20])?;
    file.sync_all()?;
    let mut at = 0;
    repeated(|| {
        use std::io::{Seek, SeekFrom};
        at = (at + 256) % (1 << 20);
        file.seek(SeekFrom::Start(at))?;
        file.write_all(&[0x5A; 256])?;
        Ok(file.sync_data()?)
    })
}

/// A folder of this process, in the working directory so that it lies on a disk, removed in the end.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Result<Self> {
        let path =
            std::env::current_dir()?.join(format!(".hydra-bench-{name}-{}", std::process::id()));
        fs::create_dir(&path).with_context(|| format!("making {}", path.display()))?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing depends on it; what is left has a telling name.
        let _ = fs::remove_dir_all(&self.0);
    }
}
