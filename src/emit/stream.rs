// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A design as a core for other designs: AXI4-Stream around it, its page, its description for
//! FuseSoC and its test bench.

use askama::Template;

use super::{File, Probes, RTL_DIR, quoted, used};
use crate::diag::Result;
use crate::hw::{Design, Estimate, ReadoutStage};

/// The module that a user instantiates; its file is of the same name.
const WRAPPER: &str = "synfire_axis";
/// The module between the streams and the core, which a board has no use for.
const ADAPTER: (&str, &str) = ("sf_axis.v", include_str!("../../hdl/sf_axis.v"));
/// The test bench, which is the same for every design.
const BENCH: &str = include_str!("../../templates/core/test_core.py");
/// Inputs, results and cycles that the bench holds the core against.
pub const VECTORS: &str = "tb/vectors.json";

/// What is known of a core beside its design.
#[derive(Debug, Clone)]
pub struct Sheet<'a> {
    /// What it was compiled for.
    pub target: &'a str,
    /// Its resources and cycles.
    pub estimate: &'a Estimate,
    /// Bytes of the spike trains of a result; 0 if it keeps none.
    pub trace_bytes: usize,
    /// Inferences that the bench runs.
    pub vectors: usize,
    /// From the last byte of an inference to the class, the shortest and the longest of these.
    pub cycles: (u64, u64),
}

#[derive(Template)]
#[template(path = "verilog/axis.v", escape = "none")]
struct Wrapper<'a> {
    model: String,
    version: &'a str,
    input_bytes: u32,
    result_bytes: u32,
    classes: u32,
    load_bytes: u32,
    trace_bytes: usize,
    probes: Probes,
}

#[derive(Template)]
#[template(path = "core/synfire.core", escape = "none")]
struct Description<'a> {
    version: &'a str,
    slug: String,
    /// Paths of the Verilog files.
    verilog: Vec<&'a str>,
    /// Names of the files with memory contents.
    memories: Vec<&'a str>,
    load_bytes: u32,
    trace_bytes: usize,
}

#[derive(Template)]
#[template(path = "core/README.md", escape = "none")]
struct Page<'a> {
    model: String,
    version: &'a str,
    slug: String,
    sheet: &'a Sheet<'a>,
    design: &'a Design,
    input_bytes: u32,
    result_bytes: u32,
    classes: u32,
    load_bytes: u32,
    /// Largest level of an input.
    most: u32,
    /// Bytes of a train of the chain.
    train_bytes: u32,
    sent: Words,
    memories: Vec<&'a str>,
    block_ram: &'a str,
}

/// What the host sends of a chunk, if the input changes.
struct Words {
    words: u32,
    bytes: u32,
    inputs: u32,
}

/// The files of a core that others build into their designs; all but [`VECTORS`], which are what
/// another level computes.
///
/// # Errors
/// An internal error if a template cannot be rendered.
pub fn package(design: &Design, sheet: &Sheet<'_>) -> Result<Vec<File>> {
    let version = env!("CARGO_PKG_VERSION");
    let classes = design.readout().map_or(0, ReadoutStage::classes);
    let (input_bytes, result_bytes) = (design.input_bytes(), design.result_bytes());
    let (load_bytes, trace_bytes) = (design.load_bytes(), sheet.trace_bytes);
    let (words, bytes) = design.sent_words();
    let mut files = super::core_files(design)?;
    let wrapper = Wrapper {
        model: quoted(&design.name),
        version,
        input_bytes,
        result_bytes,
        classes,
        load_bytes,
        trace_bytes,
        probes: Probes::of(design),
    };
    files.push(File::rendered(format!("{RTL_DIR}/{WRAPPER}.v"), &wrapper)?);
    files.push(File::new(format!("{RTL_DIR}/{}", ADAPTER.0), ADAPTER.1));
    files.extend(used(&files));
    files.sort_by(|a, b| a.path.cmp(&b.path));

    let ending =
        |suffix| files.iter().map(|f| &*f.path).filter(move |p: &&str| p.ends_with(suffix));
    let memories = || ending(".hex").filter_map(|p| p.rsplit('/').next()).collect::<Vec<_>>();
    let slug = slug(&design.name);
    let description = Description {
        version,
        slug: slug.clone(),
        verilog: ending(".v").collect(),
        memories: memories(),
        load_bytes,
        trace_bytes,
    };
    let page = Page {
        model: quoted(&design.name),
        version,
        slug,
        sheet,
        design,
        input_bytes,
        result_bytes,
        classes,
        load_bytes,
        most: (1 << design.input.bits) - 1,
        train_bytes: design.timesteps.div_ceil(8),
        sent: Words { words, bytes, inputs: design.packed() },
        memories: memories(),
        block_ram: design.family.spec().block_ram.name,
    };
    let written = [
        File::rendered("synfire.core", &description)?,
        File::rendered("README.md", &page)?,
        File::new("tb/test_core.py", BENCH),
    ];
    files.extend(written);
    Ok(files)
}

