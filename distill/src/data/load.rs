// SPDX-License-Identifier: Apache-2.0 OR MIT
use super::Dataset;
use crate::nn::Extent;
use std::path::{Path, PathBuf};
use synfire::diag::Result;
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    Train,
    Test,
}
#[derive(Debug, Clone, Default)]
pub struct Loading {
    pub folder: Option<PathBuf>,
    pub count: Option<usize>,
    pub timesteps: usize,
}
#[derive(Debug, Clone, Default)]
pub struct Noise {
    pub gaussian: f64,
}
impl Dataset {
    pub fn load(set: &str, split: Split, l: &Loading) -> Result<Self> {
        let folder = l.folder.clone().unwrap_or_else(|| {
            Path::new(if set == "mnist" {
                "/tmp/mnist/package/data"
            } else {
                "/usr/share/datasets/fashion-mnist"
            })
            .into()
        });
        let stem = if split == Split::Train { "train" } else { "t10k" };
        let gz = |n: &str| {
            let p = folder.join(format!("{n}.gz"));
            if p.exists() { p } else { folder.join(n) }
        };
        let inputs = synfire::data::load(
            &gz(&format!("{stem}-images-idx3-ubyte")),
            Some(&gz(&format!("{stem}-labels-idx1-ubyte"))),
        )?;
        let levels: Vec<u8> = inputs.iter().flatten().copied().collect();
        let d = Self::new(
            Extent(1, 28, 28),
            None,
            1.0 / 255.0,
            levels,
            inputs.labels.clone().unwrap_or_default(),
        )?;
        Ok(match l.count {
            Some(n) => d.first(n),
            None => d,
        })
    }
    pub fn with_noise(&self, _n: &Noise, _seed: u64) -> Result<Self> {
        Ok(self.clone())
    }
}
