// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Data sets from files: by name, or by the folder that has them.

mod cifar;
mod digits;
mod events;
mod idx;
mod place;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use synfire::diag::{Diagnostic, Result, codes};

use super::{Dataset, Encoding};
pub use events::Events;

/// Which of a data set's two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// To train with.
    Train,
    /// To measure with.
    Test,
}

/// What is read of a data set, and how.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Where named data sets are looked for; else where SYNFIRE_DATA says, and in the
    /// places that packages have.
    pub folder: Option<PathBuf>,
    /// The first samples only, as many as this.
    pub count: Option<usize>,
    /// How samples become timesteps.
    pub encoding: Encoding,
    /// How recordings become timesteps; nothing to images.
    pub events: Events,
}

impl Dataset {
    /// Reads `fashion-mnist`, `mnist`, `digits`, `cifar10`, `cifar100`, `nmnist` or
    /// `dvs-gesture`, or whichever of their formats the files of a folder have.
    ///
    /// # Errors
    /// [`codes::DATA_MISSING`] if the files are not found; [`codes::DATA_OPTION`];
    /// [`codes::INPUT_FORMAT`] and its neighbours for damaged files; [`codes::DATA_SET`]
    /// for files that do not belong together.
    pub fn load(name: &str, split: Split, options: &Options) -> Result<Self> {
        if options.count == Some(0) {
            let message = "no sample is no data set";
            return Err(Diagnostic::new(&codes::DATA_OPTION, message).at("count"));
        }
        let surroundings = std::env::var_os("SYNFIRE_DATA").map(PathBuf::from);
        let found = place::find(name, options.folder.as_deref(), surroundings.as_deref())?;
        let mut set = found.layout.read(&found.folder, split, options)?;
        if let Some(classes) = found.classes {
            if set.classes > classes {
                let message = format!("a label says class {}, of {classes}", set.classes - 1);
                return Err(Diagnostic::new(&codes::DATA_SET, message).in_file(&found.folder));
            }
            set.classes = classes;
        }
        if let Some(count) = options.count.filter(|c| *c < set.len()) {
            set = set.first(count);
        }
        set.encoded(options.encoding)
    }
}
