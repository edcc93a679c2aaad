// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The serial protocol of docs/host-link.md: what a host and an accelerator say to each other.
//!
//! Everything works on slices that the caller owns, so it runs on a microcontroller: no
//! allocation, no dependency, no panic whatever the bytes are.
//!
//! ```
//! use synfire_link::{Command, Request, Response, Status};
//!
//! let request = Request { tag: 5, command: Command::Infer, payload: &[0x10, 0x20, 0x00, 0x05] };
//! let mut line = [0; 16];
//! let n = request.encode(&mut line)?;
//! assert_eq!(line[..n], [0x04, 0x51, 0x10, 0x20, 0x04, 0x05, 0x63, 0xAB, 0x00]);
//!
//! let mut answer = [2, 0x50, 2, 0x35, 2, 0xA5, 2, 0x8D, 2, 0x7D, 1];
//! let response = Response::decode(&mut answer)?;
//! assert_eq!((response.status, response.tag), (Status::Ok, 5));
//! assert_eq!(response.body, [0x35, 0xA5]);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
#![no_std]

mod cobs;
mod collect;
mod crc;
mod request;
mod response;

pub use cobs::{Full, decode as cobs_decode, encode as cobs_encode};
pub use collect::{Collector, TooLong};
pub use crc::crc16;
pub use request::{Command, Lengths, Refusal, Request};
pub use response::{Damage, Response, Status};

/// What ends every frame and occurs nowhere else.
pub const DELIMITER: u8 = 0;
