// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Options about inputs that several commands share, and loading them.

use std::path::{Path, PathBuf};

use super::encoding::EncodingArgs;
use crate::data::{self, Inputs, Samples, Slice, Values};
use crate::diag::{Diagnostic, InFile, Result, codes};
use crate::ir::{Graph, Op, Stream};

/// Where inputs come from.
#[derive(clap::Args, Clone)]
pub(super) struct DataArgs {
    /// Inputs: idx, npy, npz (FILE.npz:NAME), AEDAT 3.1 or 4, N-MNIST or a table of events,
    /// or a directory of recordings; without them, seeded random levels.
    #[arg(long, value_name = "PATH")]
    images: Option<PathBuf>,
    /// Labels: an array, or for recordings a table or a directory of tables
    /// (class,startTime_usec,endTime_usec).
    #[arg(long, requires = "images", value_name = "PATH")]
    labels: Option<PathBuf>,
    /// Use only the first N inputs.
    #[arg(long, value_name = "N")]
    pub(super) count: Option<usize>,
    /// Seed of random inputs, and of rate encoding.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    #[command(flatten)]
    encoding: EncodingArgs,
}

/// Random inputs if nothing else is said.
const RANDOM_INPUTS: usize = 64;

impl DataArgs {
    /// Loads levels that fit the graph; of every timestep, if its input changes.
    pub(super) fn load(&self, graph: &Graph) -> Result<Inputs> {
        let (stream, bits) = input(graph)?;
        if bits.is_none() {
            let message = "the model's input is real numbers; this command presents levels";
            return Err(Diagnostic::new(&codes::INPUT_SHAPE, message));
        }
        self.some()?;
        let timesteps = (!stream.is_static).then_some(graph.timesteps as usize);
        match &self.images {
            Some(images) => self.read(images, graph)?.into_inputs(timesteps).in_file(images),
            None => {
                let size = stream.len() * timesteps.unwrap_or(1);
                let mut inputs = self.random(size, bits.unwrap_or(8))?;
                inputs.timesteps = timesteps;
                Ok(inputs)
            }
        }
    }

    /// Loads inputs that fit the graph, of any kind.
    pub(super) fn samples(&self, graph: &Graph) -> Result<Samples> {
        self.some()?;
        if let Some(images) = &self.images {
            return self.read(images, graph);
        }
        let (stream, bits) = input(graph)?;
        let inputs = self.random(stream.len(), bits.unwrap_or(1))?;
        let levels = inputs.iter().flatten().copied().collect();
        Samples::new(stream.shape.clone(), None, Values::U8(levels))
    }

    /// The same options for other files.
    pub(super) fn of(&self, images: &Path, labels: Option<&Path>, count: Option<usize>) -> Self {
        let (images, labels) = (Some(images.to_path_buf()), labels.map(Path::to_path_buf));
        Self { images, labels, count, ..self.clone() }
    }

    /// Are the inputs from files?
    pub(super) fn are_given(&self) -> bool {
        self.images.is_some()
    }

    fn some(&self) -> Result<()> {
        if self.count == Some(0) {
            let message = "--count 0: at least one input is needed";
            return Err(Diagnostic::new(&codes::BAD_OPTION, message));
        }
        Ok(())
    }

    fn random(&self, size: usize, bits: u32) -> Result<Inputs> {
        let bad = |message: String| Err(Diagnostic::new(&codes::BAD_OPTION, message));
        if bits > 8 {
            return bad("random inputs have up to 8 bits; give --images".into());
        }
        let count = self.count.unwrap_or(RANDOM_INPUTS);
        let most = data::MAX_BYTES / size.max(1);
        if count > most {
            return bad(format!("--count {count}: at most {most} inputs of {size} levels"));
        }
        Ok(data::random(size, bits, count, self.seed))
    }

    fn read(&self, images: &Path, graph: &Graph) -> Result<Samples> {
        let (stream, bits) = input(graph)?;
        let timesteps = graph.timesteps as usize;
        let options = self.encoding.options(timesteps, self.count)?;
        let samples = data::samples(images, self.labels.as_deref(), &options)?;
        let samples = self.encoding.apply(samples, timesteps, self.seed).in_file(images)?;
        fit(&samples, stream, bits, timesteps).in_file(images)?;
        if bits.is_none() {
            worth(&samples, graph).in_file(images)?;
        }
        Ok(samples)
    }
}

/// What the model's input is, and the bits of its levels.
fn input(graph: &Graph) -> Result<(&Stream, Option<u32>)> {
    let input = graph.order()?.into_iter().map(|id| graph.node(id)).find_map(|n| match &n.op {
        Op::Input(i) => Some((&n.stream, i.bits)),
        _ => None,
    });
    input.ok_or_else(|| Diagnostic::internal("cli", "the graph has no input"))
}

/// Largest number that a model of real inputs is taken to be made for.
const PLAUSIBLE: f64 = 16.0;

/// Levels as real numbers: refused, unless they are 0 and 1, or the model makes small numbers
/// of them by itself.
fn worth(samples: &Samples, graph: &Graph) -> Result<()> {
    let largest = |i: usize| match samples.get(i)? {
        Slice::U8(v) => v.iter().copied().max().map(u16::from),
        Slice::U16(v) => v.iter().copied().max(),
        Slice::Real(_) => None,
    };
    let largest = (0..samples.len()).filter_map(largest).max().unwrap_or(0);
    let is_input = |id| matches!(graph.node(id).op, Op::Input(_));
    let divides = |id| match &graph.node(id).op {
        Op::Scale(s) if graph.operands(id).iter().all(|o| is_input(*o)) => {
            s.factor.iter().all(|f| f.abs() * f64::from(largest) <= PLAUSIBLE)
        }
        _ => false,
    };
    if largest <= 1 || graph.order()?.into_iter().any(divides) {
        return Ok(());
    }
    let message = format!(
        "levels up to {largest}, and the model takes real numbers: what is a level worth to it?"
    );
    Err(Diagnostic::new(&codes::INPUT_WORTH, message).help(
        "--input-bits 8 --input-scale 1/255 if it was trained on pixels divided by 255, --input-bits 8 --input-scale 1 if it was trained on the levels themselves",
    ))
}

