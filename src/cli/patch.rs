// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `synfire patch`: another model of the same shape into a bitstream that is there.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;

use super::build::{BASE, Build, MANIFEST, Manifest, TARGET, WHOLE, json_text};
use super::compile::standalone;
use super::model::ModelArgs;
use super::output::{FIRST, put, replace};
use super::ui::{Ui, thousands};
use crate::diag::{Diagnostic, InFile, Result, codes, read_file};
use crate::emit::{self, BOOT, File, WEIGHTS};
use crate::flow::{Tool, Toolbox, blocks, pack, ram};
use crate::hw::{self, Design, Stage};
use crate::target::Family;
use crate::{ir, report};

/// Put another model of the same shape into a bitstream, without synthesis.
///
/// Weights, thresholds and gains lie in block RAM, whose contents are exchanged; the rest of the
/// hardware stays. A model that needs other hardware is refused with the reason. What was packed
/// is unpacked again and compared.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  synfire patch build/student retrained.onnx -o build/retrained
  synfire verify build/retrained --images images.gz")]
pub(super) struct Args {
    /// A directory that `synfire compile --bitstream` wrote.
    build: PathBuf,
    #[command(flatten)]
    model: ModelArgs,
    /// Output directory; an earlier result in it is replaced.
    #[arg(short, long)]
    out: PathBuf,
}

/// What is printed.
#[derive(Serialize)]
struct Patched<'a> {
    out: &'a Path,
    /// Memories with other contents.
    memories: usize,
    /// Block RAMs with other contents.
    block_rams: usize,
    /// Bytes that the host loads, if there are other ones.
    load_bytes: u32,
    /// The board reads them from its flash.
    #[serde(skip)]
    is_standalone: bool,
    seconds: f64,
}

pub(super) fn run(args: &Args, ui: Ui) -> Result<()> {
    let start = Instant::now();
    let build = Build::open(&args.build)?;
    let Some(bitstream) = &build.manifest.bitstream else {
        let message = "this build has no bitstream";
        return Err(Diagnostic::new(&codes::BAD_OPTION, message)
            .in_file(&build.dir)
            .help("compile with --bitstream"));
    };
    if build.design.family != Family::Ice40 {
        let message = "only the block RAMs of an iCE40 can be exchanged";
        return Err(Diagnostic::new(&codes::BAD_OPTION, message).help("compile the model anew"));
    }
    let toolbox = Toolbox::discover();
    for tool in [Tool::Icepack, Tool::Iceunpack] {
        toolbox.require(tool)?;
    }
    let mut model = args.model.load()?;
    let options = build.manifest.options();
    let like = |graph| hw::lower_like(graph, &build.target, &options, &build.design);
    let mut lowered = like(&model.integer);
    if let (Err(_), Some(whole)) = (&lowered, &model.whole) {
        // Hardware may have a place for every neuron.
        if let Ok(fits) = like(whole) {
            lowered = Ok(fits);
            model.integer.clone_from(whole);
            model.whole = None;
        }
    }
    let (design, _) = lowered.in_file(&args.model.model)?;
    let changes = changes(&build, &design).in_file(&args.model.model)?;
    let asc = build.file("flow/pnr.asc")?;
    let text = String::from_utf8_lossy(&read_file(&asc)?).into_owned();
    let patched = ram::replace_blocks(&text, &changes.blocks).in_file(&asc)?;

    let manifest = Manifest {
        synfire: env!("CARGO_PKG_VERSION").into(),
        model: args.model.model.file_name().unwrap_or_default().to_string_lossy().into(),
        bitstream: Some(bitstream.clone()),
        patched: true,
        ..build.manifest.clone()
    };
    let inputs = [&*args.model.model, &*args.build];
    replace(&args.out, MANIFEST, &inputs, |dir| {
        put(dir, FIRST, ir::print(&model.real)?)?;
        put(dir, "integer.sfir", ir::print(&model.integer)?)?;
        if let Some(whole) = &model.whole {
            put(dir, WHOLE, ir::print(whole)?)?;
        }
        put(dir, BASE, ir::print(build.base.as_ref().unwrap_or(&build.integer))?)?;
        put(dir, TARGET, json_text(&build.target)?)?;
        put(dir, "hardware.svg", report::svg(&model.integer, Some(&design))?)?;
        put(
            dir,
            "memory.svg",
            report::memory_svg(&design, &build.target, Some(&bitstream.routed())),
        )?;
        for file in emit::emit(&design, &build.target)? {
            put(dir, &file.path, file.contents)?;
        }
        put(dir, "flow/pnr.asc", &*patched)?;
        let bin = dir.join(Family::Ice40.spec().bitstream);
        pack::pack(&toolbox, Family::Ice40, &dir.join("flow/pnr.asc"), &bin)?;
        read_back(&toolbox, &bin, &patched)?;
        if let Some(power_on) = manifest.standalone {
            standalone::write(dir, &build.target, power_on)?;
        }
        put(dir, MANIFEST, json_text(&manifest)?)
    })?;
    let done = Patched {
        out: &args.out,
        memories: changes.memories,
        block_rams: changes.blocks.iter().filter(|(a, b)| a != b).count(),
        load_bytes: if changes.loaded { design.load_bytes() } else { 0 },
        is_standalone: manifest.standalone.is_some(),
        seconds: start.elapsed().as_secs_f64(),
    };
    ui.result(&done, || text_of(&done))
}

