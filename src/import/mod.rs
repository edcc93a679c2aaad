// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Reads trained models into the real form of [`crate::ir::Graph`].
//!
//! One folder a format: `onnx/` and `nir/`; the text form of the graph itself is read by
//! [`crate::ir::parse`]. A format mirrors its source and accounts for every operator in
//! it, or says which one it cannot take.

pub mod nir;
pub mod onnx;
mod report;

use std::path::Path;

use crate::diag::{Diagnostic, InFile as _, Result, codes, read_file};
use crate::ir::{self, Compare, Graph, Reset};

pub use nir::{Producer, Start};
pub use report::{LiftReport, Lifted};

/// Largest model file that is read, in bytes; a protobuf message cannot be larger.
const MAX_FILE: u64 = 1 << 31;

/// What a file cannot say, or says in several ways.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// Number of timesteps that is expected; import fails if the file has another one. A
    /// file that holds one timestep, with its state as inputs and outputs, is run so often.
    pub timesteps: Option<u32>,
    /// Width of an input level in bits, 1 to 16. A floating-point input whose levels are
    /// not known is real numbers, which only the interpreter takes.
    pub input_bits: Option<u32>,
    /// What one input level is worth, if the file's input is floating point.
    pub input_scale: Option<f64>,
    /// Name of the output to take, if the file has several.
    pub output: Option<String>,
    /// Of a file that holds one timestep: the input that is a state, and the output that
    /// is its next value.
    pub state: Vec<(String, String)>,
    /// Of a file that holds one timestep: it gets another input at every timestep, not the
    /// same one.
    pub input_changes: bool,
    /// The input has a dimension of time, and is the same at every timestep.
    pub input_static: bool,
    /// What weights of zero count as; none: they are refused.
    pub sign_of_zero: Option<ZeroSign>,
    /// What becomes of weights that are not binary.
    pub weights: WeightForm,
    /// Length of a timestep in seconds (in the file's unit of time), for formats that
    /// describe continuous time.
    pub dt: Option<f64>,
    /// What firing does to the membrane, for formats that do not say.
    pub reset: Option<Reset>,
    /// Whether a neuron on its threshold fires, for formats that leave it to who writes them.
    pub compare: Option<Compare>,
    /// Where membranes start, likewise.
    pub start: Option<Start>,
    /// Which framework wrote the file: it says what the file and the options leave open.
    pub from: Option<Producer>,
    /// The neurons fire at most once in a timestep, although the framework's may do it more
    /// often.
    pub single_spike: bool,
}

/// The sign of a weight of zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZeroSign {
    /// +α.
    Plus,
    /// −α.
    Minus,
}

/// What becomes of weights that are not ±α.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WeightForm {
    /// They are kept, for passes to round, if another layer has binary weights; a model
    /// without any is refused.
    #[default]
    Auto,
    /// They are refused.
    Binary,
    /// They become integers of 8 bits with one scale an output.
    Int8,
    /// They are kept, for passes to round.
    Float,
}

impl Options {
    fn check(&self) -> Result<()> {
        let bad = |message| Err(Diagnostic::new(&codes::BAD_OPTION, message));
        if self.timesteps == Some(0) {
            return bad("a network runs for at least one timestep, not 0".to_owned());
        }
        if let Some(bits) = self.input_bits.filter(|b| !(1..=16).contains(b)) {
            return bad(format!("an input level has 1 to 16 bits, not {bits}"));
        }
        if self.input_changes && self.input_static {
            return bad("an input changes or is static, not both".to_owned());
        }
        if let Some(scale) = self.input_scale.filter(|s| !s.is_finite() || *s <= 0.0) {
            return bad(format!("the worth of one input level must be above 0, not {scale}"));
        }
        if let Some(dt) = self.dt.filter(|dt| !dt.is_normal() || *dt <= 0.0) {
            return bad(format!("a timestep must be longer than 0, not {dt}"));
        }
        Ok(())
    }
}

/// How a model file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Nir,
    Onnx,
    Text,
}

/// Reads a model file into a verified graph.
///
/// # Errors
/// SF01xx with the place in the file, or what reading the file and
/// [`ir::verify`] report.
pub fn load(path: &Path, options: &Options) -> Result<Graph> {
    load_with_report(path, options).map(|(graph, _)| graph)
}

/// As [`load`], and says which operators of the file became which node.
///
/// # Errors
/// As [`load`].
pub fn load_with_report(path: &Path, options: &Options) -> Result<(Graph, LiftReport)> {
    options.check()?;
    let size = std::fs::metadata(path).map_or(0, |m| m.len());
    if size > MAX_FILE {
        let message = format!("the file has {size} bytes; at most {MAX_FILE} are read");
        return Err(Diagnostic::new(&codes::IMPORT_TOO_LARGE, message).in_file(path));
    }
    parse(&read_file(path)?, path, options)
}

