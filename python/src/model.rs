// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A model in both forms: what it is, how it looks, what hardware it becomes.

use std::ffi::OsString;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::json;
use synfire::cli::{Loaded, load};
use synfire::diag::{Diagnostic, Result, codes};
use synfire::hw::{self, Design, Estimate};
use synfire::ir::{self, Graph};
use synfire::report;
use synfire::target::{self, Target};
use synfire::tune::input;

use crate::diagnostic::{self, raise};
use crate::{samples, simulate};

/// A model as the commands load it.
#[pyclass(frozen, module = "synfire._native")]
pub(crate) struct Model(Loaded);

impl Model {
    /// The form that was asked for.
    fn graph(&self, integer: bool) -> Result<&Graph> {
        if !integer {
            return Ok(&self.0.real);
        }
        self.0.integer.as_ref().map_err(Clone::clone)
    }

    /// The integer form; none for a model that cannot have one.
    fn integer(&self) -> Result<Option<&Graph>> {
        match &self.0.integer {
            Ok(graph) => Ok(Some(graph)),
            Err(d) if *d.code == codes::PASS_UNSUPPORTED => Ok(None),
            Err(d) => Err(d.clone()),
        }
    }

    /// The integer form with every neuron, also those that hardware does without.
    fn whole(&self) -> Result<Option<&Graph>> {
        let integer = self.integer()?;
        Ok(integer.map(|graph| self.0.whole.as_ref().unwrap_or(graph)))
    }

    fn lower(&self, target: &str, mapping: &str) -> Result<(Design, Estimate, Target)> {
        let target = target::load(target)?;
        let options = hw::Options { mapping: named(mapping)?, ..hw::Options::default() };
        let (design, estimate) = hw::lower(self.graph(true)?, &target, &options)?;
        Ok((design, estimate, target))
    }
}

/// A mapping by the name that it has in a build and on the command line.
fn named(mapping: &str) -> Result<hw::Mapping> {
    serde_json::from_value(json!(mapping)).map_err(|_| {
        let message = format!("there is no mapping `{mapping}`");
        Diagnostic::new(&codes::BAD_OPTION, message).help("auto, pipeline or shared")
    })
}

#[pymethods]
impl Model {
    /// Loads a model by the words with which a command line names it.
    #[new]
    fn new(py: Python<'_>, args: Vec<OsString>) -> PyResult<Self> {
        py.detach(|| load(args)).map(Self).map_err(|d| raise(py, &d))
    }

    /// Name, timesteps, input, notes, and why there is no integer form, as JSON.
    fn about(&self, py: Python<'_>) -> PyResult<String> {
        let (stream, bits) = input(&self.0.real).map_err(|d| raise(py, &d))?;
        let about = json!({
            "name": self.0.real.name,
            "timesteps": self.0.real.timesteps,
            "input_shape": stream.shape,
            "input_bits": bits,
            "input_changes": !stream.is_static,
            "notes": self.0.notes,
            "integer_reason": self.0.integer.as_ref().err().map(ToString::to_string),
        });
        diagnostic::json(py, &about)
    }

    /// `report::Summary` of a form as JSON.
    fn summary(&self, py: Python<'_>, integer: bool) -> PyResult<String> {
        let summary = self.graph(integer).and_then(report::summary);
        diagnostic::json(py, &summary.map_err(|d| raise(py, &d))?)
    }

    /// A form as text that reads back.
    fn text(&self, py: Python<'_>, integer: bool) -> PyResult<String> {
        self.graph(integer).and_then(ir::print).map_err(|d| raise(py, &d))
    }

    /// A form as a picture (SVG).
    fn svg(&self, py: Python<'_>, integer: bool) -> PyResult<String> {
        self.graph(integer).and_then(|g| report::svg(g, None)).map_err(|d| raise(py, &d))
    }

    /// What the model becomes on a target: pictures (SVG), the estimate, jobs; as JSON.
    fn hardware(&self, py: Python<'_>, target: &str, mapping: &str) -> PyResult<String> {
        let made = py.detach(|| {
            let (design, estimate, target) = self.lower(target, mapping)?;
            Ok(json!({
                "target": target.name,
                "svg": report::svg(self.graph(true)?, Some(&design))?,
                "memory_svg": report::memory_svg(&design, &target, None),
                "estimate": estimate,
                "device": target.device.resources,
                "jobs": report::jobs(&design),
                "load_bytes": design.load_bytes(),
            }))
        });
        diagnostic::json(py, &made.map_err(|d: Box<Diagnostic>| raise(py, &d))?)
    }

    /// Runs the model on `images`; the fields of the dictionary stand in `simulate.rs`.
    #[pyo3(signature = (images, *, has_time, target, mapping, threads, spikes, progress))]
    #[allow(clippy::too_many_arguments, reason = "options by name")]
    fn simulate<'py>(
        &self,
        py: Python<'py>,
        images: &Bound<'py, PyAny>,
        has_time: bool,
        target: &str,
        mapping: &str,
        threads: usize,
        spikes: bool,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let samples = samples::samples(images, has_time)?;
        let integer = self.whole().map_err(|d| raise(py, &d))?;
        // A mistake in the names is one; a model without hardware is none.
        target::load(target).and(named(mapping)).map_err(|d| raise(py, &d))?;
        let (design, reason) = match py.detach(|| self.lower(target, mapping)) {
            Ok((design, ..)) => (Some(design), None),
            Err(d) => (None, Some(d.to_string())),
        };
        let models = simulate::Models { real: &self.0.real, integer, design: design.as_ref() };
        let options = simulate::Options { threads, spikes, progress };
        let result = simulate::run(py, &models, samples, &options)?;
        result.set_item("hardware_reason", reason)?;
        Ok(result)
    }
}