/// What differs between two designs of the same hardware.
struct Changes {
    blocks: Vec<(Vec<u16>, Vec<u16>)>,
    memories: usize,
    /// The host loads other weights.
    loaded: bool,
}

/// The memories that differ; an error if anything else does.
fn changes(build: &Build, design: &Design) -> Result<Changes> {
    let before = emit::emit(&build.design, &build.target)?;
    let after = emit::emit(&renamed(design, &build.design), &build.target)?;
    differences(&before, &after, &emit::block_memories(&build.design))
}

/// The same of the files of both; `in_blocks` are the memories in block RAM, each with its purpose.
fn differences(before: &[File], after: &[File], in_blocks: &[(String, String)]) -> Result<Changes> {
    let mut found = Changes { blocks: Vec::new(), memories: 0, loaded: false };
    for (old, new) in before.iter().zip(after) {
        let name = old.path.rsplit('/').next().unwrap_or_default();
        let block = in_blocks.iter().find(|(file, _)| file == name);
        if let Some((_, whose)) = block {
            let rows = |f: &File| {
                let unread = || Diagnostic::internal("patch", format!("{}: no memory", f.path));
                emit::memory_rows(&f.contents).ok_or_else(unread)
            };
            let blocks = blocks::changed(&rows(old)?, &rows(new)?)
                .map_err(|why| refused(format!("the memory of {whose}: {why}")))?;
            found.memories += usize::from(old != new);
            // All of them: those that stay may have the contents of one that does not.
            found.blocks.extend(blocks);
        } else if old.path == BOOT {
            // The same weights in another form.
        } else if old.path == WEIGHTS {
            found.loaded = old != new;
            found.memories += usize::from(old != new);
        } else if old != new {
            return Err(refused(why(old, new)));
        }
    }
    Ok(found)
}

/// The design with the names of the other one's layers, which comments have.
fn renamed(design: &Design, like: &Design) -> Design {
    let mut design = design.clone();
    for (stage, other) in design.stages.iter_mut().zip(&like.stages) {
        match (stage, other) {
            (Stage::Dense(a), Stage::Dense(b)) => a.name.clone_from(&b.name),
            (Stage::Planes(a), Stage::Planes(b)) => a.name.clone_from(&b.name),
            (Stage::Lif(a), Stage::Lif(b)) => a.name.clone_from(&b.name),
            (Stage::Readout(a), Stage::Readout(b)) => a.name.clone_from(&b.name),
            _ => {}
        }
    }
    design
}

