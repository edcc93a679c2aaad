// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Where data and computation are.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use clap::Args;
use synfire::diag::{Diagnostic, Result, codes};
use synfire_distill::config::Config;
use synfire_distill::data::{Dataset, Split};
use synfire_distill::nn::{Model, spec};
use synfire_distill::train::{Run, load_run};

/// Options of every command that computes.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// Folder with the files of the data set
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// What computes: flex (the processor), or wgpu or cuda where they are built in
    #[arg(long, default_value = "flex")]
    device: String,
}

/// A trained student and all that belongs to it.
#[derive(Debug)]
pub(super) struct Trained {
    pub(super) config: Config,
    pub(super) spec: spec::Model,
    pub(super) model: Model,
}

impl Place {
    pub(super) fn device(&self) -> Result<Device> {
        match self.device.as_str() {
            #[cfg(feature = "flex")]
            "flex" => Ok(Device::flex()),
            #[cfg(feature = "wgpu")]
            "wgpu" => Ok(Device::wgpu(Default::default())),
            #[cfg(feature = "cuda")]
            "cuda" => Ok(Device::cuda(0)),
            other => Err(Diagnostic::new(
                &codes::TRAIN_CONFIG,
                format!("this program is built without the device {other}"),
            )
            .help("build it with --features wgpu or --features cuda, or use --device flex")),
        }
    }

    /// A run of a configuration, with its data.
    pub(super) fn run(&self, config: Config, directory: Option<PathBuf>) -> Result<Run> {
        let (steps, folder) = (config.student.timesteps, self.data.as_deref());
        Ok(Run {
            train: config.data.load(Split::Train, steps, folder)?,
            test: config.data.load(Split::Test, steps, folder)?,
            device: self.device()?,
            config,
            directory,
        })
    }

    /// The student of a run, and the test samples; with another number of timesteps, if one
    /// is given.
    pub(super) fn trained(
        &self,
        run: &Path,
        timesteps: Option<usize>,
    ) -> Result<(Trained, Dataset)> {
        let mut config = Config::read(&run.join("config.toml"))?;
        if let Some(timesteps) = timesteps {
            config.student.timesteps = timesteps;
            config.check()?;
        }
        let test = config.data.load(Split::Test, config.student.timesteps, self.data.as_deref())?;
        let device = self.device()?;
        let (spec, model) = load_run(run, test.extent, test.classes, &device)?;
        Ok((Trained { config, spec, model }, test))
    }
}
