// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Inferences on many samples, as arrays. Threads work without the interpreter's lock; the
//! calling thread waits, reports progress and listens for Ctrl-C.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use numpy::{IntoPyArray as _, PyArrayMethods as _};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use synfire::data::{Samples, Slice};
use synfire::diag::{Diagnostic, Result, codes};
use synfire::hw::Design;
use synfire::interp::{Interp, Logits, Record};
use synfire::ir::{Graph, Op};
use synfire::sim::{Inference, NoProbe, Sim};
use synfire::tune::{Work, check, infer, input};

use crate::diagnostic::raise;

/// How often the calling thread looks after progress and Ctrl-C.
const LOOK: Duration = Duration::from_millis(100);

/// What is run.
pub(crate) struct Models<'a> {
    pub(crate) real: &'a Graph,
    pub(crate) integer: Option<&'a Graph>,
    pub(crate) design: Option<&'a Design>,
}

/// How.
pub(crate) struct Options {
    /// The result does not depend on it.
    pub(crate) threads: usize,
    /// Are spikes kept?
    pub(crate) spikes: bool,
    /// Called with the inferences done and all of them.
    pub(crate) progress: Option<Py<PyAny>>,
}

/// One inference.
struct Seen {
    real: Vec<f64>,
    real_class: i64,
    integer: Vec<i64>,
    integer_class: Option<i64>,
    /// `[layer][timestep × neuron]`
    spikes: Vec<Vec<bool>>,
    /// Core cycles after the last input, and in all.
    cycles: Option<[u64; 2]>,
    /// Does the simulated hardware do something else than the integer model?
    differs: bool,
}

/// Runs all samples. The dictionary has, for `n` samples:
///
/// | key | array |
/// |---|---|
/// | `logits_real` | float64 `[n, class]` |
/// | `classes_real` | int64 `[n]` |
/// | `logits_integer`, `classes_integer` | int64, the same; none without an integer form |
/// | `cycles`, `cycles_in_all` | uint64 `[n]`; none without hardware |
/// | `differences` | a number; none without hardware |
/// | `spikes` | name of a layer to bool `[n, timestep, …]`; none if they are not kept |
pub(crate) fn run<'py>(
    py: Python<'py>,
    models: &Models<'_>,
    samples: Samples,
    options: &Options,
) -> PyResult<Bound<'py, PyDict>> {
    let samples = py.detach(|| prepared(models, samples)).map_err(|d| raise(py, &d))?;
    let (done, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let tick = || {
        done.fetch_add(1, Ordering::Relaxed);
    };
    let work = Work { threads: options.threads, tick: &tick };
    let look = || {
        let looked = Python::attach(|py| {
            if let Some(progress) = &options.progress {
                progress.call1(py, (done.load(Ordering::Relaxed), samples.len()))?;
            }
            py.check_signals()
        });
        looked.inspect_err(|_| stop.store(true, Ordering::Relaxed))
    };
    let all = || inferences(models, &samples, &work, options.spikes, &stop);
    let seen = py.detach(|| beside(all, look))?.map_err(|d| raise(py, &d))?;
    arrays(py, models, &seen, options.spikes)
}

/// Samples that fit the model and, if there is hardware, that.
fn prepared(models: &Models<'_>, samples: Samples) -> Result<Samples> {
    let graph = models.real;
    if samples.is_empty() {
        let message = "there are no images; at least one is needed";
        return Err(Diagnostic::new(&codes::INPUT_SHAPE, message).at("images"));
    }
    check(&samples, graph)
        .map_err(|d| if d.location.path.is_none() { d.at("images") } else { d })?;
    if models.design.is_none() {
        return Ok(samples);
    }
    let is_static = input(graph)?.0.is_static;
    let timesteps = (!is_static).then_some(graph.timesteps as usize);
    Ok(samples.into_inputs(timesteps)?.into())
}

/// Runs `all` on another thread, and `look` on this one until it is through or `look` fails.
fn beside<T: Send>(all: impl FnOnce() -> T + Send, look: impl Fn() -> PyResult<()>) -> PyResult<T> {
    let (finished, waiting) = (AtomicBool::new(false), thread::current());
    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let result = all();
            finished.store(true, Ordering::Release);
            waiting.unpark();
            result
        });
        let mut looked = Ok(());
        while !finished.load(Ordering::Acquire) && !worker.is_finished() {
            thread::park_timeout(LOOK);
            if looked.is_ok() {
                looked = look();
            }
        }
        let result = worker.join();
        looked?;
        result.map_err(|_| pyo3::exceptions::PyRuntimeError::new_err("a thread died"))
    })
}

