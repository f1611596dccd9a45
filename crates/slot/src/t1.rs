//! A card behind T=1 on a byte line: a socket, or a pseudoterminal that stands for a serial line.
//!
//! Power comes with the connection: the card sends its ATR, as a card in a reader does, and then answers blocks
//! (ISO/IEC 7816-3 §11). S(SWR) resets it, and it sends its ATR again. Power goes with the connection.

use std::io::{self, Read, Write};
use std::net::{TcpListener, ToSocketAddrs};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use hydra_wire::CardLink;
use hydra_wire::t1::{BlockError, CardEnd, CardStep, Incoming};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::{pty, termios};
use thiserror::Error;

/// Silence inside a block that breaks it off; a line through a loaded machine may stutter.
const CHARACTER_WAIT: Duration = Duration::from_secs(1);
/// A command that takes longer asks for time; well under the block waiting time of the ATR, 1.6 s.
const PATIENCE: Duration = Duration::from_millis(700);
/// How long nobody looks whether somebody has opened the terminal.
const AGAIN: Duration = Duration::from_millis(20);

/// Why a card is on the line no more.
#[derive(Debug, Error)]
pub enum T1Error {
    /// The line cannot be made, or it broke.
    #[error("the card's line failed")]
    Line(#[from] io::Error),
    /// The card answers no more.
    #[error("the card failed")]
    Card(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The host sent a command before the last one was answered.
    #[error("the host sent a command while another was being carried out")]
    Impatient,
}

/// Where hosts find the card.
#[derive(Debug)]
pub enum Line {
    /// A TCP port.
    Tcp(TcpListener),
    /// A Unix socket, gone with the line.
    Unix(UnixListener, PathBuf),
    /// A pseudoterminal's master, and the name of its other end.
    Terminal(OwnedFd, String),
}

impl Line {
    /// A TCP port; it should be one of this machine's own, for whoever connects has the card.
    pub fn tcp(address: impl ToSocketAddrs) -> io::Result<Self> {
        TcpListener::bind(address).map(Self::Tcp)
    }

    /// A Unix socket. One that a killed process left behind is replaced.
    pub fn unix(path: &Path) -> io::Result<Self> {
        let stale = std::fs::metadata(path).is_ok_and(|found| found.file_type().is_socket())
            && std::os::unix::net::UnixStream::connect(path).is_err();
        if stale {
            std::fs::remove_file(path)?;
        }
        Ok(Self::Unix(UnixListener::bind(path)?, path.to_owned()))
    }

    /// A pseudoterminal.
    pub fn terminal() -> io::Result<Self> {
        let master = pty::openpt(pty::OpenptFlags::RDWR | pty::OpenptFlags::NOCTTY)?;
        pty::grantpt(&master)?;
        pty::unlockpt(&master)?;
        let name = pty::ptsname(&master, Vec::new())?
            .into_string()
            .map_err(|_| io::ErrorKind::InvalidData)?;
        let mut settings = termios::tcgetattr(&master)?;
        settings.make_raw();
        termios::tcsetattr(&master, termios::OptionalActions::Now, &settings)?;
        // Only a terminal that was open once says whether it is open now.
        drop(rustix::fs::open(
            &name,
            OFlags::RDWR | OFlags::NOCTTY,
            Mode::empty(),
        )?);
        Ok(Self::Terminal(master, name))
    }

    /// What a host connects to.
    pub fn name(&self) -> io::Result<String> {
        Ok(match self {
            Self::Tcp(listener) => format!("tcp:{}", listener.local_addr()?),
            Self::Unix(_, path) => format!("unix:{}", path.display()),
            Self::Terminal(_, name) => format!("tty:{name}"),
        })
    }

    /// Waits for a host and serves it until it goes away.
    pub fn serve<L: CardLink + Send>(&self, card: &mut L) -> Result<(), T1Error> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nodelay(true)?;
                serve(card, &stream)
            }
            Self::Unix(listener, _) => serve(card, &listener.accept()?.0),
            Self::Terminal(master, _) => {
                while hung_up(master)? {
                    std::thread::sleep(AGAIN);
                }
                serve(card, &Terminal(master))
            }
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
            // Whoever comes next finds it stale if this fails.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn hung_up(master: &OwnedFd) -> io::Result<bool> {
    let mut asked = [PollFd::new(master, PollFlags::IN)];
    poll(&mut asked, Some(&timespec(Duration::ZERO)))?;
    Ok(asked[0].revents().contains(PollFlags::HUP))
}

/// A pseudoterminal's master as a stream; nobody at the other end is the end of it.
struct Terminal<'a>(&'a OwnedFd);

impl AsFd for Terminal<'_> {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Read for &Terminal<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match rustix::io::read(self.0, buffer) {
            Err(Errno::IO) => Ok(0),
            read => Ok(read?),
        }
    }
}