/// Where two files of hardware first differ.
fn why(old: &File, new: &File) -> String {
    if old.path.ends_with(".hex") {
        return format!("{} lies in look-up tables, which stay as they are", old.path);
    }
    let text = |f: &File| String::from_utf8_lossy(&f.contents).into_owned();
    let (a, b) = (text(old), text(new));
    let line = a.lines().zip(b.lines()).find(|(a, b)| a != b);
    let (a, b) = line.unwrap_or(("", ""));
    format!("{}: `{}` would have to be `{}`", old.path, a.trim(), b.trim())
}

fn refused(message: String) -> Box<Diagnostic> {
    Diagnostic::new(&codes::OTHER_SHAPE, message).help("compile the model anew")
}

/// Unpacks the bitstream again: its block RAMs hold what they should.
fn read_back(toolbox: &Toolbox, bin: &Path, asc: &str) -> Result<()> {
    let work = tempfile::tempdir()
        .map_err(|e| Diagnostic::new(&codes::FILE_WRITE, e.to_string()).in_file(bin))?;
    let again = work.path().join("unpacked.asc");
    pack::unpack(toolbox, Family::Ice40, bin, &again)?;
    let found = ram::contents(&String::from_utf8_lossy(&read_file(&again)?)).in_file(bin)?;
    let sound = ram::contents(asc)?;
    let filled = |all: Vec<Vec<u16>>| -> Vec<Vec<u16>> {
        let mut all: Vec<_> = all.into_iter().filter(|b| b.iter().any(|w| *w != 0)).collect();
        all.sort();
        all
    };
    if filled(found) == filled(sound) {
        return Ok(());
    }
    let message = "unpacked again, its block RAMs hold something else";
    Err(Diagnostic::new(&codes::VERIFY_MISMATCH, message).in_file(bin))
}

