// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What lies in a board's flash: the request that loads the weights, behind the bitstream.

use synfire_link::{Command, DELIMITER, Request};

use crate::diag::{Diagnostic, Result, codes};
use crate::hw::PowerOn;

/// The weights as `sf_flash_boot` reads them, if it does.
pub const BOOT: &str = "boot.bin";
/// All that is written into the flash: the bitstream, and behind it the weights.
pub const FLASH: &str = "flash.bin";
/// The tag of the request, and of the answer by which the board says that it is ready.
pub const BOOT_TAG: u8 = 15;
/// What flash holds that was erased.
const ERASED: u8 = 0xFF;

/// The request that loads the weights, without its delimiter; delimiters before it make it as long
/// as any.
///
/// # Errors
/// An internal one if it is longer.
pub fn boot_image(weights: &[u8], power_on: PowerOn) -> Result<Vec<u8>> {
    let request = Request { tag: BOOT_TAG, command: Command::Load, payload: weights };
    let mut frame = vec![DELIMITER; power_on.bytes as usize + 1];
    let length = request.encode(&mut frame);
    let length = length.map_err(|e| Diagnostic::internal("emit", e.to_string()))?;
    // Its delimiter, and those behind it, go to the front.
    frame.rotate_right(power_on.bytes as usize + 1 - length);
    frame.pop();
    Ok(frame)
}

/// What the flash holds, from its first byte on.
///
/// # Errors
/// [`codes::TARGET_FORMAT`] if the bitstream reaches over the place of the weights.
pub fn flash_image(bitstream: &[u8], power_on: PowerOn, boot: &[u8]) -> Result<Vec<u8>> {
    let (taken, offset) = (bitstream.len(), power_on.offset as usize);
    if taken > offset {
        let message = format!("weights at {offset}, and the bitstream has {taken} bytes");
        return Err(Diagnostic::new(&codes::TARGET_FORMAT, message)
            .at("board.boot.offset")
            .help("choose an offset behind the bitstream, a multiple of 65536"));
    }
    let mut image = bitstream.to_vec();
    image.resize(offset, ERASED);
    image.extend(boot);
    Ok(image)
}

#[cfg(test)]
mod tests {
    use synfire_link::Lengths;

    use super::*;

    const POWER_ON: PowerOn = PowerOn { offset: 5, bytes: 6, wait: 1, lock: 0 };

    #[test]
    fn the_image_is_a_request_that_loads_the_weights() {
        let weights = [3, 1];
        let mut image = boot_image(&weights, POWER_ON).unwrap();
        assert_eq!(image.len(), 6);
        // Where more is read, delimiters come first.
        let long = boot_image(&weights, PowerOn { bytes: 9, ..POWER_ON }).unwrap();
        assert_eq!((&long[..3], &long[3..]), (&[0; 3][..], &image[..]));
        let short = PowerOn { bytes: 5, ..POWER_ON };
        assert_eq!(boot_image(&weights, short).unwrap_err().code.id, "SF0000");

        let request = Request::decode(&mut image, Lengths { infer: 2, load: 2 }).unwrap();
        assert_eq!((request.tag, request.command), (15, Command::Load));
        assert_eq!(request.payload, weights);
    }

    /// Of two blocks of COBS and the beginning of a third, with zeros in between.
    #[test]
    fn every_flipped_bit_is_noticed() {
        let weights: Vec<u8> = (0..600u32).map(|i| (i * i % 251) as u8).collect();
        let lengths = Lengths { infer: 2, load: weights.len() };
        let bytes = Request::encoded_max(weights.len()) as u32 - 1;
        let image = boot_image(&weights, PowerOn { bytes, ..POWER_ON }).unwrap();
        let loads = |image: &[u8]| {
            // Delimiters end frames; one that loads the weights is enough.
            image.split(|b| *b == DELIMITER).any(|frame| {
                let mut frame = frame.to_vec();
                let request = Request::decode(&mut frame, lengths);
                request.is_ok_and(|r| r.command == Command::Load)
            })
        };
        assert!(loads(&image));
        // What fills it up is no part of it.
        let first = image.iter().position(|b| *b != DELIMITER).unwrap();
        for bit in 8 * first..8 * image.len() {
            let mut damaged = image.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(!loads(&damaged), "bit {bit}");
        }
    }

    #[test]
    fn the_weights_lie_behind_the_bitstream() {
        let image = |bitstream: &[u8]| flash_image(bitstream, POWER_ON, &[8, 9]);
        assert_eq!(image(&[1, 2, 3]).unwrap(), [1, 2, 3, 0xFF, 0xFF, 8, 9]);
        assert_eq!(image(&[1; 5]).unwrap(), [1, 1, 1, 1, 1, 8, 9]);
        assert_eq!(image(&[1; 6]).unwrap_err().code.id, "SF0402");
    }
}