/// As [`load_with_report`], of bytes that were read already. `path` is not opened: it names
/// the graph and tells the format, and tensors in other files are looked for beside it.
///
/// # Errors
/// As [`load`].
pub fn parse(bytes: &[u8], path: &Path, options: &Options) -> Result<(Graph, LiftReport)> {
    options.check()?;
    read(path, bytes, options).in_file(path)
}

fn read(path: &Path, bytes: &[u8], options: &Options) -> Result<(Graph, LiftReport)> {
    let stem: String = path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into());
    let format = format(path, bytes)?;
    let given = [
        (options.reset.is_some(), "--reset"),
        (options.compare.is_some(), "--compare"),
        (options.start.is_some(), "--start"),
        (options.from.is_some(), "--from"),
        (options.single_spike, "--single-spike"),
    ];
    if let (Some((_, option)), true) = (given.iter().find(|g| g.0), format != Format::Nir) {
        let message = "this file says itself how its neurons start, fire and reset";
        return Err(Diagnostic::new(&codes::BAD_OPTION, message)
            .help(format!("leave {option} out; it is for NIR files")));
    }
    let (graph, report) = match format {
        Format::Text if options.input_static => {
            let message = "a graph in text form says itself whether its input changes";
            return Err(Diagnostic::new(&codes::BAD_OPTION, message)
                .help("leave --input-static out, or write `static` in the stream of its input"));
        }
        Format::Text => {
            let text = std::str::from_utf8(bytes).map_err(|e| {
                Diagnostic::new(&codes::IR_SYNTAX, format!("the text is not UTF-8: {e}"))
                    .at(format!("byte {}", e.valid_up_to()))
            })?;
            (ir::parse(text)?, LiftReport::default())
        }
        Format::Onnx => {
            let folder =
                path.parent().map(|p| if p.as_os_str().is_empty() { Path::new(".") } else { p });
            onnx::import_from(bytes, &stem, folder, options)?
        }
        Format::Nir => nir::import(bytes, &stem, options)?,
    };
    ir::verify(&graph)?;
    if let Some(wanted) = options.timesteps.filter(|&t| t != graph.timesteps) {
        let message = format!("the model has {} timestep(s), not {wanted}", graph.timesteps);
        let diagnostic = Diagnostic::new(&codes::LIFT_TIMESTEPS, message);
        return Err(if graph.timesteps == 1 {
            diagnostic.help("export a `forward` that loops over the timesteps, with the state kept outside the neurons (no `init_hidden=True`)")
        } else {
            diagnostic.help("leave --timesteps out, or export the model with that number of steps")
        });
    }
    Ok((graph, report))
}

/// By extension, else by the first bytes.
fn format(path: &Path, bytes: &[u8]) -> Result<Format> {
    let extension = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    match extension.as_deref() {
        Some("onnx") => return Ok(Format::Onnx),
        Some("nir") => return Ok(Format::Nir),
        Some("sfir" | "synfire" | "ir") => return Ok(Format::Text),
        _ => {}
    }
    if bytes.starts_with(b"synfire-ir") {
        return Ok(Format::Text);
    }
    // NIR files are HDF5 files.
    if bytes.starts_with(b"\x89HDF") {
        return Ok(Format::Nir);
    }
    // An ONNX file starts with field 1, `ir_version`, a small varint.
    if matches!(bytes, [0x08, 1..=0x7f, ..]) {
        return Ok(Format::Onnx);
    }
    Err(Diagnostic::new(&codes::IMPORT_FORMAT, "cannot tell the format of this file")
        .help("ONNX models end in .onnx, NIR graphs in .nir, graphs in text form in .sfir"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(options: &Options) -> Option<&'static str> {
        options.check().err().map(|d| d.code.id)
    }

    #[test]
    fn options_are_checked() {
        assert_eq!(code(&Options::default()), None);
        assert_eq!(code(&Options { timesteps: Some(0), ..Options::default() }), Some("SF0003"));
        assert_eq!(code(&Options { input_bits: Some(17), ..Options::default() }), Some("SF0003"));
        let nan = Options { input_scale: Some(f64::NAN), ..Options::default() };
        assert_eq!(code(&nan), Some("SF0003"));
        let both = Options { input_changes: true, input_static: true, ..Options::default() };
        assert_eq!(code(&both), Some("SF0003"));
        assert_eq!(code(&Options { dt: Some(0.0), ..Options::default() }), Some("SF0003"));
    }

    #[test]
    fn formats_are_told_apart() {
        let find = |name: &str, bytes: &[u8]| format(Path::new(name), bytes).ok();
        assert_eq!(find("a.ONNX", b""), Some(Format::Onnx));
        assert_eq!(find("a.sfir", b""), Some(Format::Text));
        assert_eq!(find("a.ir", b""), Some(Format::Text));
        assert_eq!(find("a", b"synfire-ir 1"), Some(Format::Text));
        assert_eq!(find("a", &[8, 10, 0x12]), Some(Format::Onnx));
        assert_eq!(find("a.h5", b"\x89HDF"), Some(Format::Nir));
        assert_eq!(find("a.nir", b""), Some(Format::Nir));
        assert_eq!(find("a.h5", b"HDF"), None);
    }
}
