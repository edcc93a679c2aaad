// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A design as C++ for Vitis HLS, which a plain compiler takes, too: a top function that binds
//! the kernels of hdl/hls, and the tables.

mod chain;
mod processor;
mod tables;

use askama::Template;

use super::{File, quoted};
use crate::diag::{Diagnostic, Result, codes};
use crate::hw::Design;
use crate::hw::shared::Shared;

/// Directory of the C++ files in the output.
pub const HLS_DIR: &str = "hls";

/// Directory in it with what stands in for Vitis' headers.
pub const HLS_SHIM: &str = "shim";

/// The hand-written files.
static KERNELS: &[(&str, &str)] = &[
    ("sf_count_ones.h", include_str!("../../../hdl/hls/sf_count_ones.h")),
    ("sf_dense.h", include_str!("../../../hdl/hls/sf_dense.h")),
    ("sf_lif.h", include_str!("../../../hdl/hls/sf_lif.h")),
    ("sf_planes.h", include_str!("../../../hdl/hls/sf_planes.h")),
    ("sf_processor.h", include_str!("../../../hdl/hls/sf_processor.h")),
    ("sf_readout.h", include_str!("../../../hdl/hls/sf_readout.h")),
    ("sf_stream.h", include_str!("../../../hdl/hls/sf_stream.h")),
    ("shim/ap_axi_sdata.h", include_str!("../../../hdl/hls/shim/ap_axi_sdata.h")),
    ("shim/ap_int.h", include_str!("../../../hdl/hls/shim/ap_int.h")),
    ("shim/hls_stream.h", include_str!("../../../hdl/hls/shim/hls_stream.h")),
    ("tb.cpp", include_str!("../../../hdl/hls/tb.cpp")),
];

#[derive(Template)]
#[template(path = "hls/synfire.h", escape = "none")]
struct Header<'a> {
    model: &'a str,
    version: &'a str,
    timesteps: u32,
    classes: u32,
    trace: bool,
    input_bytes: u32,
    result_bytes: u32,
}

#[derive(Template)]
#[template(path = "hls/vitis.tcl", escape = "none")]
struct Script<'a> {
    model: &'a str,
    version: &'a str,
    input_bytes: u32,
}

/// Every file of a design in C++.
///
/// # Errors
/// `HW_UNSUPPORTED` for timesteps in several chunks. An internal one if a template cannot be
/// rendered, or if the design has no readout.
pub fn hls(design: &Design) -> Result<Vec<File>> {
    if design.shared.as_ref().is_some_and(Shared::is_line) {
        let message = "the C++ is of one processor, and the design is a line of them";
        return Err(Diagnostic::new(&codes::HW_UNSUPPORTED, message)
            .at(design.name.clone())
            .help("--mapping shared, or leave out --hls"));
    }
    if design.chunks() > 1 {
        let message = format!(
            "the C++ computes all timesteps at once, and the design has {} chunks of {}",
            design.chunks(),
            design.width()
        );
        return Err(Diagnostic::new(&codes::HW_UNSUPPORTED, message)
            .at(design.name.clone())
            .help("leave out --hls; up to 32 timesteps are one chunk where they fit"));
    }
    let path = |name: &str| format!("{HLS_DIR}/{name}");
    let readout = design.readout().ok_or_else(|| Diagnostic::internal("emit", "no readout"))?;
    let (model, version) = (&quoted(&design.name), env!("CARGO_PKG_VERSION"));
    let result = readout.classes() * 4 + 1;
    let traced = match &design.shared {
        _ if !design.trace => 0,
        Some(s) => s.train_depth() * (s.pack * s.width).div_ceil(8),
        None => design.lifs().map(|l| l.neurons() * l.timesteps.div_ceil(8)).sum(),
    };
    let (top, tables) = match &design.shared {
        Some(shared) => {
            let top = processor::top(design, shared, model, [result, result + traced]);
            (File::rendered(path("synfire.cpp"), &top)?, processor::tables(shared))
        }
        None => {
            let top = chain::top(design, model, result);
            (File::rendered(path("synfire.cpp"), &top)?, chain::tables(design))
        }
    };
    let header = Header {
        model,
        version,
        timesteps: design.timesteps,
        classes: readout.classes(),
        trace: design.trace,
        input_bytes: design.input_bytes(),
        result_bytes: result + traced,
    };
    let mut files: Vec<File> = KERNELS.iter().map(|(n, text)| File::new(path(n), *text)).collect();
    files.push(top);
    files.push(File::rendered(path("synfire.h"), &header)?);
    files.push(File::rendered(path("tables.h"), &tables::Tables { model, tables })?);
    let script = Script { model, version, input_bytes: design.input_bytes() };
    files.push(File::rendered(path("vitis.tcl"), &script)?);
    Ok(files)
}
