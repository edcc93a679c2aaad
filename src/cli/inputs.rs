// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Options about inputs that several commands share, and loading them.

use std::path::{Path, PathBuf};

use clap::Parser as _;
use serde::Serialize;

use super::encoding::EncodingArgs;
use super::ui::thousands;
use crate::data::{self, Inputs, Samples, Values};
use crate::diag::{Diagnostic, InFile, Result, codes};
use crate::ir::Graph;
use crate::tune::{check, input};

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

/// The options as they are where nothing is said.
#[derive(clap::Parser)]
struct Defaults {
    #[command(flatten)]
    data: DataArgs,
}

/// A result for scripts, and what its inputs were.
#[derive(Serialize)]
pub(super) struct WithInputs<'a, T> {
    #[serde(flatten)]
    result: &'a T,
    /// The seed of random inputs; none of those from files.
    random_seed: Option<u64>,
}

/// Random inputs if nothing else is said.
const RANDOM_INPUTS: usize = 64;

impl DataArgs {
    /// The first `count` inputs of a file, or so many seeded random ones.
    pub(super) fn first(images: Option<&Path>, count: usize) -> Self {
        let Defaults { data } = Defaults::parse_from(["synfire"]);
        Self { images: images.map(Path::to_path_buf), count: Some(count), ..data }
    }

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

    /// The result, for scripts.
    pub(super) fn with<'a, T>(&self, result: &'a T) -> WithInputs<'a, T> {
        WithInputs { result, random_seed: self.images.is_none().then_some(self.seed) }
    }

    /// What the text of a result adds about its inputs, of which there are `there`.
    pub(super) fn remark(&self, there: usize) -> String {
        match self.count {
            _ if self.images.is_none() => {
                format!(
                    "\nthe inputs are random, seed {} (--images FILE for real ones)\n",
                    self.seed
                )
            }
            Some(count) if count > there => {
                let [count, there] = [count, there].map(|n| thousands(n as u64));
                format!("\n--count {count}: the file has {there} inputs\n")
            }
            _ => String::new(),
        }
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
        let timesteps = graph.timesteps as usize;
        let options = self.encoding.options(timesteps, self.count)?;
        let samples = data::samples(images, self.labels.as_deref(), &options)?;
        let samples = self.encoding.apply(samples, timesteps, self.seed).in_file(images)?;
        check(&samples, graph).in_file(images)?;
        Ok(samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir;

    fn args(line: &str) -> DataArgs {
        Defaults::parse_from(["x"].into_iter().chain(line.split_whitespace())).data
    }

    /// Two levels of a bit at each of three timesteps.
    const CHANGING: &str = r#"synfire-ir 1
graph "g" timesteps 3
%in = input() : spikes[2] {"shape":[2],"bits":1,"is_static":false}
%fc = linear(%in) : current[2; fixed(3, 0)] {"weights":{"binary":{"signs":{"cols":2,"rows":["3","1"]},"scale":1.0}},"bias":null}
output %fc
"#;

    #[test]
    fn a_remark_says_what_the_inputs_are() {
        assert_eq!(
            args("--seed 7 --count 9").remark(9),
            "\nthe inputs are random, seed 7 (--images FILE for real ones)\n"
        );
        assert_eq!(
            args("--images x --count 5000").remark(1000),
            "\n--count 5,000: the file has 1,000 inputs\n"
        );
        assert_eq!(args("--images x --count 1000").remark(1000), "");
        assert_eq!(args("--images x").remark(1000), "");
    }

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
}
