// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `patch`, with programs in the place of the packers that take the text for the bitstream.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use onnx_protobuf::{ModelProto, TensorProto};
use protobuf::Message as _;
use serde_json::{Value, json};
use synfire::flow::{blocks, ram};
use synfire::{emit, hw, ir, target};

use crate::flash::built;
use crate::json::as_documented;
use crate::loaded::{tight, varied};
use crate::models::{student, text};
use crate::run::{Place, Ran};

/// A packer that ends with `last`, in `tools`.
fn packer(place: &Place, name: &str, last: &str) {
    let folder = place.path("tools");
    // Beside these there are none.
    std::fs::create_dir_all(place.path(".tools")).unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(name);
    let text =
        format!("#!/bin/sh\n/bin/echo {name} >>{}\n{last}\n", place.path("called").display());
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

const COPY: &str = "/bin/cat \"$1\" >\"$2\"";

/// `patch`, with the tools of the place alone.
fn patch(place: &Place, line: &str) -> Ran {
    let args = line.split_whitespace().map(crate::models::expand);
    let mut command = place.command(["patch"]);
    let out = command.args(args).env("PATH", place.path("tools")).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: out.status.code(), stdout: text(out.stdout), stderr: text(out.stderr) }
}

fn said(ran: &Ran) -> Value {
    let said = if ran.code == Some(0) { &ran.stdout } else { &ran.stderr };
    serde_json::from_str(said).unwrap_or_else(|e| panic!("{e}: {said}"))
}

/// Contents of a build's memories by their names, those in block RAM alone.
fn memories(place: &Place, build: &str, target: &str) -> BTreeMap<String, Vec<Vec<bool>>> {
    let file = |name: &str| std::fs::read(place.path(build).join(name)).unwrap();
    let graph = ir::parse(&String::from_utf8(file("integer.sfir")).unwrap()).unwrap();
    let target = target::load(target).unwrap();
    let (design, _) = hw::lower(&graph, &target, &hw::Options::default()).unwrap();
    let rows = |name: &str| emit::memory_rows(&file(&format!("rtl/{name}"))).unwrap();
    emit::block_memories(&design).into_iter().map(|(name, _)| (name.clone(), rows(&name))).collect()
}

/// Their block RAMs, `like` what synthesis made of those with the same names.
fn block_rams(
    all: &BTreeMap<String, Vec<Vec<bool>>>,
    like: &BTreeMap<String, Vec<Vec<bool>>>,
) -> Vec<Vec<u16>> {
    let of = |(name, rows): (&String, &Vec<Vec<bool>>)| blocks::changed(&like[name], rows).unwrap();
    all.iter().flat_map(of).map(|(_, after)| after).collect()
}

/// Block RAMs as a configuration has them: sixteen words a line, the last one first; in a word
/// the bits in the order of their numbers read backwards.
fn configuration(all: &[Vec<u16>]) -> String {
    let digits = |word: &u16| {
        let bit = |at: u32| (word >> ((at as u8).reverse_bits() >> 4) & 1) << at;
        format!("{:04x}", (0..16).map(bit).sum::<u16>())
    };
    let line = |row: &[u16]| row.iter().rev().map(digits).collect::<String>() + "\n";
    let block = |(i, words): (usize, &Vec<u16>)| {
        format!(".ram_data 6 {i}\n{}\n", words.chunks(16).map(line).collect::<String>())
    };
    ".device 5k\n".to_owned() + &all.iter().enumerate().map(block).collect::<String>()
}

/// The build `b`, as if it had been placed: block RAMs in its configuration, one of them unused.
fn placed(place: &Place, model: &str, target: &str) -> BTreeMap<String, Vec<Vec<bool>>> {
    built(place, model, target, "top.bin");
    let memories = memories(place, "b", target);
    let mut all = block_rams(&memories, &memories);
    all.insert(0, vec![0; 256]);
    std::fs::create_dir_all(place.path("b/flow")).unwrap();
    std::fs::write(place.path("b/flow/pnr.asc"), configuration(&all)).unwrap();
    packer(place, "icepack", COPY);
    packer(place, "iceunpack", COPY);
    memories
}

