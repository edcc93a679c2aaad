// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a board answers, frame by frame: `hdl/sf_host_link.v` and the core behind it.

use synfire_link::{Command, DELIMITER, Lengths, Request, Response, Status};

use crate::diag::{Diagnostic, Result, codes};
use crate::emit::load_image;
use crate::hw::Design;
use crate::verify::{Executor as _, SimExecutor, result_bytes};

/// A board that computes with [`SimExecutor`]. It has answered an inference before it reads on,
/// so that it never overruns.
pub struct SimulatedBoard<'d> {
    design: &'d Design,
    sim: SimExecutor<'d>,
    /// The weights that have to be loaded.
    weights: Vec<u8>,
    is_loaded: bool,
}

impl<'d> SimulatedBoard<'d> {
    /// The board just after power-on.
    #[must_use]
    pub fn new(design: &'d Design) -> Self {
        let weights = load_image(design);
        let (sim, is_loaded) = (SimExecutor::new(design, Vec::new()), weights.is_empty());
        Self { design, sim, weights, is_loaded }
    }

    /// The board after it has read its weights from its flash.
    #[must_use]
    pub fn booted(self) -> Self {
        Self { is_loaded: true, ..self }
    }

    /// Bytes of the longest frame it takes.
    #[must_use]
    pub fn longest_request(&self) -> usize {
        Request::encoded_max(self.weights.len().max(self.design.input_bytes() as usize))
    }

    /// The answer to a frame that came without its delimiter: a response with its own.
    ///
    /// # Errors
    /// [`codes::BOARD_OTHER`] for weights that are not those of the design: it cannot compute with
    /// others. What `sim` refuses.
    pub fn answer(&mut self, frame: &mut [u8]) -> Result<Vec<u8>> {
        let lengths =
            Lengths { infer: self.design.input_bytes() as usize, load: self.weights.len() };
        let request = match Request::decode(frame, lengths) {
            Ok(request) => request,
            Err(refusal) => {
                let first = refusal.first.unwrap_or_default();
                // A load writes its bytes as they come, whatever they are worth in the end.
                if Command::from_code(first & 15) == Some(Command::Load) {
                    self.is_loaded = self.weights.is_empty();
                }
                return Ok(encode(first >> 4, refusal.status, &[]));
            }
        };
        match request.command {
            Command::Identify => Ok(encode(request.tag, Status::Ok, &self.design.identity())),
            Command::Load if request.payload == self.weights => {
                self.is_loaded = true;
                Ok(encode(request.tag, Status::Ok, &[]))
            }
            Command::Load => {
                let message = "the host loaded other weights than the build's";
                Err(Diagnostic::new(&codes::BOARD_OTHER, message)
                    .help("a simulated board computes with the weights of its build alone"))
            }
            _ if !self.is_loaded => Ok(encode(request.tag, Status::NotLoaded, &[])),
            command => {
                let trace = command == Command::InferWithTrace && self.design.trace;
                let values = self.design.values(request.payload);
                let outcomes = self.sim.run(&[&values])?;
                let result = outcomes.first().map(|o| result_bytes(self.design, o, trace));
                let result = result.ok_or_else(|| Diagnostic::internal("board", "no outcome"))?;
                Ok(encode(request.tag, Status::Ok, &result))
            }
        }
    }
}

fn encode(tag: u8, status: Status, body: &[u8]) -> Vec<u8> {
    let response = Response { tag, status, body };
    let mut frame = vec![DELIMITER; Response::encoded_max(body.len())];
    // The longest frame fits.
    let len = response.encode(&mut frame).unwrap_or_default();
    frame.truncate(len);
    frame
}
