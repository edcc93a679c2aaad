// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `synfire convert`: a model in another format.

use std::path::PathBuf;

use serde::Serialize;

use super::model::ModelArgs;
use super::ui::Ui;
use crate::diag::{Diagnostic, InFile as _, Result, codes, write_file};
use crate::{export, ir};

/// Write a model in another format: .onnx, .nir, or .sfir (the graph as text).
#[derive(clap::Args)]
#[command(after_help = "Examples:
  synfire convert student.onnx --dt 1e-4 -o student.nir
  synfire convert student.sfir -o student.onnx
  synfire convert net.nir --dt 1e-4 --reset soft-delayed --timesteps 20 -o net.sfir")]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// The file to write; its ending says the format.
    #[arg(short, long)]
    out: PathBuf,
}

/// What was written.
#[derive(Serialize)]
struct Report {
    file: PathBuf,
    bytes: usize,
    notes: Vec<String>,
}

pub(super) fn run(args: &Args, ui: Ui) -> Result<()> {
    let extension = args.out.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    let graph = args.model.import()?.graph;
    let (bytes, notes) = match extension.as_deref() {
        Some("nir") => {
            let dt = args.model.dt.ok_or_else(|| {
                Diagnostic::new(
                    &codes::BAD_OPTION,
                    "a NIR file has times: --dt gives the length of a timestep",
                )
                .help("1e-4 is what snnTorch and SpikingJelly use")
            })?;
            let written = export::nir::write(&graph, dt).in_file(&args.model.model)?;
            (written.bytes, written.notes)
        }
        Some("onnx") => (export::onnx::write(&graph).in_file(&args.model.model)?, Vec::new()),
        Some("sfir") => (ir::print(&graph)?.into_bytes(), Vec::new()),
        _ => {
            return Err(Diagnostic::new(
                &codes::BAD_OPTION,
                "cannot tell in which format to write",
            )
            .in_file(&args.out)
            .help("let the file end in .onnx, .nir or .sfir"));
        }
    };
    write_file(&args.out, &bytes)?;
    let report = Report { file: args.out.clone(), bytes: bytes.len(), notes };
    ui.result(&report, || {
        let mut text: String = report.notes.iter().map(|n| format!("note: {n}\n")).collect();
        text.push_str(&format!("written to {}, {} bytes\n", report.file.display(), report.bytes));
        text
    })
}
