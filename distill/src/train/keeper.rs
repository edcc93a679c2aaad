// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Checkpoints of a run, and where it is taken up.

use std::path::Path;

use burn::optim::ModuleOptimizer;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use synfire::diag::{Diagnostic, Result, codes, read_file, write_file};

use super::checkpoint::{load_model, load_optimiser, save_model, save_optimiser};
use super::curves::{self, Record};
use super::evaluate::{Setting, evaluate};
use super::optimise;
use super::phase::{Epoch, Observer, Start};
use super::run::Part;
use crate::config::Phase;
use crate::data::Dataset;
use crate::rule::Trainee;

/// The last checkpoint, the one before it, and one that is being written.
const CHECKPOINT: &str = "checkpoint";
const BEFORE: &str = "checkpoint.before";
const NEXT: &str = "checkpoint.next";

/// Where a checkpoint was written.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Place {
    part: Part,
    phase: usize,
    epochs: usize,
}

/// Reads the last checkpoint of a part, if there is one: if that is damaged, the one before.
pub(super) fn resume(
    directory: &Path,
    part: Part,
    trainee: &mut Trainee,
    phases: &[Phase],
) -> Result<Start> {
    let mut refused = None;
    // A run that was cut off between two renames has only the one before.
    for path in [CHECKPOINT, BEFORE].map(|n| directory.join(n)) {
        if !path.exists() {
            continue;
        }
        match read(&path, part, trainee, phases) {
            Ok(start) => return Ok(start),
            Err(d) => refused = refused.or(Some(d)),
        }
    }
    refused.map_or(Ok((0, 0, None)), Err)
}

fn read(path: &Path, part: Part, trainee: &mut Trainee, phases: &[Phase]) -> Result<Start> {
    let place_path = path.join("place.json");
    let place: Place = serde_json::from_slice(&read_file(&place_path)?)
        .map_err(|e| Diagnostic::new(&codes::CHECKPOINT, e.to_string()).in_file(&place_path))?;
    if place.part != part {
        return Ok((0, 0, None));
    }
    let Some(phase) = phases.get(place.phase) else {
        return Err(Diagnostic::new(&codes::CHECKPOINT, "the configuration has no such phase")
            .in_file(&place_path));
    };
    let optimiser =
        load_optimiser(optimise::optimiser(phase.optimiser)?, &path.join("optimiser.bpk"))?;
    load_model(trainee, &path.join("trainee.safetensors"))?;
    Ok((place.phase, place.epochs, Some(optimiser)))
}

/// Removes the checkpoints of a part that is done.
pub(super) fn forget(directory: &Path) {
    // What cannot be removed is written over by the next part.
    for name in [CHECKPOINT, BEFORE] {
        let _ = std::fs::remove_dir_all(directory.join(name));
    }
}

/// Writes down each epoch, then passes it on.
pub(super) struct Keeper<'a> {
    pub(super) part: Part,
    pub(super) directory: &'a Path,
    pub(super) records: Vec<Record>,
    pub(super) glimpse: &'a Dataset,
    pub(super) setting: &'a Setting,
    pub(super) device: &'a Device,
    pub(super) observer: &'a mut dyn Observer,
}

impl Observer for Keeper<'_> {
    fn begins(&mut self, phase: usize, epoch: usize, batches: usize) {
        self.observer.begins(phase, epoch, batches);
    }

    fn batch(&mut self, loss: f64) {
        self.observer.batch(loss);
    }

    fn epoch(
        &mut self,
        epoch: Epoch,
        trainee: &Trainee,
        optimiser: &ModuleOptimizer,
    ) -> Result<()> {
        let glimpse = evaluate(&trainee.model, self.glimpse, self.setting, self.device)?;
        let record = Record { part: self.part, epoch, accuracy: glimpse.last() };
        self.records.push(record);
        let [next, last, before] = [NEXT, CHECKPOINT, BEFORE].map(|n| self.directory.join(n));
        let failed = |e: std::io::Error| {
            Diagnostic::new(&codes::FILE_WRITE, format!("cannot write: {e}")).in_file(&last)
        };
        let _ = std::fs::remove_dir_all(&next);
        std::fs::create_dir_all(&next).map_err(failed)?;
        save_model(trainee, &next.join("trainee.safetensors"))?;
        save_optimiser(optimiser, &next.join("optimiser.bpk"))?;
        let place = Place { part: self.part, phase: epoch.phase, epochs: epoch.epoch + 1 };
        let place = serde_json::to_vec(&place)
            .map_err(|e| Diagnostic::internal("checkpoint", e.to_string()))?;
        write_file(&next.join("place.json"), place)?;
        curves::write(self.directory, &self.records)?;
        if last.exists() {
            let _ = std::fs::remove_dir_all(&before);
            std::fs::rename(&last, &before).map_err(failed)?;
        }
        std::fs::rename(&next, &last).map_err(failed)?;
        self.observer.epoch(epoch, trainee, optimiser)
    }
}
