// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Host and simulated board on a line with faults, without a clock: what does not come at once
//! does not come.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::*;
use crate::diag::{Diagnostic, Result};
use crate::hw::{self, Design, Place, Stage};
use crate::verify::tests::GRAPH;
use crate::verify::{Executor as _, Pair, Scope, SimExecutor};

/// Patience in these tests, in which nothing waits.
const PATIENCE: Duration = Duration::from_millis(100);

const SPEED: Speed = Speed { baud: 1_000_000, inference: Duration::ZERO, patience: PATIENCE };

/// A network, its weights in block RAM or to be loaded.
fn design(place: Place) -> Design {
    let (graph, target) =
        (crate::ir::parse(GRAPH).unwrap(), crate::target::load("icebreaker").unwrap());
    let (mut design, _) = hw::lower(&graph, &target, &hw::Options::default()).unwrap();
    for stage in &mut design.stages {
        if let Stage::Dense(d) = stage {
            d.place = place;
        }
    }
    design
}

/// The board at the other end of a line; an answer that comes later than the host waits for comes
/// with the next one.
struct Direct<'d> {
    served: Served<'d>,
    ready: VecDeque<u8>,
    late: VecDeque<u8>,
    faults: Vec<Fault>,
}

impl<'d> Direct<'d> {
    fn new(board: SimulatedBoard<'d>, faults: Faults) -> Self {
        let served = Served::new(board, faults);
        Self { served, ready: VecDeque::new(), late: VecDeque::new(), faults: Vec::new() }
    }
}

impl Line for &mut Direct<'_> {
    fn send(&mut self, bytes: &[u8], _: Duration) -> Result<()> {
        self.ready.append(&mut self.late);
        for reply in self.served.take(bytes)? {
            let is_late = reply.fault.is_some_and(|f| f.late() > PATIENCE);
            if is_late { &mut self.late } else { &mut self.ready }.extend(reply.bytes);
            self.faults.extend(reply.fault);
        }
        Ok(())
    }

    fn receive(&mut self, bytes: &mut Vec<u8>, _: Instant) -> Result<bool> {
        // In pieces, as ports give them.
        let n = self.ready.len().min(7);
        bytes.extend(self.ready.drain(..n));
        Ok(n > 0)
    }
}

fn inputs(design: &Design, count: usize) -> Vec<Vec<u8>> {
    let bits = design.input.bits.min(8);
    let level = |k: u64| (crate::data::random_number(7, k) % (1 << bits)) as u8;
    let size = design.input_values();
    (0..count).map(|n| (0..size).map(|i| level((n * size + i) as u64)).collect()).collect()
}

/// Runs inferences through a line with faults; every outcome must be that of sim.
fn run(design: &Design, weights: &[u8], count: usize, faults: Faults) -> (Talk, Vec<Fault>) {
    let mut line = Direct::new(SimulatedBoard::new(design), faults);
    let mut host = Host::new(&mut line, design, weights.to_vec(), SPEED);
    host.identify().unwrap();
    host.load().unwrap();
    let inputs = inputs(design, count);
    let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    let mut board = BoardExecutor::new(host, true, || {});
    let mut sim = SimExecutor::new(design, Vec::new());
    let scope = Scope::line(design);
    let found = Pair::SIM_BOARD.compare(&mut sim, &mut board, &inputs, scope, |_| {}).unwrap();
    assert_eq!((found.first, found.tally.images), (None, count as u64));
    assert_eq!((board.classes.len(), board.latencies.len()), (count, count));
    let talk = board.host().talk();
    (talk, line.faults)
}

#[test]
fn a_clean_line_takes_one_request_for_each_thing() {
    for (place, loads) in [(Place::BlockRam, 0), (Place::Spram, 1)] {
        let design = design(place);
        let weights = crate::emit::load_image(&design);
        let (talk, faults) = run(&design, &weights, 300, Faults::new(0, 1));
        let want = Talk { requests: 301 + loads, loads, ..Talk::default() };
        assert_eq!((talk, faults.len()), (want, 0));
    }
}

/// No result is wrong, and every fault that changes something leads to another attempt.
#[test]
fn every_fault_is_noticed_and_none_is_fatal() {
    let design = design(Place::Spram);
    let weights = crate::emit::load_image(&design);
    for seed in 0..8 {
        let (talk, faults) = run(&design, &weights, 1500, Faults::new(400, seed));
        assert_eq!(faults.len(), 400, "{talk:?}");
        let late = |f: &&Fault| f.late() > PATIENCE;
        let harmful = faults.iter().filter(|f| !f.is_harmless || late(f)).count() as u64;
        assert!(talk.repeated >= harmful && harmful > 200, "{harmful} {talk:?}");
        assert!(talk.refused > 50 && talk.damaged > 50 && talk.silent > 50, "{talk:?}");
        assert!(talk.late > 10, "{talk:?}");
        let changes = |f: &&Fault| matches!(f.kind, Kind::Flip | Kind::Cut);
        assert!(faults.iter().filter(changes).all(|f| !f.is_harmless));
        for kind in [Kind::Drop, Kind::Double, Kind::Flip, Kind::Cut, Kind::Stall] {
            assert!(faults.iter().filter(|f| f.kind == kind).count() > 40, "{kind:?}");
        }
    }
}

