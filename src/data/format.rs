// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which format a file is in: by its first bytes where they say it, else by its name.

use std::borrow::Cow;
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::array::{idx, npy, zip};
use super::read::{bad, limit, unpack};
use crate::diag::Result;

/// A format of inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Array; MNIST's format.
    Idx,
    /// Array; NumPy.
    Npy,
    /// Arrays; NumPy.
    Npz,
    /// Events; iniVation's format of 2016, used by DVS Gesture.
    Aedat3,
    /// Events; iniVation's format since 2019.
    Aedat4,
    /// Events of 40 bits; N-MNIST, N-Caltech101.
    Nmnist,
    /// Events as a table.
    Csv,
}

/// Mark and method (deflate, the only one there is).
const GZIP: &[u8] = &[0x1f, 0x8b, 8];

impl Format {
    /// Finds the format of unpacked bytes.
    ///
    /// # Errors
    /// [`codes::INPUT_FORMAT`](crate::diag::codes::INPUT_FORMAT) if neither bytes nor
    /// name tell.
    pub fn detect(bytes: &[u8], path: &Path) -> Result<Self> {
        let name = path.to_string_lossy().to_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
        Ok(match extension {
            _ if bytes.starts_with(npy::MAGIC) => Self::Npy,
            _ if zip::starts(bytes) => Self::Npz,
            _ if bytes.starts_with(b"#!AER-DAT4.") => Self::Aedat4,
            _ if bytes.starts_with(b"#!AER-DAT") => Self::Aedat3,
            // Events have no mark; some begin like an idx file.
            "bin" => Self::Nmnist,
            _ if idx::starts(bytes) => Self::Idx,
            "csv" | "txt" => Self::Csv,
            _ if name.ends_with("-ubyte") || extension == "idx" => Self::Idx,
            _ => {
                let message = "the format is not known, neither by the first bytes nor by the name";
                return Err(bad(0, message).help(
                    "read are idx, .npy, .npz, AEDAT 3.1 and 4, .bin (N-MNIST) and .csv; see docs/inputs.md",
                ));
            }
        })
    }

    /// True if a file of this format is a recording of events.
    #[must_use]
    pub fn is_events(self) -> bool {
        matches!(self, Self::Aedat3 | Self::Aedat4 | Self::Nmnist | Self::Csv)
    }
}

/// The bytes themselves, or what they are the gzip of; within the limits of docs/inputs.md.
///
/// # Errors
/// [`codes::INPUT_FORMAT`](crate::diag::codes::INPUT_FORMAT) for a damaged file,
/// [`codes::INPUT_TOO_LARGE`](crate::diag::codes::INPUT_TOO_LARGE).
pub fn gunzip(bytes: &[u8]) -> Result<Cow<'_, [u8]>> {
    if !bytes.starts_with(GZIP) {
        return Ok(Cow::Borrowed(bytes));
    }
    unpack(MultiGzDecoder::new(bytes), limit(bytes.len()), "the gzip file").map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_goes_before_the_name() {
        let of = |bytes: &[u8], name: &str| Format::detect(bytes, Path::new(name)).ok();
        assert_eq!(of(b"\x93NUMPY\x01", "a.csv"), Some(Format::Npy));
        assert_eq!(of(b"PK\x03\x04", "a.npy"), Some(Format::Npz));
        assert_eq!(of(b"#!AER-DAT3.1\r\n", "a.bin"), Some(Format::Aedat3));
        assert_eq!(of(b"#!AER-DAT4.0\r\n", "a"), Some(Format::Aedat4));
        assert_eq!(of(&[0, 0, 8, 3], "a.dat"), Some(Format::Idx));
        assert_eq!(of(&[0, 0, 8, 3], "a.BIN"), Some(Format::Nmnist));
        assert_eq!(of(&[], "train-images-idx3-ubyte.gz"), Some(Format::Idx));
        assert_eq!(of(b"t,x,y,p", "a.csv.gz"), Some(Format::Csv));
        assert_eq!(of(b"t,x,y,p", "a"), None);
    }
}
