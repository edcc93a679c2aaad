// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The whole top module behind its pins: as RTL, as netlist, as unpacked bitstream.

use std::path::{Path, PathBuf};

use synfire_link::{Command, Request, Status};

use super::executor::{BITSTREAM, NETLIST, ROUTED, TOP};
use super::link::{decode_response, encode_request, parse_result};
use super::power_on::{self, Announcement, Ready};
use super::{Executor, Outcome, pll};
use crate::diag::{Diagnostic, InFile, Result, codes, read_file, write_file};
use crate::flow::process::{Process, create_dir};
use crate::flow::routed::Netlist;
use crate::flow::verilator::{self, Effort, LintJob, VerilatorJob};
use crate::flow::{Toolbox, icestorm, xc7, yosys};
use crate::hw::{Design, PowerOn};
use crate::target::{Board, Family, Pace};

/// The test bench.
const BENCH: &str = include_str!("../../templates/verify/tb_top.cpp");
/// What takes most of the time in a netlist of an iCE40.
const LUT4: &str = include_str!("../../templates/verify/SB_LUT4.v");
/// The one of a host over SPI.
const SPI_BENCH: &str = include_str!("../../templates/verify/tb_spi.cpp");
/// The top module.
const MODULE: &str = "top";

/// `top`, simulated; the host talks to it over the serial line.
pub struct GateExecutor<'d> {
    name: &'static str,
    /// How logs and errors call it.
    short: &'static str,
    design: &'d Design,
    program: PathBuf,
    /// Where the program runs: memory files are named relative to it.
    run_in: PathBuf,
    work: PathBuf,
    /// How fast it is, as the program is told.
    pace: Vec<String>,
    weights: Vec<u8>,
    /// Half a period in picoseconds, and what is read from the flash, if something is.
    flash: Option<(String, PowerOn)>,
    /// The flash's contents.
    contents: Vec<u8>,
    /// What the chip said after power-on.
    announced: Option<Announcement>,
}

/// What a [`GateExecutor`] simulates.
#[derive(Debug, Clone, Copy)]
pub enum Level<'a> {
    /// The emitted Verilog, in this directory.
    Rtl(&'a Path),
    /// The netlist that synthesis wrote.
    Netlist(&'a Path),
    /// The netlist that place and route wrote, for a family whose bitstream does not become
    /// one again.
    Routed(&'a Path),
    /// A bitstream, unpacked with these pin constraints.
    Bitstream {
        /// The packed file.
        bin: &'a Path,
        /// Pin constraints.
        pcf: &'a Path,
    },
}

impl Level<'_> {
    /// A short name, for files and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Level::Rtl(_) => "top",
            Level::Netlist(_) => "netlist",
            Level::Routed(_) => "routed",
            Level::Bitstream { .. } => "bitstream",
        }
    }
}

