// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Serial ports, and the pseudo-terminal that looks like one.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, ptsname, unlockpt};
use rustix::termios::{
    ControlModes, OptionalActions, QueueSelector, ioctl_tiocexcl, tcflush, tcgetattr, tcsetattr,
};

use super::host::Line;
use crate::diag::{Diagnostic, InFile, Result, codes};

/// Bytes taken from a port at a time.
const CHUNK: usize = 4096;

/// A serial port that this program has for itself.
pub struct Port {
    file: File,
    path: PathBuf,
}

impl Port {
    /// Opens a port at `baud` bits a second: 8 data bits, no parity, 1 stop bit, no flow control.
    /// What came before is dropped.
    ///
    /// # Errors
    /// [`codes::BOARD_PORT`].
    pub fn open(path: &Path, baud: u32) -> Result<Self> {
        let flags = (OFlags::NOCTTY | OFlags::NONBLOCK).bits();
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).custom_flags(flags.cast_signed());
        let file = options.open(path).map_err(|e| refused(&e, path))?;
        // Two locks: most programs know one of them.
        flock(&file, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| refused(&Errno::BUSY.into(), path))?;
        raw(&file, baud).map_err(|e| refused(&e.into(), path))?;
        ioctl_tiocexcl(&file).map_err(|e| refused(&e.into(), path))?;
        tcflush(&file, QueueSelector::IOFlush).map_err(|e| refused(&e.into(), path))?;
        Ok(Self { file, path: path.to_path_buf() })
    }

    /// Waits until the port is ready for one of `flags`; false if the time is over.
    fn wait(&self, flags: PollFlags, until: Instant) -> Result<bool> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let limit = Timespec::try_from(left).unwrap_or_default();
            match poll(&mut [PollFd::new(&self.file, flags)], Some(&limit)) {
                Ok(ready) => return Ok(ready > 0),
                Err(Errno::INTR) => {}
                Err(e) => return Err(gone(&e.into(), &self.path)),
            }
        }
    }
}

impl Line for Port {
    fn send(&mut self, mut bytes: &[u8], limit: Duration) -> Result<()> {
        let until = Instant::now() + limit;
        while !bytes.is_empty() {
            match self.file.write(bytes) {
                Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    if !self.wait(PollFlags::OUT, until)? {
                        let ms = limit.as_millis();
                        let message = format!("the port took no bytes for {ms} ms");
                        return Err(Diagnostic::new(&codes::BOARD_SILENT, message)
                            .in_file(&self.path)
                            .help("unplug the board and plug it in again"));
                    }
                }
                Err(e) => return Err(gone(&e, &self.path)),
            }
        }
        Ok(())
    }

    fn receive(&mut self, bytes: &mut Vec<u8>, until: Instant) -> Result<bool> {
        let mut chunk = [0; CHUNK];
        loop {
            match self.file.read(&mut chunk) {
                Ok(0) => return Err(gone(&ErrorKind::UnexpectedEof.into(), &self.path)),
                Ok(n) => {
                    bytes.extend(chunk.iter().take(n));
                    return Ok(true);
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    if !self.wait(PollFlags::IN, until)? {
                        return Ok(false);
                    }
                }
                Err(e) => return Err(gone(&e, &self.path)),
            }
        }
    }
}

/// Bytes as they are, in both directions.
fn raw(fd: impl std::os::fd::AsFd, baud: u32) -> rustix::io::Result<()> {
    let mut settings = tcgetattr(&fd)?;
    settings.make_raw();
    let modes = &mut settings.control_modes;
    modes.remove(ControlModes::CSTOPB | ControlModes::PARENB | ControlModes::CRTSCTS);
    modes.insert(ControlModes::CLOCAL | ControlModes::CREAD);
    settings.set_speed(baud)?;
    tcsetattr(&fd, OptionalActions::Now, &settings)
}

/// Why a port cannot be opened, and what to do about it.
fn refused(e: &io::Error, path: &Path) -> Box<Diagnostic> {
    let help = match Errno::from_io_error(e) {
        Some(Errno::NOENT | Errno::NXIO | Errno::NODEV) => {
            "is the board plugged in? `ls /dev/ttyUSB* /dev/ttyACM*` lists the ports"
        }
        Some(Errno::ACCESS | Errno::PERM) => {
            "add yourself to the port's group, `sudo usermod -aG dialout $USER`, and log in again"
        }
        Some(Errno::BUSY | Errno::AGAIN) => "end the other program that uses it",
        Some(Errno::NOTTY) => "name a serial port, such as /dev/ttyUSB1",
        _ => "docs/boards.md says which port is the board's",
    };
    let said = match Errno::from_io_error(e) {
        Some(Errno::BUSY | Errno::AGAIN) => "another program uses it".to_owned(),
        Some(Errno::NOTTY) => "it is no serial port".to_owned(),
        _ => format!("cannot be opened: {e}"),
    };
    Diagnostic::new(&codes::BOARD_PORT, said).in_file(path).help(help)
}