fn text_of(p: &Patched<'_>) -> String {
    let loaded = match p.load_bytes {
        0 => String::new(),
        n if p.is_standalone => {
            format!("; flash.bin has other weights, {} bytes", thousands(u64::from(n)))
        }
        n => format!("; weights.bin, {} bytes, has to be loaded anew", thousands(u64::from(n))),
    };
    format!(
        "{} memories, {} block RAMs with other contents{loaded}\nwritten to {} in {:.2} s\n",
        p.memories,
        p.block_rams,
        p.out.display(),
        p.seconds
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::flow::Found;
    use crate::flow::tools::Origin;

    /// Block RAMs whose 16 words are these digits.
    fn blocks(all: &[&str]) -> String {
        let block = |(i, row): (usize, &&str)| format!(".ram_data 6 {i}\n{}\n", row.repeat(16));
        all.iter().enumerate().map(block).collect()
    }

    /// With a tool that takes the configuration itself for the bitstream.
    #[test]
    fn what_was_packed_holds_what_it_should() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("copy");
        std::fs::write(&program, "#!/bin/sh\nexec cat \"$1\" >\"$2\"\n").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let (tool, origin) = (Tool::Iceunpack, Origin::Path);
        let mut toolbox = Toolbox::default();
        let (env, version, data) = (Vec::new(), None, None);
        toolbox.add(Found { tool, program, env, version, origin, data, library: false });
        let bin = dir.path().join("top.bin");
        let read = |packed: &[&str], wanted: &[&str]| {
            std::fs::write(&bin, blocks(packed)).unwrap();
            read_back(&toolbox, &bin, &blocks(wanted)).err().map(|e| e.code.id)
        };
        assert_eq!(read(&["0003", "1111"], &["0003", "1111"]), None);
        // The order is the tool's, and so is what it says of those without contents.
        assert_eq!(read(&["0000", "1111", "0003"], &["0003", "1111"]), None);
        for other in [&["0003", "1110"][..], &["0003"], &["0003", "1111", "1111"]] {
            assert_eq!(
                read(other, &["0003", "1111"]),
                Some(codes::VERIFY_MISMATCH.id),
                "{other:?}"
            );
        }
    }

    #[test]
    fn the_text_says_what_has_other_contents() {
        let of = |load_bytes| Patched {
            out: Path::new("build/p"),
            memories: 3,
            block_rams: 17,
            load_bytes,
            is_standalone: false,
            seconds: 0.5,
        };
        let first = "3 memories, 17 block RAMs with other contents";
        assert_eq!(text_of(&of(0)), format!("{first}\nwritten to build/p in 0.50 s\n"));
        let loaded = "; weights.bin, 25,088 bytes, has to be loaded anew";
        assert_eq!(
            text_of(&of(25_088)),
            format!("{first}{loaded}\nwritten to build/p in 0.50 s\n")
        );
        let standalone = Patched { is_standalone: true, ..of(25_088) };
        let flash = "; flash.bin has other weights, 25,088 bytes";
        assert_eq!(text_of(&standalone), format!("{first}{flash}\nwritten to build/p in 0.50 s\n"));
        assert!(!text_of(&Patched { load_bytes: 0, ..standalone }).contains("flash.bin"));
    }

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), contents: text.into() }
    }

    #[test]
    fn memories_that_differ_are_counted() {
        let files = |memory: &str, loaded: &str, core: &str| {
            [file("rtl/mem_0.hex", memory), file(WEIGHTS, loaded), file("rtl/sf_core.v", core)]
        };
        let in_blocks = [("mem_0.hex".to_owned(), "weights".to_owned())];
        let old = files("0\n3\n", "a", "core");
        let of = |new: &[File]| differences(&old, new, &in_blocks);
        let counted = |new: &[File]| {
            let found = of(new).unwrap();
            let changed = found.blocks.iter().filter(|(a, b)| a != b).count();
            (found.memories, found.loaded, found.blocks.len(), changed)
        };
        assert_eq!(counted(&old), (0, false, 1, 0));
        assert_eq!(counted(&files("3\n0\n", "a", "core")), (1, false, 1, 1));
        assert_eq!(counted(&files("0\n3\n", "b", "core")), (1, true, 1, 0));
        assert_eq!(counted(&files("3\n0\n", "b", "core")), (2, true, 1, 1));
        let refused = |new: &[File]| of(new).err().map(|d| d.message);
        let message = refused(&files("0\n3\n", "a", "other"));
        assert_eq!(message.unwrap(), "rtl/sf_core.v: `core` would have to be `other`");
        assert!(refused(&files("0\n", "a", "core")).unwrap().starts_with("the memory of weights"));
    }

    #[test]
    fn names_of_layers_are_no_difference() {
        let planes = |name: &str| hw::PlanesStage {
            name: name.into(),
            planes: 2,
            input_bits: 3,
            sum_bits: 5,
        };
        let mut like = crate::verify::tests::design();
        like.stages.insert(1, Stage::Planes(planes("sums")));
        let mut design = like.clone();
        for stage in &mut design.stages {
            match stage {
                Stage::Dense(d) => d.name.push('2'),
                Stage::Planes(p) => p.name.push('2'),
                Stage::Lif(l) => l.name.push('2'),
                Stage::Readout(r) => r.name.push('2'),
                Stage::Count(_) => {}
            }
        }
        let said = |d: &Design| format!("{:?}", d.stages);
        assert_ne!(said(&design), said(&like));
        assert_eq!(said(&renamed(&design, &like)), said(&like));
    }

    #[test]
    fn what_differs_is_named() {
        let why = |path: &str, a: &str, b: &str| why(&file(path, a), &file(path, b));
        let tables = "rtl/mem_1.hex lies in look-up tables, which stay as they are";
        assert_eq!(why("rtl/mem_1.hex", "0\n", "1\n"), tables);
        let line = "rtl/sf_core.v: `wire b;` would have to be `wire c;`";
        assert_eq!(why("rtl/sf_core.v", "wire a;\n  wire b;\n", "wire a;\n  wire c;\n"), line);
    }
}