impl<'d> GateExecutor<'d> {
    /// Builds a simulator in `work`, of a design on this board.
    ///
    /// # Errors
    /// If a tool is missing or fails; [`codes::CLOCK_DIFFERS`] if a PLL that is read back is set
    /// to something else than the board's.
    pub fn build(
        toolbox: &Toolbox,
        design: &'d Design,
        level: Level<'_>,
        work: &Path,
        board: &Board,
    ) -> Result<Self> {
        create_dir(work)?;
        let (text, pace) = match board.pace()? {
            Pace::Divider(divider) => (BENCH, vec![divider.to_string()]),
            Pace::Spi(sck) => (SPI_BENCH, [board.mhz(), sck].map(half_period).to_vec()),
        };
        let flash = PowerOn::of(design, board).map(|p| (half_period(board.mhz()), p));
        let pll = pll::model(design.family, board, work)?;
        let bench = work.join("tb_top.cpp");
        let define = if flash.is_some() { power_on::DEFINE } else { "" };
        write_file(&bench, define.to_owned() + text)?;
        let (name, mut sources, includes) = match level {
            Level::Rtl(rtl) => {
                let sources = pll.into_iter().chain([rtl.join("top.v")]).collect();
                (TOP, sources, vec![rtl.to_path_buf()])
            }
            Level::Netlist(netlist) if design.family == Family::Xc7 => {
                let cells = work.join("cells.v");
                write_file(&cells, xc7::CELLS)?;
                let sources = pll.into_iter().chain([netlist.to_path_buf(), cells]).collect();
                (NETLIST, sources, Vec::new())
            }
            Level::Netlist(netlist) => {
                let table = work.join("SB_LUT4.v");
                write_file(&table, LUT4)?;
                let sources = [table, netlist.to_path_buf(), yosys::ice40_cells(toolbox)?];
                // Before the family's cells, of which those that come first count.
                (NETLIST, pll.into_iter().chain(sources).collect(), Vec::new())
            }
            Level::Routed(json) => {
                let netlist = Netlist::parse(design.family, &read_file(json)?).in_file(json)?;
                let set = netlist.pll().in_file(json)?;
                pll::compare(board, set.map(|p| (p, None))).in_file(json)?;
                let verilog = work.join("routed.v");
                write_file(&verilog, netlist.to_verilog(MODULE).in_file(json)?)?;
                (ROUTED, vec![verilog], Vec::new())
            }
            Level::Bitstream { bin, pcf } => {
                let read = icestorm::read_back(toolbox, bin, pcf, MODULE, work)?;
                pll::compare(board, read.pll.map(|r| (r.pll, Some(r.filter)))).in_file(bin)?;
                let sources = vec![read.verilog, yosys::ice40_cells(toolbox)?];
                (BITSTREAM, pll.into_iter().chain(sources).collect(), Vec::new())
            }
        };
        let top = if flash.is_some() { power_on::MODULE } else { MODULE };
        if flash.is_some() {
            sources.extend(power_on::write(board, work)?);
        }
        let job = VerilatorJob {
            design: LintJob {
                dir: work.join("model"),
                sources,
                includes,
                // Debian's and Yosys' cell models otherwise need SystemVerilog defaults.
                defines: vec!["NO_ICE40_DEFAULT_ASSIGNMENTS".into()],
                top: top.into(),
                ..LintJob::default()
            },
            testbench: vec![bench],
            netlist: !matches!(level, Level::Rtl(_)),
            effort: Effort::Some,
            ..VerilatorJob::default()
        };
        let program = verilator::build(toolbox, &job)?;
        let run_in = if let Level::Rtl(rtl) = level { rtl } else { work }.to_path_buf();
        let (work, weights, contents) = (work.to_path_buf(), Vec::new(), Vec::new());
        let (short, announced) = (level.name(), None);
        Ok(Self {
            name,
            short,
            design,
            program,
            run_in,
            work,
            pace,
            weights,
            flash,
            contents,
            announced,
        })
    }

    /// What the flash holds, of a chip that reads its weights from there: it has to be ready after
    /// power-on. If there are weights to load as well, it must not be, and takes those.
    #[must_use]
    pub fn with_flash(mut self, contents: Vec<u8>) -> Self {
        self.contents = contents;
        self
    }

    /// When the chip was ready, once it has run; nothing of one that reads no flash.
    #[must_use]
    pub fn ready(&self) -> Option<Ready> {
        let (_, power_on) = self.flash.as_ref()?;
        let found = self.announced.as_ref()?.cycle;
        Some(Ready { level: self.name, expected: power_on.ready_cycles(), found })
    }

    /// Loads these weights before the first inference, and demands that an inference before
    /// them is refused.
    #[must_use]
    pub fn with_weights(mut self, weights: Vec<u8>) -> Self {
        self.weights = weights;
        self
    }

    fn request(&self, input: &[u8], command: Command) -> Vec<u8> {
        encode_request(&Request { tag: 0, command, payload: &self.design.request(input) })
    }

    /// What the host sends before the inferences, and the status that has to come back.
    fn preparation(&self, inputs: &[&[u8]]) -> Vec<(Vec<u8>, Status)> {
        if self.weights.is_empty() {
            return Vec::new();
        }
        let early = inputs.first().map(|i| (self.request(i, Command::Infer), Status::NotLoaded));
        let load = Request { tag: 0, command: Command::Load, payload: &self.weights };
        early.into_iter().chain([(encode_request(&load), Status::Ok)]).collect()
    }
}

/// Of a clock in MHz, in picoseconds.
fn half_period(mhz: f64) -> String {
    (0.5e6 / mhz).round().to_string()
}

impl Executor for GateExecutor<'_> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn run(&mut self, inputs: &[&[u8]]) -> Result<Vec<Outcome>> {
        let preparation = self.preparation(inputs);
        let (responses, _) = self.exchange(&preparation, inputs, self.design.trace)?;
        self.power_on().map_err(|d| d.at(self.short))?;
        self.outcomes(&preparation, &responses, inputs.len())
    }
}

