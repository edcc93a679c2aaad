// SPDX-License-Identifier: Apache-2.0 OR MIT
//! How packets of AEDAT 4 are packed: each one LZ4 or Zstandard frame, or as it is.

use std::borrow::Cow;

use crate::data::read::{Cursor, bad, unpack};
use crate::diag::Result;

/// `CompressionType` of the schema; the HIGH variants unpack like the others.
#[derive(Clone, Copy)]
pub(super) enum Packing {
    None,
    Lz4,
    Zstd,
}

impl Packing {
    /// The bytes that went in, at most `budget`.
    pub(super) fn unpack(self, packed: &[u8], budget: usize) -> Result<Cow<'_, [u8]>> {
        Ok(Cow::Owned(match self {
            Self::None => return Ok(Cow::Borrowed(packed)),
            Self::Lz4 => {
                whole_lz4(packed)?;
                unpack(lz4_flex::frame::FrameDecoder::new(packed), budget, "an LZ4 frame")?
            }
            Self::Zstd => {
                let decoder = ruzstd::decoding::StreamingDecoder::new(packed)
                    .map_err(|e| bad(0, format!("a Zstandard frame is damaged: {e}")))?;
                unpack(decoder, budget, "a Zstandard frame")?
            }
        }))
    }
}

/// Follows the blocks of an LZ4 frame to its end mark: the decoder takes the end of the
/// bytes for the end of the frame. Source: "LZ4 Frame Format Description" 1.6.
fn whole_lz4(frame: &[u8]) -> Result<()> {
    let what = "an LZ4 frame";
    let mut cursor = Cursor::new(frame);
    let [.., flags, _] = cursor.array::<6>(what)?;
    // `bytes` if a flag is set.
    let of = |bit: u8, bytes: usize| if flags >> bit & 1 == 1 { bytes } else { 0 };
    // The size of the content, the number of a dictionary, the checksum of the header.
    cursor.take(of(3, 8) + of(0, 4) + 1, what)?;
    loop {
        // The highest bit says that the block is stored as it is.
        let size = u32::from_le_bytes(cursor.array(what)?) & 0x7fff_ffff;
        if size == 0 {
            break;
        }
        cursor.take(size as usize, what)?;
        cursor.take(of(4, 4), what)?;
    }
    cursor.take(of(2, 4), what)?;
    Ok(())
}
