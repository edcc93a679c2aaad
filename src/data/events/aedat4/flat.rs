// SPDX-License-Identifier: Apache-2.0 OR MIT
//! As much of FlatBuffers as AEDAT 4 needs, with every offset checked: size-prefixed
//! buffers, tables, vectors, strings. Source: flatbuffers.dev, "FlatBuffers internals".

/// A table in a buffer.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    data: &'a [u8],
    at: usize,
    /// Offset of the table of its fields, and that one's length.
    fields: usize,
    length: usize,
}

fn bytes<const N: usize>(data: &[u8], at: usize) -> Option<[u8; N]> {
    data.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn u16_at(data: &[u8], at: usize) -> Option<usize> {
    Some(u16::from_le_bytes(bytes(data, at)?).into())
}

fn u32_at(data: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(bytes(data, at)?)).ok()
}

/// The root table of a buffer with a size before it, if it is called `identifier`.
pub(super) fn root<'a>(data: &'a [u8], identifier: &[u8; 4]) -> Option<Table<'a>> {
    let data = data.get(4..4usize.checked_add(u32_at(data, 0)?)?)?;
    if bytes(data, 4)? != *identifier {
        return None;
    }
    let at = u32_at(data, 0)?;
    // The table begins with the distance back to the table of its fields.
    let back = i32::from_le_bytes(bytes(data, at)?);
    let fields = usize::try_from(i64::try_from(at).ok()? - i64::from(back)).ok()?;
    Some(Table { data, at, fields, length: u16_at(data, fields)? })
}

impl<'a> Table<'a> {
    /// Offset of field `id`, counted from 0; nothing if it has its default.
    fn field(&self, id: usize) -> Option<usize> {
        let entry = 4 + 2 * id;
        if entry + 2 > self.length {
            return None;
        }
        let offset = u16_at(self.data, self.fields.checked_add(entry)?)?;
        (offset != 0).then(|| self.at.saturating_add(offset))
    }

    /// A field of type int.
    pub(super) fn i32(&self, id: usize) -> Option<i32> {
        Some(i32::from_le_bytes(bytes(self.data, self.field(id)?)?))
    }

    /// A field of type long.
    pub(super) fn i64(&self, id: usize) -> Option<i64> {
        Some(i64::from_le_bytes(bytes(self.data, self.field(id)?)?))
    }

    /// A field that is a vector of elements of `size` bytes; a string has elements of 1.
    pub(super) fn vector(&self, id: usize, size: usize) -> Option<&'a [u8]> {
        let field = self.field(id)?;
        let start = field.checked_add(u32_at(self.data, field)?)?;
        let length = u32_at(self.data, start)?.checked_mul(size)?;
        self.data.get(start.checked_add(4)?..)?.get(..length)
    }

    /// True if the field is there, whatever it holds.
    pub(super) fn has(&self, id: usize) -> bool {
        self.field(id).is_some()
    }
}