impl GateExecutor<'_> {
    /// Cycles of each of these inferences, from the first bit of the request to the last of the
    /// response, without spike trains.
    ///
    /// # Errors
    /// As [`Executor::run`].
    pub fn line_cycles(&mut self, inputs: &[&[u8]]) -> Result<Vec<u64>> {
        let preparation = self.preparation(inputs);
        let (_, cycles) = self.exchange(&preparation, inputs, false)?;
        Ok(cycles.into_iter().skip(preparation.len()).collect())
    }

    /// Is the chip ready, or has it noticed that it cannot be?
    fn power_on(&self) -> Result<()> {
        match &self.announced {
            Some(said) if self.weights.is_empty() => said.is_ready(),
            Some(said) if !said.is_refused() => {
                let message = "the flash's contents are damaged, and the board does not show it";
                Err(Diagnostic::new(&codes::LINK_DAMAGED, message))
            }
            _ => Ok(()),
        }
    }

    /// Sends frames; the responses, and the cycles that each frame and its response took.
    fn exchange(
        &mut self,
        preparation: &[(Vec<u8>, Status)],
        inputs: &[&[u8]],
        trace: bool,
    ) -> Result<(Vec<u8>, Vec<u64>)> {
        let absolute = |p: PathBuf| std::path::absolute(&p).unwrap_or(p);
        let frames = absolute(self.work.join("frames.bin"));
        let responses = absolute(self.work.join("responses.bin"));
        let command = if trace { Command::InferWithTrace } else { Command::Infer };
        let requests = inputs.iter().map(|input| self.request(input, command));
        let mut bytes = Vec::new();
        for frame in preparation.iter().map(|p| p.0.clone()).chain(requests) {
            bytes.extend((frame.len() as u32).to_le_bytes());
            bytes.extend(frame);
        }
        write_file(&frames, bytes)?;
        let mut process = Process::program(&self.program, self.short, &self.run_in)
            .args(&self.pace)
            .arg(&frames)
            .arg(&responses);
        if let Some((half, power_on)) = &self.flash {
            let contents = absolute(self.work.join("flash.bin"));
            write_file(&contents, &*self.contents)?;
            process = process.arg(half).arg(power_on.ready_cycles().to_string());
            process = process.arg(format!("+flash={}", contents.display()));
        }
        let run = process.run()?;
        let log = String::from_utf8_lossy(&read_file(&run.log)?).into_owned();
        self.announced = self.flash.as_ref().map(|_| Announcement::parse(&log));
        let cycles = log.lines().filter_map(|l| l.strip_suffix(" cycles")?.parse().ok());
        Ok((read_file(&responses)?, cycles.collect()))
    }

    /// What the responses to the preparation and to `requests` requests say.
    fn outcomes(
        &self,
        preparation: &[(Vec<u8>, Status)],
        received: &[u8],
        requests: usize,
    ) -> Result<Vec<Outcome>> {
        let mut responses = received.split_inclusive(|b| *b == 0);
        for ((_, wanted), response) in preparation.iter().zip(responses.by_ref()) {
            let status = decode_response(response).map_err(|d| d.at(self.short))?.status;
            if status != *wanted {
                let message = format!("loading the weights: `{status}` instead of `{wanted}`");
                return Err(Diagnostic::new(&codes::LINK_DAMAGED, message).at(self.short));
            }
        }
        let outcomes: Vec<Outcome> = responses
            .enumerate()
            .map(|(i, frame)| {
                self.outcome(frame).map_err(|d| d.at(format!("{}, image {i}", self.short)))
            })
            .collect::<Result<_>>()?;
        if outcomes.len() == requests {
            return Ok(outcomes);
        }
        let message = format!("{} responses to {requests} requests", outcomes.len());
        Err(Diagnostic::new(&codes::LINK_DAMAGED, message).at(self.short))
    }

    fn outcome(&self, frame: &[u8]) -> Result<Outcome> {
        let response = decode_response(frame)?;
        if response.status == Status::Ok {
            return parse_result(self.design, &response.body, self.design.trace);
        }
        let message = format!("the hardware answered `{}`", response.status);
        Err(Diagnostic::new(&codes::LINK_DAMAGED, message))
    }
}

#[cfg(test)]
mod tests {
    use synfire_link::Response;

    use super::*;
    use crate::verify::link::tests::response;
    use crate::verify::tests::design;

    /// Each level has a directory of its own, and files that are called like it.
    #[test]
    fn levels_have_names() {
        let path = Path::new("x");
        let bitstream = Level::Bitstream { bin: path, pcf: path };
        let all = [Level::Rtl(path), Level::Netlist(path), Level::Routed(path), bitstream];
        assert_eq!(all.map(Level::name), ["top", "netlist", "routed", "bitstream"]);
    }

