// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The edges of what the hardware takes: on this side it agrees with the interpreter, on
//! the other it says no.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use synfire::diag::Diagnostic;
use synfire::hw::{self, Mapping, Options};
use synfire::interp::{Interp, Logits};
use synfire::ir::{
    BitMatrix, Compare, FixedLif, FixedReadout, Graph, Input, Linear, NodeId, Op, PerChannel,
    Reset, Taken, Weights, verify,
};
use synfire::sim::{NoProbe, Sim};

struct Net(Graph);

impl Net {
    fn new(timesteps: u32, inputs: usize, bits: u32) -> (Self, NodeId) {
        let mut g = Graph::new("limits", timesteps);
        let x = Op::Input(Input { shape: vec![inputs], bits: Some(bits), is_static: true });
        let x = g.add("in", x, &[]).unwrap();
        (Self(g), x)
    }

    fn linear(&mut self, name: &str, x: NodeId, n: usize) -> NodeId {
        let signs = BitMatrix::from_fn(n, self.0.node(x).stream.len(), |r, c| (r + c) % 3 > 0);
        let weights = Weights::Binary { signs, scale: PerChannel::All(1.0) };
        self.0.add(name, Op::Linear(Linear { weights, bias: None }), &[x]).unwrap()
    }

    fn lif(&mut self, name: &str, x: NodeId) -> NodeId {
        let n = self.0.node(x).stream.len();
        let (bias, threshold) = (vec![1; n], vec![2; n]);
        let (reset, compare) = (Reset::Soft, Compare::AtLeast);
        let (leak_num, leak_shift, frac, width) = (PerChannel::All(1), 1, 0, 24);
        let (sign, reset_to, start) = (vec![], vec![], vec![]);
        let l = FixedLif {
            leak_num,
            leak_shift,
            frac,
            width,
            bias,
            threshold,
            reset,
            compare,
            sign,
            reset_to,
            start,
        };
        self.0.add(name, Op::FixedLif(l), &[x]).unwrap()
    }

    fn readout(&mut self, x: NodeId, gain: i64, offset: i64, width: u32) {
        let n = self.0.node(x).stream.len();
        let (gain, offset) = (vec![gain; n], vec![offset; n]);
        let r = FixedReadout { kind: Taken::Sum, frac: 0, gain, offset, gain_width: 31, width };
        let y = self.0.add("y", Op::FixedReadout(r), &[x]).unwrap();
        self.0.set_output(y);
        verify(&self.0).unwrap();
    }

    fn refused(&self) -> Box<Diagnostic> {
        let options = Options { mapping: Mapping::Pipeline, ..Options::default() };
        let d = hw::lower(&self.0, &common::big_target(), &options).unwrap_err();
        assert_eq!(d.code.id, "SF0410", "{d}");
        d
    }

    /// No chain takes it, but a line of processors does.
    #[track_caller]
    fn is_a_line(&self) {
        let options = Options { mapping: Mapping::Pipeline, ..Options::default() };
        let (design, _) = hw::lower(&self.0, &common::big_target(), &options).unwrap();
        assert!(design.stages.is_empty() && design.shared.is_some_and(|s| s.is_line()));
    }

    /// What the refusal says.
    #[track_caller]
    fn says(&self, part: &str) {
        let refused = self.refused();
        assert!(refused.message.contains(part), "{refused}");
    }

    /// Interpreter and simulator agree; returns the logits and the class.
    #[track_caller]
    fn agrees(&self, input: &[u8]) -> (Vec<i64>, usize) {
        let wide: Vec<u16> = input.iter().map(|v| u16::from(*v)).collect();
        let want = Interp::new(&self.0).unwrap().run(&wide).unwrap();
        let Logits::Integer(logits) = want.logits else { panic!("not integers") };
        let (design, _) = hw::lower(&self.0, &common::big_target(), &Options::default()).unwrap();
        let got = Sim::new(&design).run(input, &[], &mut NoProbe).unwrap();
        let narrow: Vec<i64> = got.logits.iter().map(|v| i64::from(*v)).collect();
        assert_eq!((&narrow, usize::from(got.class)), (&logits, want.class));
        (logits, want.class)
    }
}