impl Write for &Terminal<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(self.0, bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stream both ways, of which one knows whether something has come.
pub trait Stream: AsFd {
    /// What has come, at least a byte; 0 at the end.
    fn receive(&self, buffer: &mut [u8]) -> io::Result<usize>;
    /// Sends all of it.
    fn send(&self, bytes: &[u8]) -> io::Result<()>;
}

impl<S: AsFd> Stream for S
where
    for<'a> &'a S: Read + Write,
{
    fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match { self }.read(buffer) {
            // Nobody is there any more, however they went.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(0),
            read => read,
        }
    }

    fn send(&self, bytes: &[u8]) -> io::Result<()> {
        { self }.write_all(bytes)
    }
}

/// Powers the card up and serves it to one host until that goes away.
pub fn serve<L: CardLink + Send, S: Stream>(card: &mut L, stream: &S) -> Result<(), T1Error> {
    std::thread::scope(|scope| {
        let (jobs, todo) = mpsc::channel();
        let (results, done) = mpsc::channel();
        // The card works here, so that the line can ask for time meanwhile.
        scope.spawn(move || {
            while let Ok(job) = todo.recv() {
                let result = match job {
                    Job::Reset => card.reset(),
                    Job::Command(command) => card.transmit(&command),
                };
                let result = result.map_err(|error| T1Error::Card(Box::new(error)));
                if results.send(result).is_err() {
                    return;
                }
            }
        });
        Served {
            stream,
            end: CardEnd::default(),
            incoming: Incoming::default(),
            jobs,
            done,
        }
        .run()
    })
}

enum Job {
    Reset,
    Command(Vec<u8>),
}

struct Served<'a, S> {
    stream: &'a S,
    end: CardEnd,
    incoming: Incoming,
    jobs: mpsc::Sender<Job>,
    done: mpsc::Receiver<Result<Vec<u8>, T1Error>>,
}

impl<S: Stream> Served<'_, S> {
    fn run(&mut self) -> Result<(), T1Error> {
        self.power_up()?;
        while let Some(step) = self.step()? {
            match step {
                CardStep::Send(block) => self.stream.send(&block.to_bytes())?,
                // Nobody asked for time.
                CardStep::Wait => {}
                CardStep::Reset(answer) => {
                    self.stream.send(&answer.to_bytes())?;
                    self.power_up()?;
                }
                CardStep::Command(command) => {
                    if !self.carry_out(command)? {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    fn power_up(&mut self) -> Result<(), T1Error> {
        self.begin(Job::Reset);
        let atr = self.done.recv().map_err(|_| gone())??;
        Ok(self.stream.send(&atr)?)
    }

    /// Has the card carry out a command, asking for time as long as it takes; `false` when the host went away.
    fn carry_out(&mut self, command: Vec<u8>) -> Result<bool, T1Error> {
        self.begin(Job::Command(command));
        loop {
            match self.done.recv_timeout(PATIENCE) {
                Ok(response) => {
                    let first = self.end.answer(response?);
                    self.stream.send(&first.to_bytes())?;
                    return Ok(true);
                }
                Err(RecvTimeoutError::Disconnected) => return Err(gone()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.stream.send(&self.end.extend(1).to_bytes())?;
            loop {
                match self.step()? {
                    None => return Ok(false),
                    Some(CardStep::Wait) => break,
                    Some(CardStep::Send(block)) => self.stream.send(&block.to_bytes())?,
                    Some(CardStep::Command(_) | CardStep::Reset(_)) => {
                        return Err(T1Error::Impatient);
                    }
                }
            }
        }
    }

    fn begin(&self, job: Job) {
        // A card that is gone is noticed by its silence.
        let _ = self.jobs.send(job);
    }

    /// The next thing to do; `None` when the host went away.
    fn step(&mut self) -> Result<Option<CardStep>, T1Error> {
        let mut buffer = [0; 1024];
        loop {
            if let Some(block) = self.incoming.block() {
                return Ok(Some(self.end.receive(block)));
            }
            let begun = !self.incoming.is_empty();
            if !ready(self.stream, begun.then_some(CHARACTER_WAIT))? {
                let error = self.incoming.silence().unwrap_or(BlockError::Truncated);
                return Ok(Some(self.end.receive(Err(error))));
            }
            match self.stream.receive(&mut buffer)? {
                0 => return Ok(None),
                read => self.incoming.push(&buffer[..read]),
            }
        }
    }
}

fn gone() -> T1Error {
    T1Error::Card("the card's thread is gone".into())
}

/// Whether something has come, or the end; `false` after that much silence.
fn ready(stream: &impl AsFd, patience: Option<Duration>) -> io::Result<bool> {
    let mut asked = [PollFd::new(stream, PollFlags::IN)];
    let patience = patience.map(timespec);
    loop {
        match poll(&mut asked, patience.as_ref()) {
            Ok(count) => return Ok(count > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn timespec(duration: Duration) -> rustix::time::Timespec {
    rustix::time::Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}