    fn executor(design: &Design) -> GateExecutor<'_> {
        let (name, short) = (NETLIST, "netlist");
        let (program, run_in, work) = Default::default();
        let (pace, weights, contents) = Default::default();
        let (flash, announced) = (None, None);
        GateExecutor {
            name,
            short,
            design,
            program,
            run_in,
            work,
            pace,
            weights,
            flash,
            contents,
            announced,
        }
    }

    /// A result of the made-up design: logits 1 and -2, class 1, trains of two neurons.
    const RESULT: [u8; 11] = [1, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF, 1, 0b101, 0b010];

    #[test]
    fn every_request_needs_its_response() {
        let design = design();
        let gate = executor(&design);
        let good = response(Status::Ok, &RESULT);
        let one = Outcome {
            trains: vec![vec![0b101, 0b010]],
            logits: vec![1, -2],
            class: 1,
            ran: None,
            timing: None,
        };
        assert_eq!(gate.outcomes(&[], &good, 1).unwrap(), std::slice::from_ref(&one));
        assert_eq!(
            gate.outcomes(&[], &good.repeat(3), 3).unwrap(),
            [one.clone(), one.clone(), one]
        );
        for (received, requests, words) in [
            (good.repeat(2), 3, "2 responses to 3 requests"),
            (good.repeat(2), 1, "2 responses to 1 requests"),
            (Vec::new(), 1, "0 responses to 1 requests"),
            (response(Status::BadCommand, &[]), 1, "the hardware answered `bad command`"),
            (response(Status::Ok, &RESULT[..10]), 1, "this result has 11 bytes, not 10"),
            ([&good[..], &good[..9]].concat(), 2, "structure is broken"),
        ] {
            let error = gate.outcomes(&[], &received, requests).unwrap_err();
            assert_eq!(error.code.id, "SF0602");
            assert!(error.message.contains(words), "{error}");
        }
    }

    #[test]
    fn what_is_loaded_is_loaded_before_and_an_early_inference_is_refused() {
        let design = design();
        let gate = executor(&design);
        assert!(gate.preparation(&[&[1, 2]]).is_empty());
        let gate = gate.with_weights(vec![5, 0, 6]);
        let preparation = gate.preparation(&[&[1, 2], &[3, 4]]);
        let load = Request { tag: 0, command: Command::Load, payload: &[5, 0, 6] };
        let want = [
            (gate.request(&[1, 2], Command::Infer), Status::NotLoaded),
            (encode_request(&load), Status::Ok),
        ];
        assert_eq!(preparation, want);

        let good = response(Status::Ok, &RESULT);
        let (refused, loaded) = (response(Status::NotLoaded, &[]), response(Status::Ok, &[]));
        let run = |parts: &[&[u8]]| gate.outcomes(&preparation, &parts.concat(), 1);
        assert_eq!(run(&[&refused, &loaded, &good]).unwrap().len(), 1);
        // An inference without weights, weights that are refused.
        for parts in [[&good, &loaded, &good], [&refused, &refused, &good]] {
            let error = run(&parts.map(|p| &p[..])).unwrap_err();
            assert_eq!(error.code.id, "SF0602");
            assert!(error.message.starts_with("loading the weights: `"), "{error}");
        }
        assert!(run(&[&refused, &loaded]).is_err());
    }

    /// A board that is to boot is ready; one whose flash is damaged has noticed.
    #[test]
    fn after_power_on_a_board_is_what_its_flash_is() {
        let design = design();
        let said = |status, error_lit| {
            let mut bytes = vec![0; Response::encoded_max(0)];
            let len = Response { tag: 15, status, body: &[] }.encode(&mut bytes).unwrap();
            bytes.truncate(len);
            Announcement { cycle: 1244, bytes, error_lit, violated: false }
        };
        let (good, bad) = (said(Status::Ok, false), said(Status::BadCrc, true));
        for (announced, is_damaged, is_right) in [
            (Some(&good), false, true),
            (Some(&bad), false, false),
            (Some(&good), true, false),
            (Some(&bad), true, true),
            (None, true, true),
        ] {
            let mut gate = executor(&design).with_flash(vec![1]);
            gate.weights = if is_damaged { vec![5] } else { Vec::new() };
            gate.announced = announced.cloned();
            let found = gate.power_on().map_err(|d| d.code.id);
            assert_eq!(found, if is_right { Ok(()) } else { Err("SF0602") });
            assert_eq!(gate.ready(), None);
            let power_on = PowerOn { offset: 1, bytes: 6, wait: 37, lock: 0 };
            gate.flash = Some((String::new(), power_on));
            let found = gate.ready().map(|r| (r.level, r.expected, r.found));
            assert_eq!(found, announced.map(|_| (NETLIST, 1243, 1244)));
        }
    }
}
