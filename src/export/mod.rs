// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Writes graphs in formats that others read. What a format cannot say is refused, or
//! named in a note where it only leaves something open.

pub mod nir;
pub mod onnx;

/// A file's bytes and what the format left unsaid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The file.
    pub bytes: Vec<u8>,
    /// One sentence each.
    pub notes: Vec<String>,
}