fn gone(e: &io::Error, path: &Path) -> Box<Diagnostic> {
    Diagnostic::new(&codes::BOARD_PORT, format!("the port went away: {e}"))
        .in_file(path)
        .help("plug the board in again, and start again: nothing is kept of this run")
}

/// The board's end of a pseudo-terminal.
pub struct Terminal {
    file: File,
    /// Held, so that the other end stays when a host closes it.
    _host: OwnedFd,
    /// What a host opens.
    pub path: PathBuf,
}

impl Terminal {
    /// Opens one.
    ///
    /// # Errors
    /// [`codes::BOARD_PORT`] if the system has none to give.
    pub fn open() -> Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let open = || {
            let board = openpt(flags | OpenptFlags::CLOEXEC)?;
            grantpt(&board)?;
            unlockpt(&board)?;
            let host = ioctl_tiocgptpeer(&board, flags | OpenptFlags::CLOEXEC)?;
            raw(&host, 115_200)?;
            let path = ptsname(board.as_fd(), Vec::new())?;
            Ok((board, host, path))
        };
        let (board, host, path) = open().map_err(|e: Errno| {
            let message = format!("no pseudo-terminal can be had: {}", io::Error::from(e));
            Diagnostic::new(&codes::BOARD_PORT, message).help("is /dev/pts mounted?")
        })?;
        let path = PathBuf::from(std::ffi::OsString::from_vec(path.into_bytes()));
        Ok(Self { file: board.into(), _host: host, path })
    }

    /// Waits for bytes of a host.
    ///
    /// # Errors
    /// [`codes::BOARD_PORT`] if the terminal is gone.
    pub fn receive(&mut self) -> Result<Vec<u8>> {
        let mut chunk = vec![0; CHUNK];
        loop {
            match self.file.read(&mut chunk) {
                Ok(n) => {
                    chunk.truncate(n);
                    return Ok(chunk);
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(gone(&e, &self.path)),
            }
        }
    }

    /// Sends bytes to the host.
    ///
    /// # Errors
    /// [`codes::BOARD_PORT`] if the terminal is gone.
    pub fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|e| gone(&e, &self.path)).in_file(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_way_out() {
        let path = Path::new("/dev/ttyUSB1");
        for (errno, said, help) in [
            (Errno::NOENT, "cannot be opened: ", "plugged in"),
            (Errno::ACCESS, "cannot be opened: ", "usermod -aG dialout"),
            (Errno::BUSY, "another program uses it", "end the other program"),
            (Errno::NOTTY, "it is no serial port", "/dev/ttyUSB1"),
            (Errno::IO, "cannot be opened: ", "docs/boards.md"),
        ] {
            let d = refused(&errno.into(), path);
            assert!(d.code.id == "SF0901" && d.message.contains(said), "{d}");
            assert!(d.help.unwrap().contains(help), "{errno}");
        }
    }

    /// Every byte passes both ways as it is; a port is one program's alone; silence ends.
    #[test]
    fn a_terminal_is_a_port() {
        let mut terminal = Terminal::open().unwrap();
        let mut port = Port::open(&terminal.path, 1_000_000).unwrap();
        let refused = Port::open(&terminal.path, 1_000_000).err().unwrap();
        assert!(refused.message.contains("another program uses it"), "{refused}");
        let all: Vec<u8> = (0..=255).collect();
        port.send(&all, Duration::from_secs(1)).unwrap();
        let mut found = Vec::new();
        while found.len() < 256 {
            found.extend(terminal.receive().unwrap());
        }
        assert_eq!(found, all);
        terminal.send(&all).unwrap();
        let (mut found, soon) = (Vec::new(), || Instant::now() + Duration::from_millis(50));
        while found.len() < 256 {
            assert!(port.receive(&mut found, soon()).unwrap());
        }
        assert_eq!(found, all);
        assert!(!port.receive(&mut found, soon()).unwrap());
        // Nobody takes the bytes, then the other end goes away.
        let stuck = port.send(&vec![1; 1 << 20], Duration::from_millis(50)).unwrap_err();
        assert_eq!(stuck.code.id, "SF0902", "{stuck}");
        drop(terminal);
        let gone = port.receive(&mut found, soon()).unwrap_err();
        assert!(gone.code.id == "SF0901" && gone.message.contains("went away"), "{gone}");
    }
}
