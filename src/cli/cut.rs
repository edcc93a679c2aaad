// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Options about what is left out of a model, and leaving it out.

use std::path::Path;

use crate::diag::{Diagnostic, Result, codes};
use crate::ir::Graph;
use crate::pass::{self, Note};

/// What is left out of the model before anything else.
#[derive(clap::Args, Clone, Default)]
pub(super) struct CutArgs {
    /// Keep the first N timesteps alone (`synfire tradeoff` says how few are enough).
    #[arg(long, value_name = "N")]
    keep_timesteps: Option<u32>,
    /// Keep these members of an ensemble alone, counted from 0.
    #[arg(long, value_name = "0,2,…", value_delimiter = ',', num_args = 1)]
    keep_members: Option<Vec<usize>>,
}

impl CutArgs {
    /// Refuses them for a build: what it computes is settled.
    pub(super) fn none_for(&self, build: &Path) -> Result<()> {
        if self.keep_timesteps.is_none() && self.keep_members.is_none() {
            return Ok(());
        }
        let message = "--keep-timesteps and --keep-members are for models, and this is a build";
        Err(Diagnostic::new(&codes::BAD_OPTION, message)
            .in_file(build)
            .help("give them to `synfire compile`"))
    }

    /// Leaves out what is not to be kept, and says what that was.
    pub(super) fn apply(&self, graph: &mut Graph) -> Result<Vec<Note>> {
        let options = pass::Options {
            keep_timesteps: self.keep_timesteps,
            keep_members: self.keep_members.clone(),
            ..pass::Options::default()
        };
        pass::run(graph, pass::CUTS, &options)
    }
}