/// What another program began to send is not in the way of the first request.
#[test]
fn a_request_ends_what_came_before() {
    let design = design(Place::BlockRam);
    let mut line = Direct::new(SimulatedBoard::new(&design), Faults::new(0, 1));
    (&mut line).send(&[9, 1, 2], PATIENCE).unwrap();
    let mut host = Host::new(&mut line, &design, vec![], SPEED);
    let input = &inputs(&design, 1)[0];
    let first = host.infer(input, false);
    assert!(first.is_ok(), "{first:?}");
    // The board refused the rest of it, which cost an attempt; its own request was understood.
    assert_eq!(host.talk().late, 1, "{:?}", host.talk());
}

#[test]
fn the_same_seed_gives_the_same_faults() {
    let design = design(Place::BlockRam);
    let faults = |seed| run(&design, &[], 200, Faults::new(50, seed)).1;
    assert_eq!(faults(3), faults(3));
    assert_ne!(faults(3), faults(4));
}

#[test]
fn another_design_is_refused() {
    let board = design(Place::BlockRam);
    let host = Design { name: "other".into(), timesteps: 9, ..board.clone() };
    let mut line = Direct::new(SimulatedBoard::new(&board), Faults::new(0, 1));
    let error = Host::new(&mut line, &host, vec![], SPEED).identify().unwrap_err();
    assert_eq!(error.code.id, "SF0903");
    assert!(error.message.contains("this build is `other` (T = 9, "), "{error}");
    // A board without weights to load does not know the command.
    let error = Host::new(&mut line, &host, vec![1], SPEED).load().unwrap_err();
    assert_eq!(error.code.id, "SF0903", "{error}");
}

/// Weights are asked for by the board, and loaded again after it lost them.
#[test]
fn an_inference_without_weights_loads_them() {
    let design = design(Place::Spram);
    let mut line = Direct::new(SimulatedBoard::new(&design), Faults::new(0, 1));
    let weights = crate::emit::load_image(&design);
    let mut host = Host::new(&mut line, &design, weights.clone(), SPEED);
    let input = &inputs(&design, 1)[0];
    let (outcome, _) = host.infer(input, false).unwrap();
    let mut sim = SimExecutor::new(&design, Vec::new());
    assert_eq!(outcome.logits, sim.run(&[input]).unwrap()[0].logits);
    let talk = Talk { requests: 3, repeated: 1, refused: 1, loads: 1, ..Talk::default() };
    assert_eq!(host.talk(), talk);
    // Without any it is an end, and not an endless one.
    let mut line = Direct::new(SimulatedBoard::new(&design), Faults::new(0, 1));
    let error = Host::new(&mut line, &design, vec![], SPEED).infer(input, false).unwrap_err();
    assert!(error.code.id == "SF0902" && error.message.contains("`not loaded`"), "{error}");
    // Others than its own a simulated board cannot compute with.
    let others: Vec<u8> = weights.iter().map(|b| b ^ 1).collect();
    let mut line = Direct::new(SimulatedBoard::new(&design), Faults::new(0, 1));
    let error = Host::new(&mut line, &design, others, SPEED).load().unwrap_err();
    assert!(error.message.contains("other weights"), "{error}");
}

/// A damaged frame that begins like a load leaves no weights behind.
#[test]
fn a_damaged_load_unloads() {
    let design = design(Place::Spram);
    let mut board = SimulatedBoard::new(&design);
    let weights = crate::emit::load_image(&design);
    let mut ask = |command, payload: &[u8], flip: usize| {
        let request = synfire_link::Request { tag: 1, command, payload };
        let mut frame = crate::verify::encode_request(&request);
        frame.pop();
        frame[flip] ^= u8::from(flip > 0);
        let answer = board.answer(&mut frame).unwrap();
        crate::verify::decode_response(&answer).unwrap().status
    };
    use synfire_link::{Command, Status};
    let input = &inputs(&design, 1)[0];
    assert_eq!(ask(Command::Infer, input, 0), Status::NotLoaded);
    assert_eq!(ask(Command::Load, &weights, 0), Status::Ok);
    assert_eq!(ask(Command::Infer, input, 0), Status::Ok);
    assert_ne!(ask(Command::Load, &weights, weights.len() + 2), Status::Ok);
    assert_eq!(ask(Command::Infer, input, 0), Status::NotLoaded);
}

/// A line that says nothing; how long it was waited for, in milliseconds.
#[derive(Default)]
struct Dead(Vec<u128>);

impl Line for &mut Dead {
    fn send(&mut self, _: &[u8], limit: Duration) -> Result<()> {
        self.0.push(limit.as_millis());
        Ok(())
    }

    fn receive(&mut self, _: &mut Vec<u8>, _: Instant) -> Result<bool> {
        Ok(false)
    }
}

#[test]
fn silence_has_an_end() {
    let design = design(Place::BlockRam);
    let mut dead = Dead::default();
    let mut host = Host::new(&mut dead, &design, vec![], SPEED);
    let error: Box<Diagnostic> = host.identify().unwrap_err();
    assert_eq!(error.code.id, "SF0902");
    assert!(error.message.contains("no good answer to 8 attempts"), "{error}");
    assert!(error.message.contains("nothing came within 400 ms"), "{error}");
    assert_eq!(dead.0, [100, 200, 400, 400, 400, 400, 400, 400]);
}
