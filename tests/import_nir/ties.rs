// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Files of the frameworks with membranes on their thresholds (make.py, `ties`): every spike is
//! that of the framework, although the files have time constants in single precision.

use serde::Deserialize;
use synfire::import::{self, Options, Producer};
use synfire::interp::{Interp, Stimulus};
use synfire::ir::{Compare, Op, Reset};

use super::files::read;
use super::folder;

/// What tests/models/nir/ties.json says of a file.
#[derive(Debug, Deserialize)]
struct Ties {
    name: String,
    by: String,
    reset: Option<Reset>,
}

impl Ties {
    fn options(&self) -> Options {
        let from = match self.by.as_str() {
            "snntorch" => Producer::SnnTorch,
            "norse" => Producer::Norse,
            "sinabs" => Producer::Sinabs,
            "spikingjelly" => Producer::SpikingJelly,
            by => panic!("{by}"),
        };
        Options {
            from: Some(from),
            reset: self.reset,
            single_spike: true,
            timesteps: Some(8),
            ..Options::default()
        }
    }

    /// How many spikes differ from the framework's, of how many.
    fn wrong(&self, options: &Options) -> (usize, usize) {
        let graph = import::load(&folder().join(format!("{}.nir", self.name)), options).unwrap();
        let interp = Interp::new(&graph).unwrap();
        let (shape, levels) = read::<i8>("ties.in.npy");
        let (_, spikes) = read::<u8>(&format!("{}.out.npy", self.name));
        let steps: Vec<Vec<f64>> =
            levels.chunks(shape[2]).map(|x| x.iter().map(|v| f64::from(*v)).collect()).collect();
        let found = steps
            .chunks(shape[1])
            .flat_map(|x| interp.run_on(Stimulus::RealSteps(x)).unwrap().steps.concat());
        let expected = spikes.iter().map(|s| f64::from(*s));
        (found.zip(expected).filter(|(a, b)| a != b).count(), spikes.len())
    }
}

fn files() -> Vec<Ties> {
    serde_json::from_slice(&std::fs::read(folder().join("ties.json")).unwrap()).unwrap()
}

#[test]
fn membranes_on_their_thresholds_do_what_the_framework_does() {
    let files = files();
    assert_eq!(files.len(), 12);
    for file in files {
        let options = file.options();
        let (wrong, of) = file.wrong(&options);
        assert_eq!((wrong, of), (0, 2400), "{}", file.name);
        // There are ties: whoever decides them otherwise has other spikes.
        let at_least = matches!(options.from, Some(Producer::Sinabs | Producer::SpikingJelly));
        let other = if at_least { Compare::Above } else { Compare::AtLeast };
        let (wrong, _) = file.wrong(&Options { compare: Some(other), ..options });
        assert!(wrong > 20, "{}: {wrong}", file.name);
    }
}

#[test]
fn numbers_in_single_precision_are_what_was_meant() {
    for (name, leak) in [
        ("ties_snntorch_half", 0.5),
        ("ties_snntorch_three_quarters", 0.75),
        ("ties_snntorch_seven_eighths", 0.875),
        ("ties_snntorch_synaptic", 0.75),
    ] {
        let file = files().into_iter().find(|f| f.name == name).unwrap();
        let path = folder().join(format!("{name}.nir"));
        let graph = import::load(&path, &file.options()).unwrap();
        let neurons =
            graph.order().unwrap().into_iter().filter_map(|id| match &graph.node(id).op {
                Op::Lif(l) => Some((l.leak.at(0), l.gain.at(0))),
                _ => None,
            });
        assert_eq!(neurons.collect::<Vec<_>>(), [(leak, 1.0); 2], "{name}");
    }
}
