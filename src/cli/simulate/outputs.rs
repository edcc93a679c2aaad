// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `--outputs`: what a model computes, as an array, or as several of both forms and all spikes.

use std::io::{self, Cursor, Write as _};
use std::path::Path;

use npyz::{AutoSerialize, WriterBuilder as _};
use zip::write::SimpleFileOptions;
use zip::{DateTime, ZipWriter};

use crate::diag::{Diagnostic, Result, codes, write_file};
use crate::interp::{Logits, Record};
use crate::ir::{Graph, Op, ReadoutKind};

/// The outputs of the samples so far, if they are wanted.
#[derive(Default)]
pub(super) struct Outputs {
    wanted: Wanted,
    /// Of the real-valued model, `[sample][class]` or `[sample][timestep][class]`.
    real: Vec<f64>,
    real_classes: Vec<i64>,
    /// Of the integer model, if there is one.
    integer: Vec<i64>,
    classes: Vec<i64>,
    /// Name of a layer, and `[sample][timestep][neuron]`; of the integer model, if there is one.
    spikes: Vec<(String, Vec<u8>)>,
}

/// What is kept.
#[derive(Default, Clone, Copy, PartialEq)]
enum Wanted {
    #[default]
    Nothing,
    /// The real-valued model's outputs.
    Array,
    /// Of both forms, with all spikes.
    Everything,
}

impl Outputs {
    /// For a file: its name says what is wanted.
    pub(super) fn for_file(path: Option<&Path>) -> Self {
        let wanted = match path.map(|p| p.extension().is_some_and(|e| e == "npz")) {
            None => Wanted::Nothing,
            Some(false) => Wanted::Array,
            Some(true) => Wanted::Everything,
        };
        Self { wanted, ..Self::default() }
    }

    /// Adds a sample: every timestep where each is an output, else the logits.
    pub(super) fn add(
        &mut self,
        graph: &Graph,
        real: &Record,
        integer: Option<&Record>,
    ) -> Result<()> {
        if self.wanted == Wanted::Nothing {
            return Ok(());
        }
        match &real.logits {
            _ if is_per_step(graph)? => self.real.extend(real.steps.iter().flatten()),
            Logits::Real(logits) => self.real.extend(logits),
            Logits::Integer(_) => return Err(Diagnostic::internal("outputs", "integers")),
        }
        if self.wanted == Wanted::Array {
            return Ok(());
        }
        self.real_classes.push(real.class as i64);
        if let Some(record) = integer {
            self.classes.push(record.class as i64);
            if let Logits::Integer(logits) = &record.logits {
                self.integer.extend(logits);
            }
        }
        for (i, layer) in integer.unwrap_or(real).spikes.iter().enumerate() {
            if i == self.spikes.len() {
                self.spikes.push((layer.node.clone(), Vec::new()));
            }
            self.spikes[i].1.extend(layer.fired.iter().flatten().map(|s| u8::from(*s)));
        }
        Ok(())
    }

    /// Adds the samples that come next.
    pub(super) fn append(&mut self, mut next: Self) {
        self.wanted = next.wanted;
        self.real.append(&mut next.real);
        self.real_classes.append(&mut next.real_classes);
        self.integer.append(&mut next.integer);
        self.classes.append(&mut next.classes);
        if self.spikes.is_empty() {
            self.spikes = next.spikes;
        } else {
            let pairs = self.spikes.iter_mut().zip(next.spikes);
            pairs.for_each(|((_, own), (_, mut more))| own.append(&mut more));
        }
    }

    /// Writes `[sample, …]` or `[sample, timestep, …]` in double precision; everything as the
    /// arrays that docs/inputs.md lists.
    pub(super) fn write(&self, real: &Graph, integer: Option<&Graph>, path: &Path) -> Result<()> {
        let stream = &real.node(real.output()?).stream;
        let mut shape: Vec<u64> = stream.shape.iter().map(|&d| d as u64).collect();
        if is_per_step(real)? {
            shape.insert(0, u64::from(real.timesteps));
        }
        let sample: u64 = shape.iter().product();
        shape.insert(0, self.real.len() as u64 / sample.max(1));
        let written = match self.wanted {
            Wanted::Everything => self.arrays(integer.unwrap_or(real), integer.is_some(), &shape),
            _ => array(&self.real, &shape),
        };
        let bytes = written.map_err(|e| {
            Diagnostic::new(&codes::FILE_WRITE, format!("cannot write: {e}")).in_file(path)
        })?;
        write_file(path, &bytes)
    }

    /// An archive of all arrays; `graph` is the form whose spikes they are.
    fn arrays(&self, graph: &Graph, is_integer: bool, shape: &[u64]) -> io::Result<Vec<u8>> {
        let mut archive = Archive(ZipWriter::new(Cursor::new(Vec::new())));
        let n = shape[0];
        archive.add("logits_real", &self.real, shape)?;
        archive.add("classes_real", &self.real_classes, &[n])?;
        if is_integer {
            let classes = self.integer.len() as u64 / n.max(1);
            archive.add("logits", &self.integer, &[n, classes])?;
            archive.add("classes", &self.classes, &[n])?;
        }
        for (name, fired) in &self.spikes {
            let mut shape = vec![n, u64::from(graph.timesteps)];
            let node = graph.find(name).map(|id| graph.node(id));
            shape.extend(node.iter().flat_map(|n| &n.stream.shape).map(|&d| d as u64));
            archive.add(&format!("spikes/{name}"), fired, &shape)?;
        }
        Ok(archive.0.finish()?.into_inner())
    }
}

fn array<T: AutoSerialize + Copy>(values: &[T], shape: &[u64]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let options = npyz::WriteOptions::new().default_dtype().shape(shape);
    let mut writer = options.writer(&mut bytes).begin_nd()?;
    writer.extend(values.iter().copied())?;
    writer.finish()?;
    Ok(bytes)
}

/// An .npz file in memory: a ZIP archive of .npy files.
struct Archive(ZipWriter<Cursor<Vec<u8>>>);

impl Archive {
    fn add<T: AutoSerialize + Copy>(
        &mut self,
        name: &str,
        values: &[T],
        shape: &[u64],
    ) -> io::Result<()> {
        // No time of day: the bytes follow from what is in the file.
        let options = SimpleFileOptions::default().last_modified_time(DateTime::default());
        self.0.start_file(format!("{name}.npy"), options)?;
        self.0.write_all(&array(values, shape)?)
    }
}

fn is_per_step(graph: &Graph) -> Result<bool> {
    let readout = &graph.node(graph.output()?).op;
    Ok(matches!(readout, Op::Readout(r) if r.kind == ReadoutKind::PerStep))
}
