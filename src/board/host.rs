// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The host procedure of docs/host-link.md: requests that are sent until they are answered.

use std::time::{Duration, Instant};

use serde::Serialize;
use synfire_link::{Collector, Command, DELIMITER, Request, Response, Status};

use crate::diag::{Diagnostic, Result, codes};
use crate::hw::Design;
use crate::verify::{Outcome, encode_request, parse_result, result_length};

/// Attempts of a request. Fewer than the 16 tags: a late answer is never taken for another's.
const ATTEMPTS: u32 = 8;
/// How often the patience doubles. A board that is late stays late for all that it is sent in the
/// meantime: sending more, as fast as before, would never let it catch up.
const DOUBLED: u32 = 2;
/// Start bit, eight bits, stop bit.
const BITS_PER_BYTE: f64 = 10.0;

/// A serial line, seen from the host.
pub trait Line {
    /// Sends bytes, in `limit` at most.
    ///
    /// # Errors
    /// If the line is gone or takes no more.
    fn send(&mut self, bytes: &[u8], limit: Duration) -> Result<()>;

    /// Adds what has come to `bytes`; waits for something until then. False if nothing came.
    ///
    /// # Errors
    /// If the line is gone.
    fn receive(&mut self, bytes: &mut Vec<u8>, until: Instant) -> Result<bool>;
}

/// How long things take.
#[derive(Debug, Clone, Copy)]
pub struct Speed {
    /// Bits a second.
    pub baud: u32,
    /// The longest inference.
    pub inference: Duration,
    /// What is waited beyond that and the time on the line: drivers and adapters take theirs.
    pub patience: Duration,
}

impl Speed {
    fn line(self, bytes: usize) -> Duration {
        Duration::from_secs_f64(bytes as f64 * BITS_PER_BYTE / f64::from(self.baud.max(1)))
    }
}

/// What was said on the line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Talk {
    /// Requests sent, repeated ones included.
    pub requests: u64,
    /// Those of them that were sent again, as no good answer had come.
    pub repeated: u64,
    /// Attempts that nothing good answered in time.
    pub silent: u64,
    /// Attempts that the board answered with an error.
    pub refused: u64,
    /// Frames that are no response, or of another length than asked for.
    pub damaged: u64,
    /// Good answers to an attempt that was given up.
    pub late: u64,
    /// Times that the weights were loaded.
    pub loads: u64,
}

/// One end of a conversation with a board that runs `design`.
pub struct Host<'d, L> {
    line: L,
    design: &'d Design,
    speed: Speed,
    weights: Vec<u8>,
    tag: u8,
    collector: Collector<Vec<u8>>,
    /// Bytes received and not yet looked at.
    received: Vec<u8>,
    talk: Talk,
}

/// A request as the host means it.
struct Ask<'a> {
    what: &'a str,
    command: Command,
    payload: &'a [u8],
    /// Bytes of the answer.
    body: usize,
    takes: Duration,
}

/// How an attempt ended.
enum Attempt {
    Done(Vec<u8>),
    Refused(Status),
    /// Nothing good came in time; the last damage, if some came.
    Silent(Option<String>),
}

impl<'d, L: Line> Host<'d, L> {
    /// Begins to talk; `weights` are loaded before the first inference, if there are some.
    #[must_use]
    pub fn new(line: L, design: &'d Design, weights: Vec<u8>, speed: Speed) -> Self {
        let longest = result_length(design, design.trace).max(design.identity().len());
        let collector = Collector::new(vec![0; Response::encoded_max(longest)]);
        let (received, talk) = (Vec::new(), Talk::default());
        Self { line, design, speed, weights, tag: 0, collector, received, talk }
    }

    /// What was said so far.
    #[must_use]
    pub fn talk(&self) -> Talk {
        self.talk
    }

