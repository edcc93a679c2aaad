// SPDX-License-Identifier: Apache-2.0 OR MIT
//! HDF5 to [`store`](super::store): the only file that knows the reader's crate.
//!
//! The bytes are not trusted. Whatever they say, no more is allocated than deflate can
//! have packed into the file, groups end at a depth, and data sets at a number.

use hdf5_reader::{ByteOrder, Dataset, Datatype, Hdf5File, OpenOptions, StringPadding, StringSize};

use super::store::{Data, Group, Item, Values};
use crate::diag::{Diagnostic, Result, codes};

/// Deflate makes at most 1032 bytes of one (RFC 1951: 258 bytes from two bits).
const MOST_INFLATED: usize = 1032;
/// Most bytes of all data sets together.
const MOST_BYTES: usize = 1 << 29;
/// Groups within groups. A nested graph takes two levels.
const MOST_DEPTH: usize = 40;
/// Groups and data sets.
const MOST_ITEMS: usize = 100_000;
/// Longest string: names and types, not prose.
const MOST_TEXT: usize = 4096;

fn unreadable(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::NIR_FILE, message)
        .help("check the download, or write the file again with `nir.write`")
}

/// Reads a whole file.
///
/// # Errors
/// [`codes::NIR_FILE`] if it is no HDF5 file or breaks a limit.
pub(super) fn read(bytes: &[u8]) -> Result<Group> {
    let budget = bytes.len().saturating_mul(MOST_INFLATED).clamp(1 << 16, MOST_BYTES);
    let options = OpenOptions::default()
        .with_max_read_bytes(budget)
        .with_max_chunk_bytes(budget)
        .with_chunk_cache_bytes(0)
        .with_max_object_header_bytes(bytes.len().min(1 << 24));
    let file = Hdf5File::from_bytes_with_options(bytes, options)
        .map_err(|e| unreadable(format!("no HDF5 file: {e}")))?;
    let root = file.root_group().map_err(|e| unreadable(e.to_string()))?;
    Walk { budget, items: 0 }.group(&root, 0)
}

/// What may still be read.
struct Walk {
    budget: usize,
    items: usize,
}

impl Walk {
    fn group(&mut self, group: &hdf5_reader::group::Group, depth: usize) -> Result<Group> {
        if depth > MOST_DEPTH {
            return Err(unreadable(format!("groups lie more than {MOST_DEPTH} deep")));
        }
        let (groups, datasets) = group.members().map_err(|e| {
            unreadable(format!("the group `{}` cannot be read: {e}", clip(group.name())))
        })?;
        self.items += groups.len() + datasets.len();
        if self.items > MOST_ITEMS {
            return Err(unreadable(format!("more than {MOST_ITEMS} groups and data sets")));
        }
        let mut found = Group::new();
        for dataset in datasets {
            let data = self.data(&dataset)?;
            found.insert(dataset.name().to_owned(), Item::Data(data));
        }
        for child in groups {
            found.insert(child.name().to_owned(), Item::Group(self.group(&child, depth + 1)?));
        }
        Ok(found)
    }

    fn data(&mut self, dataset: &Dataset) -> Result<Data> {
        let extents = dataset.shape().iter().map(|&d| usize::try_from(d).ok());
        let shape: Vec<usize> = extents.collect::<Option<_>>().unwrap_or_default();
        let elements = dataset.shape().iter().try_fold(1u64, |n, &d| n.checked_mul(d));
        let width = dataset.raw_element_size().unwrap_or(8).max(8) as u64;
        let bytes = elements.and_then(|n| usize::try_from(n.checked_mul(width)?).ok());
        match bytes.and_then(|b| self.budget.checked_sub(b)) {
            Some(left) => self.budget = left,
            None => {
                let message = format!(
                    "it claims the shape {:?}, more than its file can hold",
                    dataset.shape()
                );
                return Err(unreadable(message).at(clip(dataset.name())));
            }
        }
        let values = self.values(dataset).unwrap_or_else(Values::Unreadable);
        Ok(Data { shape, values })
    }