fn inferences(
    models: &Models<'_>,
    samples: &Samples,
    work: &Work<'_>,
    keeps_spikes: bool,
    stop: &AtomicBool,
) -> Result<Vec<Seen>> {
    let places: Vec<usize> = (0..samples.len()).collect();
    let start = || {
        let integer = models.integer.map(Interp::new).transpose()?;
        Ok((Interp::new(models.real)?, integer, models.design.map(Sim::new)))
    };
    work.each(&places, start, |(real, integer, sim), place| {
        if stop.load(Ordering::Relaxed) {
            // The caller raises what stopped it.
            return Err(Diagnostic::internal("simulate", "stopped"));
        }
        let real = infer(real, samples, place)?;
        let integer = integer.as_ref().map(|i| infer(i, samples, place)).transpose()?;
        let sim = match (sim, samples.get(place)) {
            (Some(sim), Some(Slice::U8(input))) => Some(sim.run(input, &[], &mut NoProbe)?),
            _ => None,
        };
        Ok(seen(real, integer, sim.as_ref(), keeps_spikes))
    })
}

fn seen(real: Record, integer: Option<Record>, sim: Option<&Inference>, keeps: bool) -> Seen {
    let fired = |r: &Record| r.spikes.iter().map(|l| l.fired.concat()).collect();
    let spikes = if keeps { fired(integer.as_ref().unwrap_or(&real)) } else { Vec::new() };
    let differs = integer.as_ref().zip(sim).is_some_and(|(n, s)| {
        let logits = s.logits.iter().map(|l| i64::from(*l)).collect();
        n.logits != Logits::Integer(logits) || n.class != usize::from(s.class)
    });
    let integer_class = integer.as_ref().map(|r| r.class as i64);
    let reals = |l| if let Logits::Real(v) = l { v } else { Vec::new() };
    let integers = |l| if let Logits::Integer(v) = l { v } else { Vec::new() };
    Seen {
        real_class: real.class as i64,
        real: reals(real.logits),
        integer: integer.map_or_else(Vec::new, |r| integers(r.logits)),
        integer_class,
        spikes,
        cycles: sim.map(|s| [s.latency(), s.done + 1]),
        differs,
    }
}

fn arrays<'py>(
    py: Python<'py>,
    models: &Models<'_>,
    seen: &[Seen],
    keeps_spikes: bool,
) -> PyResult<Bound<'py, PyDict>> {
    let (dict, n) = (PyDict::new(py), seen.len());
    let whole = |v: Vec<i64>| v.into_pyarray(py);
    let real: Vec<f64> = seen.iter().flat_map(|s| s.real.iter().copied()).collect();
    let width = real.len() / n;
    dict.set_item("logits_real", real.into_pyarray(py).reshape([n, width])?)?;
    dict.set_item("classes_real", whole(seen.iter().map(|s| s.real_class).collect()))?;
    let integer: Vec<i64> = seen.iter().flat_map(|s| s.integer.iter().copied()).collect();
    let classes: Option<Vec<i64>> = seen.iter().map(|s| s.integer_class).collect();
    let width = integer.len() / n;
    let logits = classes.as_ref().map(|_| whole(integer).reshape([n, width])).transpose()?;
    dict.set_item("logits_integer", logits)?;
    dict.set_item("classes_integer", classes.map(whole))?;
    let cycles: Option<Vec<[u64; 2]>> = seen.iter().map(|s| s.cycles).collect();
    let part = |i: usize| {
        cycles.as_ref().map(|c| c.iter().map(|c| c[i]).collect::<Vec<_>>().into_pyarray(py))
    };
    dict.set_item("cycles", part(0))?;
    dict.set_item("cycles_in_all", part(1))?;
    let differences = seen.iter().filter(|s| s.differs).count();
    dict.set_item("differences", cycles.as_ref().map(|_| differences))?;
    dict.set_item("spikes", keeps_spikes.then(|| spikes(py, models, seen)).transpose()?)?;
    Ok(dict)
}

/// Name of a layer to its spikes, `[sample, timestep, …]`, in the graph's order.
fn spikes<'py>(
    py: Python<'py>,
    models: &Models<'_>,
    seen: &[Seen],
) -> PyResult<Bound<'py, PyDict>> {
    let graph = models.integer.unwrap_or(models.real);
    let order = graph.order().map_err(|d| raise(py, &d))?;
    let fires = order
        .into_iter()
        .map(|id| graph.node(id))
        .filter(|n| matches!(n.op, Op::Lif(_) | Op::FixedLif(_)));
    let dict = PyDict::new(py);
    for (i, node) in fires.enumerate() {
        let fired: Vec<bool> = seen.iter().flat_map(|s| s.spikes[i].iter().copied()).collect();
        let mut shape = vec![seen.len(), graph.timesteps as usize];
        shape.extend(&node.stream.shape);
        dict.set_item(&node.name, fired.into_pyarray(py).reshape(shape)?)?;
    }
    Ok(dict)
}