#[test]
fn block_rams_get_the_other_model() {
    let place = Place::new();
    let before = placed(&place, "{student}", "icebreaker");
    let mut model = ModelProto::parse_from_bytes(&student()).unwrap();
    let graph = model.graph.mut_or_insert_default();
    for tensor in graph.initializer.iter_mut().filter(|t| t.dims.iter().product::<i64>() > 9999) {
        // Signs of floats: their last byte.
        tensor.raw_data.chunks_exact_mut(4).step_by(3).for_each(|f| f[3] ^= 0x80);
    }
    place.file("other.onnx", model.write_to_bytes().unwrap());
    let found = said(&patch(&place, "b other.onnx -o p --json"));
    as_documented("patch", &found);

    let after = memories(&place, "p", "icebreaker");
    let (old, new) = (block_rams(&before, &before), block_rams(&after, &before));
    let changed = before.iter().filter(|(name, rows)| after[*name] != **rows).count();
    assert!(changed > 0 && old != new, "{found}");
    assert_eq!(found["memories"], changed, "{found}");
    assert_eq!(found["block_rams"], old.iter().zip(&new).filter(|(a, b)| a != b).count());
    assert_eq!(found["load_bytes"], 0);
    let text = |name: &str| std::fs::read_to_string(place.path("p").join(name)).unwrap();
    let holds = ram::contents(&text("flow/pnr.asc")).unwrap();
    assert_eq!((&holds[0], &holds[1..]), (&vec![0; 256], &new[..]));
    assert_eq!(text("flow/pnr.asc"), text("top.bin"));
    let manifest: Value = serde_json::from_str(&text("synfire.json")).unwrap();
    let told = json!([manifest["patched"], manifest["model"], manifest["bitstream"]["bytes"]]);
    assert_eq!(told, json!([true, "other.onnx", 3]));
    let called = std::fs::read_to_string(place.path("called")).unwrap();
    assert_eq!(called, "icepack\niceunpack\n");

    // The same model: nothing to change.
    let found = said(&patch(&place, "b {student} -o q --json"));
    assert_eq!((&found["memories"], &found["block_rams"]), (&json!(0), &json!(0)), "{found}");
    let ran = patch(&place, "b {student} -o q");
    assert!(ran.stdout.starts_with("0 memories, 0 block RAMs with other contents\n"));
    // Back again from what was patched.
    let found = said(&patch(&place, "p {student} -o r --json"));
    assert_eq!(found["memories"], changed, "{found}");
    let of = |build: &str| std::fs::read(place.path(build).join("flow/pnr.asc")).unwrap();
    assert!(of("r") == of("b") && of("q") == of("b") && of("p") != of("b"));

    // A packer that makes something else of it leaves nothing.
    packer(&place, "icepack", "/usr/bin/tr 1234 2341 <\"$1\" >\"$2\"");
    let ran = patch(&place, "b other.onnx -o s --json");
    assert_eq!((ran.code, &said(&ran)["error"]["code"]["id"]), (Some(3), &json!("SF0601")));
    assert!(!place.path("s").exists());
}

/// Hardware that was made with a place for every neuron takes models that could do with fewer.
#[test]
fn a_place_for_every_neuron_is_used() {
    let place = Place::new();
    // Neurons that see everything with one sign; it is that of batch norm that decides whether
    // they ever fire.
    let one_sided = |rows: std::ops::Range<usize>| {
        let mut model = ModelProto::parse_from_bytes(&student()).unwrap();
        let graph = model.graph.mut_or_insert_default();
        let weights = |t: &&mut TensorProto| t.dims.iter().product::<i64>() > 9999;
        let first = graph.initializer.iter_mut().find(weights).unwrap();
        let row = 4 * first.dims[1] as usize;
        let some = &mut first.raw_data[rows.start * row..rows.end * row];
        some.chunks_exact_mut(4).for_each(|f| f[3] |= 0x80);
        model.write_to_bytes().unwrap()
    };
    place.file("net.onnx", one_sided(0..8));
    place.file("other.onnx", one_sided(8..16));
    placed(&place, "net.onnx --keep-neurons", "icebreaker");
    let said = place.good("inspect --integer other.onnx");
    assert!(said.contains("drop-constant: `lif1`: ") && said.contains("left out"), "{said}");
    let ran = patch(&place, "b other.onnx -o p --json");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let all = place.good("inspect --integer --format ir other.onnx --keep-neurons");
    assert_eq!(std::fs::read_to_string(place.path("p/integer.sfir")).unwrap(), all);
    assert!(!place.path("p/whole.sfir").exists());
}

#[test]
fn weights_that_the_host_loads_are_written_anew() {
    let place = Place::new();
    tight(&place, 1700, 4);
    place.file("net.sfir", varied(&text(64, 96, 2)));
    // Its sums are narrower.
    place.file("other.sfir", text(64, 96, 2));
    let target = place.path("tight.toml");
    placed(&place, "net.sfir", target.to_str().unwrap());
    let loaded = std::fs::read(place.path("b/weights.bin")).unwrap();
    let found = said(&patch(&place, "b net.sfir -o p --json"));
    assert_eq!((&found["memories"], &found["load_bytes"]), (&json!(0), &json!(0)), "{found}");
    let found = said(&patch(&place, "b other.sfir -o p --json"));
    assert_eq!(found["load_bytes"], loaded.len(), "{found}");
    let other = std::fs::read(place.path("p/weights.bin")).unwrap();
    assert!(other.len() == loaded.len() && other != loaded);
}

#[test]
fn what_cannot_be_patched_is_refused() {
    let place = Place::new();
    let refused = |line: &str| {
        let ran = patch(&place, line);
        (ran.code, said(&ran)["error"].to_string())
    };
    let is = |(code, said): (Option<i32>, String), exit: i32, id: &str, words: &str| {
        assert!(code == Some(exit) && said.contains(id) && said.contains(words), "{said}");
    };
    placed(&place, "{small}", "icebreaker");
    is(refused("b {student} -o p --json"), 1, "SF0413", "4 timesteps; the hardware has 3");
    std::fs::remove_file(place.path("tools/iceunpack")).unwrap();
    is(refused("b {small} -o p --json"), 4, "SF0501", "iceunpack");
    std::fs::remove_dir_all(place.path("b")).unwrap();
    built(&place, "{small}", "ulx3s-25f", "top.bit");
    is(refused("b {small} -o p --json"), 1, "SF0003", "only the block RAMs of an iCE40");
    std::fs::remove_dir_all(place.path("b")).unwrap();
    place.good("compile {small} --target icebreaker -o b");
    is(refused("b {small} -o p --json"), 1, "SF0003", "this build has no bitstream");
    assert!(!place.path("p").exists());
}