    fn values(&mut self, dataset: &Dataset) -> std::result::Result<Values, String> {
        let raw = dataset.read_raw_bytes().map_err(|e| e.to_string())?;
        let count = dataset.num_elements().map_err(|e| e.to_string())?;
        let count = usize::try_from(count).map_err(|e| e.to_string())?;
        let width = raw.len().checked_div(count).unwrap_or(0);
        let each = || raw.chunks_exact(width.max(1));
        match dataset.dtype() {
            Datatype::String { size: StringSize::Fixed(_), padding, .. } => each()
                .map(|b| text(b, *padding))
                .collect::<std::result::Result<_, _>>()
                .map(Values::Texts),
            Datatype::String { size: StringSize::Variable, padding, .. }
            | Datatype::VarLen { padding, .. } => each()
                .map(|reference| self.resolve(dataset, reference, *padding))
                .collect::<std::result::Result<_, _>>()
                .map(Values::Texts),
            number => each()
                .map(|b| decode(number, b))
                .collect::<Option<Vec<f64>>>()
                .map(Values::Numbers)
                .ok_or_else(|| "its type is neither a number nor text".to_owned()),
        }
    }

    /// The string behind a reference, whose first four bytes are its length.
    fn resolve(
        &mut self,
        dataset: &Dataset,
        reference: &[u8],
        padding: StringPadding,
    ) -> std::result::Result<String, String> {
        let length = reference.first_chunk().map_or(0, |b: &[u8; 4]| u32::from_le_bytes(*b));
        let length = length as usize;
        self.budget = match self.budget.checked_sub(length) {
            Some(left) if length <= MOST_TEXT => left,
            _ => return Err(format!("a text has {length} bytes; {MOST_TEXT} are possible")),
        };
        if length == 0 {
            return Ok(String::new());
        }
        let bytes =
            dataset.resolve_vlen_reference_bytes(reference, 1).map_err(|e| e.to_string())?;
        text(&bytes, padding)
    }
}

/// The start of a name, for messages.
fn clip(name: &str) -> String {
    name.chars().take(60).collect()
}

fn text(bytes: &[u8], padding: StringPadding) -> std::result::Result<String, String> {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    let text =
        std::str::from_utf8(&bytes[..end]).map_err(|e| format!("a text is not UTF-8: {e}"))?;
    if text.len() > MOST_TEXT {
        return Err(format!("a text has {} bytes; {MOST_TEXT} are possible", text.len()));
    }
    let trimmed = if padding == StringPadding::SpacePad { text.trim_end() } else { text };
    Ok(trimmed.to_owned())
}

/// One number in the file's type; an enumeration (how h5py writes booleans) has that of its
/// base.
fn decode(datatype: &Datatype, bytes: &[u8]) -> Option<f64> {
    let little = |order: &ByteOrder| {
        let mut b = bytes.to_vec();
        if *order == ByteOrder::BigEndian {
            b.reverse();
        }
        b
    };
    match datatype {
        Datatype::Enum { base, .. } => decode(base, bytes),
        Datatype::FloatingPoint { byte_order, .. } => {
            let b = little(byte_order);
            match b.len() {
                2 => Some(half::f16::from_le_bytes(*b.first_chunk()?).to_f64()),
                4 => Some(f64::from(f32::from_le_bytes(*b.first_chunk()?))),
                8 => Some(f64::from_le_bytes(*b.first_chunk()?)),
                _ => None,
            }
        }
        Datatype::FixedPoint { signed, byte_order, .. } => {
            let b = little(byte_order);
            let negative = *signed && b.last().is_some_and(|top| top & 0x80 != 0);
            let mut whole = [if negative { 0xff } else { 0 }; 16];
            whole.get_mut(..b.len())?.copy_from_slice(&b);
            Some(i128::from_le_bytes(whole) as f64)
        }
        _ => None,
    }
}
