// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `--outputs`: what a model computes, as an array, or as several of both forms and all spikes.

use std::io::{self, Cursor, Write as _};
use std::path::Path;

use npyz::{AutoSerialize, WriterBuilder as _};
use zip::write::SimpleFileOptions;
use zip::{DateTime, ZipWriter};

use crate::data::Samples;
use crate::diag::{Diagnostic, Result, codes, write_file};
use crate::interp::{Interp, Logits, Record, Value};
use crate::ir::{Graph, NodeId, Op, ReadoutKind};
use crate::tune::{infer, infer_watching};

/// Which outputs are wanted, of which graphs.
#[derive(Default)]
pub(super) struct Plan<'a> {
    file: Option<&'a Path>,
    /// Layers and the integrators beside them, of the real-valued and the integer model.
    real: Vec<(NodeId, NodeId)>,
    integer: Vec<(NodeId, NodeId)>,
}

impl<'a> Plan<'a> {
    /// Of a file, without membranes.
    pub(super) fn of(file: Option<&'a Path>) -> Self {
        Self { file, ..Self::default() }
    }

    /// The same with membranes: puts integrators into both graphs.
    ///
    /// # Errors
    /// [`codes::BAD_OPTION`] if the file holds one array; an internal one.
    pub(super) fn with_membranes(
        mut self,
        real: &mut Graph,
        integer: Option<&mut Graph>,
    ) -> Result<Self> {
        if Wanted::of(self.file) != Wanted::Everything {
            let message = "--membranes writes an array for each layer, which takes an .npz file";
            return Err(
                Diagnostic::new(&codes::BAD_OPTION, message).help("--outputs FILE.npz --membranes")
            );
        }
        (*real, self.real) = real.with_membranes()?;
        if let Some(integer) = integer {
            (*integer, self.integer) = integer.with_membranes()?;
        }
        Ok(self)
    }

    /// Nothing so far.
    pub(super) fn outputs(&self) -> Outputs {
        Outputs { wanted: Wanted::of(self.file), ..Outputs::default() }
    }
}

/// Name of a layer, and `[sample][timestep][neuron]`.
type Layers<T> = Vec<(String, Vec<T>)>;

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
    /// Of the integer model, if there is one.
    spikes: Layers<u8>,
    membranes_real: Layers<f64>,
    membranes: Layers<i64>,
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

impl Wanted {
    /// The file's name says it.
    fn of(path: Option<&Path>) -> Self {
        match path.map(|p| p.extension().is_some_and(|e| e == "npz")) {
            None => Self::Nothing,
            Some(false) => Self::Array,
            Some(true) => Self::Everything,
        }
    }
}

/// One inference, with the membranes of the layers that have an integrator beside them.
fn watched<T>(
    interp: &Interp<'_>,
    (samples, i): (&Samples, usize),
    beside: &[(NodeId, NodeId)],
    of: impl Fn(&Value) -> Vec<T>,
    layers: &mut Layers<T>,
) -> Result<Record> {
    if beside.is_empty() {
        return infer(interp, samples, i);
    }
    if layers.is_empty() {
        let name = |(layer, _): &(NodeId, NodeId)| interp.graph().node(*layer).name.clone();
        layers.extend(beside.iter().map(|pair| (name(pair), Vec::new())));
    }
    infer_watching(interp, samples, i, &mut |id, _, value| {
        if let Some(k) = beside.iter().position(|(_, integrator)| *integrator == id) {
            layers[k].1.extend(of(value));
        }
    })
}

impl Outputs {
    /// What the real-valued model makes of sample `i`.
    pub(super) fn real(
        &mut self,
        interp: &Interp<'_>,
        sample: (&Samples, usize),
        plan: &Plan<'_>,
    ) -> Result<Record> {
        watched(interp, sample, &plan.real, Value::to_reals, &mut self.membranes_real)
    }

    /// What the integer model makes of it.
    pub(super) fn integer(
        &mut self,
        interp: &Interp<'_>,
        sample: (&Samples, usize),
        plan: &Plan<'_>,
    ) -> Result<Record> {
        watched(interp, sample, &plan.integer, Value::to_integers, &mut self.membranes)
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
        join(&mut self.spikes, next.spikes);
        join(&mut self.membranes_real, next.membranes_real);
        join(&mut self.membranes, next.membranes);
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
            Wanted::Everything => self.arrays(real, integer, &shape),
            _ => array(&self.real, &shape),
        };
        let bytes = written.map_err(|e| {
            Diagnostic::new(&codes::FILE_WRITE, format!("cannot write: {e}")).in_file(path)
        })?;
        write_file(path, &bytes)
    }

    /// An archive of all arrays.
    fn arrays(&self, real: &Graph, integer: Option<&Graph>, shape: &[u64]) -> io::Result<Vec<u8>> {
        let mut archive = Archive(ZipWriter::new(Cursor::new(Vec::new())));
        let n = shape[0];
        archive.add("logits_real", &self.real, shape)?;
        archive.add("classes_real", &self.real_classes, &[n])?;
        if integer.is_some() {
            let classes = self.integer.len() as u64 / n.max(1);
            archive.add("logits", &self.integer, &[n, classes])?;
            archive.add("classes", &self.classes, &[n])?;
        }
        let form = integer.unwrap_or(real);
        archive.layers("spikes", &self.spikes, form, n)?;
        archive.layers("membranes_real", &self.membranes_real, real, n)?;
        archive.layers("membranes", &self.membranes, form, n)?;
        Ok(archive.0.finish()?.into_inner())
    }
}

/// Puts the samples of each layer behind those before.
fn join<T>(own: &mut Layers<T>, next: Layers<T>) {
    if own.is_empty() {
        *own = next;
    } else {
        own.iter_mut().zip(next).for_each(|((_, own), (_, mut more))| own.append(&mut more));
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

    /// An array for each layer, `[sample][timestep]` and the layer's shape.
    fn layers<T: AutoSerialize + Copy>(
        &mut self,
        what: &str,
        layers: &Layers<T>,
        graph: &Graph,
        samples: u64,
    ) -> io::Result<()> {
        for (name, values) in layers {
            let mut shape = vec![samples, u64::from(graph.timesteps)];
            let node = graph.find(name).map(|id| graph.node(id));
            shape.extend(node.iter().flat_map(|n| &n.stream.shape).map(|&d| d as u64));
            self.add(&format!("{what}/{name}"), values, &shape)?;
        }
        Ok(())
    }
}

fn is_per_step(graph: &Graph) -> Result<bool> {
    let readout = &graph.node(graph.output()?).op;
    Ok(matches!(readout, Op::Readout(r) if r.kind == ReadoutKind::PerStep))
}
