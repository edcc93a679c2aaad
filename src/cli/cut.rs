// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Options about what is left out of a model, and leaving it out.

use std::path::Path;

use super::build::Build;
use crate::data::Inputs;
use crate::diag::{Diagnostic, Result, codes};
use crate::hw::Kept;
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
        let message = "--keep-timesteps and --keep-members: this is a build that leaves nothing out at run time";
        Err(Diagnostic::new(&codes::BAD_OPTION, message)
            .in_file(build)
            .help("give them to `synfire compile`, or compile with --knobs"))
    }

    /// What requests to a build with knobs are to keep: nothing if nothing is said.
    ///
    /// # Errors
    /// SF0003 for another build, and for what the build does not have.
    pub(super) fn kept(&self, build: &Build, stop_early: bool) -> Result<Option<Kept>> {
        if stop_early && !build.design.can_stop() {
            let message = "--stop-early: this build runs what it is told to run to the end";
            return Err(Diagnostic::new(&codes::BAD_OPTION, message)
                .in_file(&build.dir)
                .help("compile with --knobs --stop lossless"));
        }
        let Some(knobs) = build.design.knobs else {
            self.none_for(&build.dir)?;
            return Ok(None);
        };
        if self.keep_timesteps.is_none() && self.keep_members.is_none() && !stop_early {
            return Ok(None);
        }
        let all = Kept { may_stop: stop_early, ..knobs.all() };
        let refused = |message: String, help: String| {
            Err(Diagnostic::new(&codes::BAD_OPTION, message).in_file(&build.dir).help(help))
        };
        let timesteps = self.keep_timesteps.unwrap_or(all.timesteps);
        if timesteps == 0 || timesteps > all.timesteps {
            let message = format!("--keep-timesteps {timesteps}: the build has {}", all.timesteps);
            return refused(message, format!("1 to {} can be kept", all.timesteps));
        }
        let Some(asked) = &self.keep_members else { return Ok(Some(Kept { timesteps, ..all })) };
        let mut members: Vec<u32> = asked.iter().map(|m| *m as u32).collect();
        members.sort_unstable();
        members.dedup();
        match members.last() {
            None => refused("--keep-members: no member is left".into(), "name at least one".into()),
            Some(_) if knobs.members == 1 => {
                refused("--keep-members: the build has no members".into(), "leave it out".into())
            }
            Some(m) if *m >= knobs.members => refused(
                format!("--keep-members {m}: the ensemble has {} members", knobs.members),
                format!("members are counted from 0: 0 to {}", knobs.members - 1),
            ),
            Some(_) => Ok(Some(Kept { timesteps, members, ..all })),
        }
    }

    /// The inputs of a build as its requests have them: with knobs behind what is kept, all if
    /// nothing is said. Also what is kept, of a build with knobs.
    ///
    /// # Errors
    /// As [`Self::kept`].
    pub(super) fn behind(
        &self,
        build: &Build,
        stop_early: bool,
        inputs: Inputs,
    ) -> Result<(Inputs, Option<Kept>)> {
        let kept = self.kept(build, stop_early)?;
        let Some(knobs) = build.design.knobs else { return Ok((inputs, None)) };
        let kept = kept.unwrap_or_else(|| knobs.all());
        Ok((inputs.behind(|_| knobs.header(&kept)), Some(kept)))
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