/// A model's name as a part of a core's.
fn slug(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let slug: String = name.chars().map(letter).collect();
    let slug = slug.trim_matches('_');
    if slug.is_empty() { "network".into() } else { slug.to_owned() }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::emit::top::tests::design;
    use crate::hw::{DenseStage, LifStage, Place, Stage};
    use crate::ir::{BitMatrix, Compare, Reset};

    /// 784-10 in one group, read out spike by spike.
    pub(in super::super) fn net() -> Design {
        let dense = DenseStage {
            name: "fc".into(),
            weights: BitMatrix::new(10, 784),
            planes: 1,
            lanes: 10,
            input_bits: 8,
            time_parallel: 1,
            acc_bits: 18,
            place: Place::Luts,
            split: crate::hw::Split::None,
        };
        let lif = LifStage {
            name: "lif".into(),
            timesteps: 4,
            hold: true,
            input_bits: 19,
            membrane_bits: 20,
            frac: 0,
            leak_num: 1,
            leak_shift: 1,
            reset: Reset::Soft,
            compare: Compare::Above,
            bias: vec![0; 10],
            threshold: vec![5; 10],
            bias_bits: 1,
            threshold_bits: 3,
            block: false,
            knobs: false,
            members: 1,
        };
        let mut net = design("net");
        let before = [Stage::Dense(dense), Stage::Lif(lif), Stage::Count(4)];
        net.stages.splice(0..0, before);
        net
    }

    fn text(files: &[File], path: &str) -> String {
        let file = files.iter().find(|f| f.path == path).unwrap();
        String::from_utf8(file.contents.clone()).unwrap()
    }

    fn files(trace_bytes: usize) -> Vec<File> {
        let estimate = crate::hw::estimate(&net());
        let (target, cycles) = ("icebreaker", (30, 40));
        let sheet = Sheet { target, estimate: &estimate, trace_bytes, vectors: 8, cycles };
        package(&net(), &sheet).unwrap()
    }

    #[test]
    fn a_core_has_the_modules_that_it_is_made_of() {
        let files = files(0);
        let names: Vec<_> = files.iter().map(|f| &*f.path).collect();
        let want = [
            "rtl/mem_0.hex",
            "rtl/mem_1.hex",
            "rtl/mem_3.hex",
            "rtl/sf_axis.v",
            "rtl/sf_core.v",
            "rtl/sf_count_ones.v",
            "rtl/sf_dense.v",
            "rtl/sf_dense_replay.v",
            "rtl/sf_intake.v",
            "rtl/sf_lif.v",
            "rtl/sf_members.v",
            "rtl/sf_ram.v",
            "rtl/sf_readout.v",
            "rtl/sf_rom.v",
            "rtl/sf_stream_seq.v",
            "rtl/synfire_axis.v",
            "synfire.core",
            "README.md",
            "tb/test_core.py",
        ];
        assert_eq!(names, want);
        // The description has them, the memories where the Verilog looks for them.
        let said = text(&files, "synfire.core");
        assert!(want.iter().filter(|n| n.ends_with(".v")).all(|n| said.contains(n)), "{said}");
        assert!(said.contains("- rtl/mem_0.hex: {copyto: mem_0.hex}\n"), "{said}");
        assert!(said.contains("\nname: synfire:core:net:0.1.0\n"), "{said}");
    }

    /// 784 bytes in, ten logits and a class out.
    #[test]
    fn the_wrapper_and_the_page_count_alike() {
        let (plain, traced) = (files(0), files(9));
        let wrapper = text(&plain, "rtl/synfire_axis.v");
        assert!(wrapper.contains("sf_axis #(.N_IN(784), .N_LOAD(0)) u_axis"), "{wrapper}");
        assert!(wrapper.contains("41 bytes a result") && !wrapper.contains("TRACE"), "{wrapper}");
        let page = text(&plain, "README.md");
        for words in [
            "| in | an inference, 784 bytes |",
            "| out | a result, 41 bytes |",
            "Byte i is input i of 784, a level from 0 to 255 in its lowest 8 bit(s)",
            "logit of class c of 10:",
            "| 40 | the class",
            "take at least 30 and at most 40 cycles",
            "keeps no spike trains",
        ] {
            assert!(page.contains(words), "{words} is not in {page}");
        }
        let page = text(&traced, "README.md");
        assert!(page.contains("9 more bytes") && page.contains("1 byte(s) each"), "{page}");
        assert!(text(&traced, "rtl/synfire_axis.v").contains(".trace_i(TRACE != 0)"));
        assert!(text(&traced, "synfire.core").contains("parameters: [TRACE]"));
    }

    #[test]
    fn a_name_is_made_of_letters() {
        let names = ["Fashion MLP-2", "__x__", "é∂", ""].map(slug);
        assert_eq!(names, ["fashion_mlp_2", "x", "network", "network"]);
    }
}