/// Checks that the values of each input are as many as the model takes, and not too large
/// for it.
fn fit(samples: &Samples, stream: &Stream, bits: Option<u32>, timesteps: usize) -> Result<()> {
    let (got, size) = (samples.size(), stream.len());
    if got != size {
        let message = format!("an image has {got} pixels, the model takes {size}");
        let d = Diagnostic::new(&codes::INPUT_SHAPE, message);
        let is_sequence = samples.timesteps().is_none() && !stream.is_static;
        return Err(if is_sequence && size.checked_mul(timesteps) == Some(got) {
            d.help(format!(
                "that is {timesteps} timesteps of {size}: say which dimension counts them, --time-axis 1 for [input, timestep, …], --time-axis 0 for [timestep, input, …]"
            ))
        } else {
            d
        });
    }
    let Some(bits) = bits else { return Ok(()) };
    let found = (0..samples.len()).find_map(|i| {
        let large = |v: u16| u32::from(v) >> bits != 0;
        let level = match samples.get(i)? {
            Slice::U8(v) => v.iter().map(|v| u16::from(*v)).find(|v| large(*v)),
            Slice::U16(v) => v.iter().copied().find(|v| large(*v)),
            Slice::Real(_) => None,
        };
        Some((i, level?))
    });
    let Some((i, level)) = found else { return Ok(()) };
    let message = format!("level {level} does not fit into the model's {bits} bits");
    Err(Diagnostic::new(&codes::INPUT_SHAPE, message).at(format!("image {i}")))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::ir;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        data: DataArgs,
    }

    fn args(line: &str) -> DataArgs {
        Line::parse_from(["x"].into_iter().chain(line.split_whitespace())).data
    }

    /// Two levels of a bit at each of three timesteps.
    const CHANGING: &str = r#"synfire-ir 1
graph "g" timesteps 3
%in = input() : spikes[2] {"shape":[2],"bits":1,"is_static":false}
%fc = linear(%in) : current[2; fixed(3, 0)] {"weights":{"binary":{"signs":{"cols":2,"rows":["3","1"]},"scale":1.0}},"bias":null}
output %fc
"#;

    /// A model of real numbers that has a factor behind its weights.
    const REAL: &str = r#"synfire-ir 1
graph "g" timesteps 3
%in = input() : real[2] static {"shape":[2],"is_static":true}
%fc = linear(%in) : real[2] static {"weights":{"binary":{"signs":{"cols":2,"rows":["3","1"]},"scale":1.0}},"bias":null}
%s = scale(%fc) : real[2] static {"factor":0.001,"offset":0.0}
output %s
"#;

    #[test]
    fn random_inputs_are_of_every_timestep() {
        let graph = ir::parse(CHANGING).unwrap();
        let inputs = args("--count 5").load(&graph).unwrap();
        assert_eq!((inputs.len(), inputs.size, inputs.timesteps), (5, 6, Some(3)));
        let d = args("--count 0").load(&graph).unwrap_err();
        assert_eq!(d.code.id, "SF0003");
        // One of so many levels would fill the memory that inputs may take.
        let d = args("--count 2").random(data::MAX_BYTES, 8).unwrap_err();
        assert!(d.message.contains("at most 1 inputs"), "{d}");
    }

    /// Only what the model itself does with its input says what a level is worth.
    #[test]
    fn a_factor_further_on_is_not_worth_a_level() {
        let levels = |level| Samples::new(vec![2], None, Values::U8(vec![0, level])).unwrap();
        let graph = ir::parse(REAL).unwrap();
        assert_eq!(worth(&levels(200), &graph).unwrap_err().code.id, "SF0017");
        assert!(worth(&levels(1), &graph).is_ok());
        let first = REAL.replace("linear(%in)", "linear(%s)").replace("scale(%fc)", "scale(%in)");
        let mut lines: Vec<_> = first.lines().collect();
        lines.swap(3, 4);
        let graph = ir::parse(&lines.join("\n").replace("output %s", "output %fc")).unwrap();
        assert!(worth(&levels(200), &graph).is_ok());
    }

    /// The help about a dimension of time is for inputs that could have one.
    #[test]
    fn inputs_of_another_size_may_be_sequences() {
        let changing = ir::parse(CHANGING).unwrap();
        let (stream, _) = input(&changing).unwrap();
        let held = Stream { is_static: true, ..stream.clone() };
        let samples = |shape: usize, timesteps: Option<usize>| {
            let values = Values::U8(vec![0; shape * timesteps.unwrap_or(1)]);
            Samples::new(vec![shape], timesteps, values).unwrap()
        };
        let helps = |samples: &Samples, stream: &Stream| {
            let d = fit(samples, stream, Some(1), 3).unwrap_err();
            assert_eq!(d.code.id, "SF0011");
            d.help.is_some_and(|h| h.contains("--time-axis"))
        };
        // Six values are three timesteps of two; five are none, nor are they for a held input, nor
        // where the file says its timesteps.
        assert!(helps(&samples(6, None), stream));
        assert!(!helps(&samples(5, None), stream));
        assert!(!helps(&samples(6, None), &held));
        assert!(!helps(&samples(6, Some(2)), stream));
    }
}
