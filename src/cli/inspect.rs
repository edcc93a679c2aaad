// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `synfire inspect`: what a model is made of.

use super::model::ModelArgs;
use super::ui::Ui;
use crate::diag::Result;
use crate::ir;

/// Show a model.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArgs,
}

pub(super) fn run(args: &Args, ui: Ui) -> Result<()> {
    let (graph, _) = args.model.import()?;
    ui.result(&graph.name, || ir::print(&graph).unwrap_or_default())
}