#[test]
fn timesteps() {
    for (timesteps, spikes_out) in [(1, true), (1, false), (16, true), (16, false)] {
        let (mut net, x) = Net::new(timesteps, 5, 1);
        let fc = net.linear("fc", x, 3);
        let mut last = net.lif("n", fc);
        if !spikes_out {
            last = net.linear("out", last, 4);
        }
        net.readout(last, 1, 0, 16);
        for input in [[0; 5], [1; 5], [1, 0, 1, 1, 0]] {
            net.agrees(&input);
        }
    }
    let (mut net, x) = Net::new(17, 5, 1);
    let fc = net.linear("fc", x, 3);
    let n = net.lif("n", fc);
    net.readout(n, 1, 0, 16);
    net.is_a_line();
    net.agrees(&[1, 0, 1, 1, 0]);
}

#[test]
fn classes() {
    for (classes, fits) in [(1, true), (256, true), (257, false)] {
        let (mut net, x) = Net::new(3, 4, 8);
        let fc = net.linear("fc", x, 300);
        let n = net.lif("n", fc);
        let out = net.linear("out", n, classes);
        net.readout(out, 3, -7, 24);
        if fits {
            net.agrees(&[0, 255, 3, 9]);
        } else {
            net.says("257 classes");
        }
    }
}

/// The last of 256 classes wins: the class is a byte.
#[test]
fn the_last_class_can_win() {
    let (mut net, x) = Net::new(1, 1, 1);
    let fc = net.linear("fc", x, 256);
    let n = net.lif("n", fc);
    let gain: Vec<i64> = (0..256).collect();
    let r = FixedReadout {
        kind: Taken::Sum,
        frac: 0,
        gain,
        offset: vec![0; 256],
        gain_width: 8,
        width: 10,
    };
    let y = net.0.add("y", Op::FixedReadout(r), &[n]).unwrap();
    net.0.set_output(y);
    verify(&net.0).unwrap();
    assert_eq!(net.agrees(&[1]).1, 254, "neuron 255 has weight -1");
}

#[test]
fn logits() {
    // One neuron that fires at both steps: the largest and the least logit of 32 bits.
    let most = i64::from(i32::MAX);
    for (gain, offset, logit) in [((1 << 30) - 1, 1, most), (0, -most - 1, -most - 1)] {
        let (mut net, x) = Net::new(2, 1, 1);
        let fc = net.linear("fc", x, 2);
        let n = net.lif("n", fc);
        net.readout(n, gain, offset, 32);
        let (logits, _) = net.agrees(&[1]);
        assert!(logits.contains(&logit), "{logits:?}");
    }
    let (mut net, x) = Net::new(2, 1, 1);
    let fc = net.linear("fc", x, 2);
    let n = net.lif("n", fc);
    net.readout(n, 1 << 30, 1, 33);
    net.says("a logit of 33 bits");
}

#[test]
fn inputs() {
    let (mut net, x) = Net::new(2, 3, 9);
    let fc = net.linear("fc", x, 2);
    let n = net.lif("n", fc);
    net.readout(n, 1, 0, 8);
    net.says("up to 8 bits");

    let mut g = Graph::new("spikes over time", 2);
    let x = Op::Input(Input { shape: vec![3], bits: Some(1), is_static: false });
    let x = g.add("in", x, &[]).unwrap();
    let mut net = Net(g);
    let fc = net.linear("fc", x, 2);
    let n = net.lif("n", fc);
    net.readout(n, 1, 0, 8);
    net.is_a_line();
}

/// Nothing may stand beside a chain; a line leaves out what nobody reads.
#[test]
fn graphs_that_are_no_chain() {
    let (mut net, x) = Net::new(2, 3, 8);
    let other = Op::Input(Input { shape: vec![7], bits: Some(2), is_static: true });
    net.0.add("unused", other, &[]).unwrap();
    let fc = net.linear("fc", x, 2);
    let n = net.lif("n", fc);
    net.readout(n, 1, 0, 8);
    net.is_a_line();

    let (mut net, x) = Net::new(2, 3, 8);
    let fc = net.linear("fc", x, 2);
    let n = net.lif("n", fc);
    net.readout(n, 1, 0, 8);
    let y = net.0.output().unwrap();
    net.0.set_output(n);
    net.says("does not end in a readout");
    let d = Interp::new(&net.0).unwrap().run(&[1, 2, 3]).unwrap_err();
    assert_eq!(d.code.id, "SF0202");
    net.0.set_output(y);
    net.linear("beside", x, 2);
    net.is_a_line();

    // No neurons, so nothing to run in time; neurons on levels, which a job copies.
    let (mut net, x) = Net::new(2, 3, 8);
    let fc = net.linear("fc", x, 2);
    net.readout(fc, 1, 0, 12);
    net.says("no layer fires");
    let (mut net, x) = Net::new(2, 3, 8);
    let n = net.lif("n", x);
    net.readout(n, 1, 0, 8);
    net.is_a_line();
}