    /// The design that is talked to.
    #[must_use]
    pub fn design(&self) -> &'d Design {
        self.design
    }

    /// Asks which design the board runs.
    ///
    /// # Errors
    /// [`codes::BOARD_OTHER`] if it is another one; [`codes::BOARD_SILENT`]; those of the line.
    pub fn identify(&mut self) -> Result<()> {
        let wanted = self.design.identity();
        let takes = Duration::ZERO;
        let (command, body) = (Command::Identify, wanted.len());
        let ask = Ask { what: "identify", command, payload: &[], body, takes };
        let found = self.request(&ask)?;
        if found == wanted {
            return Ok(());
        }
        let message = format!("the board runs {}; this build is {}", says(&found), says(&wanted));
        Err(other(message))
    }

    /// Loads the weights, if there are some.
    ///
    /// # Errors
    /// [`codes::BOARD_SILENT`]; those of the line.
    pub fn load(&mut self) -> Result<()> {
        if self.weights.is_empty() {
            return Ok(());
        }
        let weights = std::mem::take(&mut self.weights);
        let (command, takes) = (Command::Load, Duration::ZERO);
        let ask = Ask { what: "load the weights", command, payload: &weights, body: 0, takes };
        let done = self.request(&ask).map(drop);
        self.talk.loads += u64::from(done.is_ok());
        self.weights = weights;
        done
    }

    /// Runs an inference on `input`, `[input]` or `[timestep][input]`; with the spike trains, if
    /// they are asked for and the design keeps them. Also how long the answered attempt took, from
    /// its first byte to the answer's last.
    ///
    /// # Errors
    /// [`codes::BOARD_SILENT`]; those of the line; what a result of an intact frame cannot be.
    pub fn infer(&mut self, input: &[u8], trace: bool) -> Result<(Outcome, Duration)> {
        let trace = trace && self.design.trace;
        let payload = self.design.request(input);
        let ask = Ask {
            what: "run an inference",
            command: if trace { Command::InferWithTrace } else { Command::Infer },
            payload: &payload,
            body: result_length(self.design, trace),
            takes: self.speed.inference,
        };
        let (body, took) = self.timed(&ask)?;
        Ok((parse_result(self.design, &body, trace)?, took))
    }

    fn request(&mut self, ask: &Ask<'_>) -> Result<Vec<u8>> {
        self.timed(ask).map(|(body, _)| body)
    }

    /// Sends a request until it is answered.
    fn timed(&mut self, ask: &Ask<'_>) -> Result<(Vec<u8>, Duration)> {
        let mut last = String::new();
        for attempt in 0..ATTEMPTS {
            self.talk.repeated += u64::from(attempt > 0);
            let begun = Instant::now();
            let limit = self.limit(ask, attempt);
            last = match self.attempt(ask, limit)? {
                Attempt::Done(body) => return Ok((body, begun.elapsed())),
                Attempt::Refused(Status::BadCommand) => {
                    let message = format!("the board does not know how to {}", ask.what);
                    return Err(other(message));
                }
                Attempt::Refused(status) => {
                    self.talk.refused += 1;
                    if status == Status::NotLoaded && ask.command != Command::Load {
                        self.load()?;
                    }
                    format!("the board said `{status}`")
                }
                Attempt::Silent(damage) => {
                    self.talk.silent += 1;
                    let damage = damage.map_or("nothing came".to_owned(), |d| {
                        format!("what came was damaged ({d})")
                    });
                    format!("{damage} within {} ms", limit.as_millis())
                }
            };
        }
        let message =
            format!("to {}: no good answer to {ATTEMPTS} attempts; last, {last}", ask.what);
        Err(Diagnostic::new(&codes::BOARD_SILENT, message).help(
            "check that the board has power, runs this build's bitstream, and that this is its port",
        ))
    }

    /// How long an answer may take, after so many attempts.
    fn limit(&self, ask: &Ask<'_>, attempts: u32) -> Duration {
        let bytes = Request::encoded_max(ask.payload.len()) + Response::encoded_max(ask.body);
        let patience = self.speed.patience * (1 << attempts.min(DOUBLED));
        self.speed.line(bytes) + ask.takes + patience
    }

    /// Sends a request once, with a new tag, and waits for its answer.
    fn attempt(&mut self, ask: &Ask<'_>, limit: Duration) -> Result<Attempt> {
        self.tag = (self.tag + 1) & 15;
        self.talk.requests += 1;
        let Ask { command, payload, .. } = *ask;
        let request = encode_request(&Request { tag: self.tag, command, payload });
        // Whatever was begun before is over, on both sides.
        self.collector.clear();
        let until = Instant::now() + limit;
        self.line.send(&[&[DELIMITER], &request[..]].concat(), limit)?;
        let mut damage = None;
        loop {
            let received = std::mem::take(&mut self.received);
            for (i, byte) in received.iter().enumerate() {
                let response = match self.collector.push(*byte) {
                    None => continue,
                    Some(frame) => frame
                        .map_err(|e| e.to_string())
                        .and_then(|f| Response::decode(f).map_err(|e| e.to_string())),
                };
                let end = match response {
                    Ok(r) if r.status != Status::Ok => Some(Attempt::Refused(r.status)),
                    Ok(r) if r.tag != self.tag => {
                        self.talk.late += 1;
                        None
                    }
                    Ok(r) if r.body.len() == ask.body => Some(Attempt::Done(r.body.to_vec())),
                    Ok(r) => {
                        self.talk.damaged += 1;
                        damage = Some(format!("{} bytes, not {}", r.body.len(), ask.body));
                        None
                    }
                    Err(what) => {
                        self.talk.damaged += 1;
                        damage = Some(what);
                        None
                    }
                };
                if let Some(end) = end {
                    self.received = received[i + 1..].to_vec();
                    return Ok(end);
                }
            }
            if !self.line.receive(&mut self.received, until)? {
                return Ok(Attempt::Silent(damage));
            }
        }
    }
}

fn other(message: String) -> Box<Diagnostic> {
    Diagnostic::new(&codes::BOARD_OTHER, message)
        .help("flash this build's bitstream, or name the build that the board runs")
}

/// What an identity says, in words.
fn says(identity: &[u8]) -> String {
    match identity {
        [b'S', b'Y', b'N', b'F', 1, timesteps, classes, high, low, name @ ..] => {
            let name: Vec<u8> = name.iter().copied().filter(|b| *b != 0).collect();
            let inputs = u16::from_be_bytes([*high, *low]);
            format!(
                "`{}` (T = {timesteps}, {inputs} input bytes, {classes} classes)",
                String::from_utf8_lossy(&name).escape_default()
            )
        }
        [b'S', b'Y', b'N', b'F', version, ..] => format!("version {version} of the protocol"),
        _ => "no design of synfire's".to_owned(),
    }
}
