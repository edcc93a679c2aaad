// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The C++ for high-level synthesis, run as a program: spikes and logits, no cycles.

use std::path::{Path, PathBuf};

use super::executor::HLS;
use super::link::parse_result;
use super::{Executor, Outcome};
use crate::diag::{Diagnostic, InFile, Result, codes, read_file, write_file};
use crate::emit::HLS_SHIM;
use crate::flow::process::Process;
use crate::flow::{Toolbox, csim};
use crate::hw::Design;

/// The top function, compiled by a plain C++ compiler.
pub struct HlsExecutor<'d> {
    design: &'d Design,
    program: PathBuf,
    work: PathBuf,
}

impl<'d> HlsExecutor<'d> {
    /// Builds a program in `work` from the C++ files in `hls`.
    ///
    /// # Errors
    /// If the compiler is missing or fails.
    pub fn build(toolbox: &Toolbox, design: &'d Design, hls: &Path, work: &Path) -> Result<Self> {
        let sources = ["synfire.cpp", "tb.cpp"].map(|f| hls.join(f));
        let includes = [hls.to_path_buf(), hls.join(HLS_SHIM)];
        let program = csim::build(toolbox, &sources, &includes, work)?;
        Ok(Self { design, program, work: work.to_path_buf() })
    }
}

impl Executor for HlsExecutor<'_> {
    fn name(&self) -> &'static str {
        HLS
    }

    fn run(&mut self, inputs: &[&[u8]]) -> Result<Vec<Outcome>> {
        if inputs.is_empty() {
            return Ok(Vec::new());
        }
        let (stimulus, result) = ("stimulus.bin", "result.bin");
        let requests: Vec<u8> =
            inputs.iter().flat_map(|i| self.design.request(i).into_owned()).collect();
        write_file(&self.work.join(stimulus), requests)?;
        let process = Process::program(&self.program, "hls", &self.work);
        process.args([stimulus, result]).makes(result).run()?;
        let path = self.work.join(result);
        let bytes = read_file(&path)?;
        // The test bench writes as many bytes an inference as the C++ says there are; if these
        // are not those of the design, the lengths of the parts are wrong.
        let size = bytes.len() / inputs.len();
        if size == 0 {
            let message = "the C simulation gave no result";
            return Err(Diagnostic::new(&codes::LINK_DAMAGED, message).in_file(&path));
        }
        let parse = |part| parse_result(self.design, part, self.design.trace).in_file(&path);
        bytes.chunks(size).map(parse).collect()
    }
}
