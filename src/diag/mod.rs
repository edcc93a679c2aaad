// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a user is told when something is wrong.
//!
//! Every mistake a user can make ends in a [`Diagnostic`]: a stable [`Code`], the
//! place, the cause and the way out. A broken invariant of our own is reported with
//! [`Diagnostic::internal`], so that the two are never confused.

pub mod codes;

use std::fmt;
use std::path::{Path, PathBuf};

pub use codes::Code;

/// Result of anything that can fail because of what the user gave.
pub type Result<T> = std::result::Result<T, Box<Diagnostic>>;

/// Where in the user's input something was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Location {
    /// The file, when there is one.
    pub file: Option<PathBuf>,
    /// The path inside it: node, operator, table, line.
    pub path: Option<String>,
}

/// A located, coded message with its cause and the way out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Diagnostic {
    /// Stable code with title and explanation.
    pub code: &'static Code,
    /// Where it was found.
    pub location: Location,
    /// What was expected and what was found.
    pub message: String,
    /// What the user can do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic without a place yet.
    #[must_use]
    pub fn new(code: &'static Code, message: impl Into<String>) -> Box<Self> {
        Box::new(Self { code, location: Location::default(), message: message.into(), help: None })
    }

    /// A broken invariant of this program: `place` names the pass or stage that broke it.
    #[must_use]
    pub fn internal(place: &str, message: impl Into<String>) -> Box<Self> {
        Self::new(&codes::INTERNAL, message)
            .at(place)
            .help("this is a fault of synfire, not of your input; please report it with the input that shows it")
    }

    /// Names the file; an earlier name is kept.
    #[must_use]
    pub fn in_file(mut self: Box<Self>, file: &Path) -> Box<Self> {
        self.location.file.get_or_insert_with(|| file.to_path_buf());
        self
    }

    /// Names the place inside the file (a node path, a key, a line).
    #[must_use]
    pub fn at(mut self: Box<Self>, path: impl Into<String>) -> Box<Self> {
        self.location.path = Some(path.into());
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(mut self: Box<Self>, help: impl Into<String>) -> Box<Self> {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.location.file {
            write!(f, "{}: ", file.display())?;
        }
        if let Some(path) = &self.location.path {
            write!(f, "{path}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Diagnostic {}

impl miette::Diagnostic for Diagnostic {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(format!("{}: {}", self.code.id, self.code.title)))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|h| Box::new(h) as Box<dyn fmt::Display>)
    }
}

/// Adds the file name to a diagnostic that passes by.
pub trait InFile<T> {
    /// Names `file` in the error, if there is one and it has no file yet.
    ///
    /// # Errors
    /// The same error, located.
    fn in_file(self, file: &Path) -> Result<T>;
}

impl<T> InFile<T> for Result<T> {
    fn in_file(self, file: &Path) -> Self {
        self.map_err(|d| d.in_file(file))
    }
}

/// Reads a file, or says why it cannot be read.
///
/// # Errors
/// [`codes::FILE_READ`] with the system's reason.
pub fn read_file(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| {
        Diagnostic::new(&codes::FILE_READ, format!("cannot read: {e}"))
            .in_file(path)
            .help("check the path and its permissions")
    })
}

/// Writes a file, or says why it cannot be written.
///
/// # Errors
/// [`codes::FILE_WRITE`] with the system's reason.
pub fn write_file(path: &Path, bytes: impl AsRef<[u8]>) -> Result<()> {
    std::fs::write(path, bytes).map_err(|e| {
        Diagnostic::new(&codes::FILE_WRITE, format!("cannot write: {e}")).in_file(path)
    })
}
