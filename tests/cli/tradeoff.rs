// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a model can do without, from the command line.

use std::fs;

use crate::run::Place;

/// An ensemble of three on two pixels of 4 bits, 3 timesteps.
const MODEL: &str = r#"synfire-ir 1
graph "small ensemble" timesteps 3
%in = input() : levels[2; 4] static {"shape":[2],"bits":4,"is_static":true}
%w0 = linear(%in) : current[2; fixed(6, 0)] static {"weights":{"binary":{"signs":{"cols":2,"rows":["1","2"]},"scale":1.0}},"bias":null}
%m0 = lif(%w0) : spikes[2] {"leak":0.75,"gain":0.0625,"bias":0.0,"threshold":0.5,"reset":"soft","compare":"at-least"}
%w1 = linear(%in) : current[2; fixed(6, 0)] static {"weights":{"binary":{"signs":{"cols":2,"rows":["3","1"]},"scale":1.0}},"bias":null}
%m1 = lif(%w1) : spikes[2] {"leak":0.75,"gain":0.0625,"bias":0.0,"threshold":0.75,"reset":"soft","compare":"at-least"}
%w2 = linear(%in) : current[2; fixed(6, 0)] static {"weights":{"binary":{"signs":{"cols":2,"rows":["2","1"]},"scale":1.0}},"bias":null}
%m2 = lif(%w2) : spikes[2] {"leak":0.75,"gain":0.0625,"bias":0.0,"threshold":0.25,"reset":"soft","compare":"at-least"}
%all = concat(%m0, %m1, %m2) : spikes[6] {"axis":0}
%head = linear(%all) : real[3] {"weights":{"real":{"rows":3,"values":[1.0,-1.0,0.0,0.25,-0.5,1.0,-1.0,1.0,0.0,-0.5,1.0,-1.0,-0.5,-0.5,0.5,0.0,-0.5,-0.5]}},"bias":[0.0,0.0,0.25]}
%y = readout(%head) : real[3] {"kind":"mean","gain":1.0,"offset":0.0}
output %y
"#;

/// Pairs of levels, each once, and what is right: the first is larger by 3, the second is, neither.
fn data(place: &Place, name: &str, pairs: impl Iterator<Item = [u8; 2]>) {
    let pairs: Vec<[u8; 2]> = pairs.collect();
    let count = (pairs.len() as u32).to_be_bytes();
    let class = |[a, b]: &[u8; 2]| match (*a >= b + 3, *b >= a + 3) {
        (true, _) => 0,
        (_, true) => 1,
        _ => 2u8,
    };
    let images = [&[0, 0, 8, 3][..], &count, &[0, 0, 0, 1, 0, 0, 0, 2], &pairs.concat()].concat();
    let labels: Vec<u8> = pairs.iter().map(class).collect();
    place.file(&format!("{name}.idx"), images);
    place.file(&format!("{name}-labels.idx"), [&[0, 0, 8, 1][..], &count, &labels].concat());
}

pub(crate) fn place() -> Place {
    let place = Place::new();
    place.file("e.sfir", MODEL);
    let all = (0..16u8).flat_map(|a| (0..16u8).map(move |b| [a, b]));
    data(&place, "all", all.clone());
    data(&place, "even", all.clone().filter(|[a, b]| (a + b) % 2 == 0));
    data(&place, "odd", all.filter(|[a, b]| (a + b) % 2 == 1));
    place
}

const LINE: &str = "tradeoff e.sfir --images all.idx --labels all-labels.idx";

#[test]
fn every_row_is_a_model_that_compiles() {
    let place = place();
    let table = place.json(&format!("{LINE} -o knobs --accuracy-budget 30"));
    let rows = table["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 3 * 7, "timesteps × choices of members");
    let samples = ["report", "fit", "choose", "repeated"].map(|k| table["samples"][k].as_u64());
    assert_eq!(samples, [Some(128), Some(64), Some(64), Some(0)]);
    assert_eq!((&rows[0]["id"], &rows[0]["gain"]["value"]), (&"t3-m0.1.2".into(), &0.0.into()));
    assert!(rows[0]["accuracy_integer"]["value"].as_f64().unwrap() > 0.5);
    for (i, row) in rows.iter().enumerate() {
        let id = row["id"].as_str().unwrap();
        let matters = row["front"] == true || row["chosen"] == true || i == 0;
        assert_eq!(row["accuracy_integer"].is_object(), matters, "{id}");
        // Fewer members and timesteps cost less, and all have a price.
        assert!(row["cycles"].as_f64().unwrap() <= rows[0]["cycles"].as_f64().unwrap(), "{id}");
        let energy = &row["energy_nj"];
        assert!(energy["low"].as_f64().unwrap() < energy["high"].as_f64().unwrap(), "{id}");
        assert!(place.path("knobs").join(format!("{id}.sfir")).is_file(), "{id}");
    }
    assert!(rows.iter().any(|r| r["head_fitted"] == true));
    assert!(rows.iter().any(|r| r["accuracy_integer"].is_null()));
    assert!(rows.iter().any(|r| r["front"] == true && r["chosen"] == false && r != &rows[0]));
    // A large budget: something smaller is enough, and it is what `--point` builds.
    let id = table["choice"]["id"].as_str().unwrap();
    assert_ne!(id, "t3-m0.1.2");
    assert_eq!(rows.iter().filter(|r| r["chosen"] == true).count(), 1);
    place.good(&format!("compile knobs --point {id} --target icebreaker -o build"));
    let model = |path: &str| fs::read_to_string(place.path(path)).unwrap();
    assert_eq!(model("build/real.sfir"), model(&format!("knobs/{id}.sfir")));
    let saved: serde_json::Value = serde_json::from_str(&model("knobs/tradeoff.json")).unwrap();
    assert_eq!(saved, table);
    let picture = model("knobs/tradeoff.svg");
    assert!(picture.contains("small ensemble") && picture.contains(&format!("{id}: ")));
}

#[test]
fn the_same_bytes_at_any_number_of_threads() {
    let place = place();
    let text = place.good(&format!("{LINE} -o a --threads 1"));
    assert_eq!(place.good(&format!("{LINE} -o a --threads 7")), text);
    place.good(&format!("{LINE} -o b --threads 3"));
    let (all, b) = (place.tree(), place.path("b"));
    let of = |dir: &str| {
        let files = all.iter().filter(|(p, _)| p.starts_with(dir));
        files.map(|(p, c)| (p.strip_prefix(dir).unwrap().to_owned(), c.clone())).collect::<Vec<_>>()
    };
    assert_eq!(of("a"), of("b"));
    assert!(b.join("tradeoff.json").is_file());
    // What a reader looks for first.
    assert!(text.starts_with("64 samples fit, 64 choose, 128 report (seed 1)\n"), "{text}");
    assert!(
        text.contains("an ensemble of 3 members") && text.contains("synfire compile a --point")
    );
    // Other samples choose: all of --images report.
    let other = "--calibration odd.idx --calibration-labels odd-labels.idx";
    let line = "tradeoff e.sfir --images even.idx --labels even-labels.idx";
    let text = place.good(&format!("{line} {other}"));
    assert!(text.starts_with("64 samples fit, 64 choose, 128 report"), "{text}");
}

/// A target without energy coefficients: cycles are what a row costs.
#[test]
fn without_energy_cycles_decide() {
    let place = place();
    let line = format!("{LINE} --target ulx3s-25f --accuracy-budget 30 -o knobs");
    let table = place.json(&line);
    let rows = table["rows"].as_array().unwrap();
    assert!(rows.iter().all(|r| r["energy_nj"].is_null() && r["cycles"].is_f64()));
    assert!(table["hardware_reason"].is_null());
    let cycles = |id: &serde_json::Value| {
        let row = rows.iter().find(|r| r["id"] == *id).unwrap();
        row["cycles"].as_f64().unwrap()
    };
    assert!(cycles(&table["choice"]["id"]) < cycles(&rows[0]["id"]));
    let picture = fs::read_to_string(place.path("knobs/tradeoff.svg")).unwrap();
    assert!(picture.contains("cycles of an inference") && picture.contains("<circle"));
    assert!(place.good(&line).contains("nobody knows what ulx3s-25f consumes"));
}

/// The first timesteps, some members: by hand as in the table.
#[test]
fn what_is_kept_can_be_named() {
    let place = place();
    place.good(&format!("{LINE} -o knobs"));
    let mut same = 0;
    for (flags, id) in [
        ("--keep-timesteps 2", "t2-m0.1.2"),
        ("--keep-members 1,0", "t3-m0.1"),
        ("--keep-timesteps 1 --keep-members 2", "t1-m2"),
    ] {
        let text = place.good(&format!("inspect e.sfir --format ir {flags}"));
        let file = place.path("knobs").join(format!("{id}.sfir"));
        // A row whose head was fitted has another name.
        if let Ok(want) = fs::read_to_string(file) {
            assert_eq!(text, want, "{id}");
            same += 1;
        }
    }
    assert!(same > 0, "no row is without a new head");
    let said =
        place.good("compile e.sfir --keep-members 2,0 --keep-timesteps 2 --target icebreaker -o b");
    assert!(said.contains("prune-ensemble: members 0, 2 of 3"), "{said}");
    assert!(said.contains("reduce-timesteps: 2 of 3 timesteps"), "{said}");
    place.refused("simulate b --keep-timesteps 1 --count 1", 1, "SF0003", "this is a build");
    place.refused("inspect b --keep-members 0", 1, "SF0003", "this is a build");
}

/// A row of one timestep sees the first of two, whatever comes in the second.
#[test]
fn rows_see_the_first_of_what_changes() {
    let place = Place::new();
    let model = r#"synfire-ir 1
graph "later" timesteps 2
%in = input() : spikes[4] {"shape":[4],"bits":1,"is_static":false}
%w = linear(%in) : current[2; fixed(4, 0)] {"weights":{"binary":{"signs":{"cols":4,"rows":["3","5"]},"scale":1.0}},"bias":null}
%n = lif(%w) : spikes[2] {"leak":0.5,"gain":1.0,"bias":0.0,"threshold":0.5,"reset":"soft","compare":"at-least"}
%head = linear(%n) : real[2] {"weights":{"binary":{"signs":{"cols":2,"rows":["1","2"]},"scale":1.0}},"bias":[0.0,0.5]}
%y = readout(%head) : real[2] {"kind":"sum","gain":1.0,"offset":0.0}
output %y
"#;
    place.file("later.sfir", model);
    let npy = |name: &str, shape: &str, values: &[u8]| {
        let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}");
        let header = format!("{header:<117}\n");
        let length = (header.len() as u16).to_le_bytes();
        let bytes = [&b"\x93NUMPY\x01\x00"[..], &length, header.as_bytes(), values].concat();
        place.file(name, bytes);
    };
    // Sixteen samples, each another one in the second timestep; nothing, or all, in the first.
    npy("labels.npy", "(16,)", &(0..16).map(|i| i % 2).collect::<Vec<_>>());
    let energies = |first: u8| {
        let second = |i: u8| (0..4).map(move |b| i >> b & 1);
        let samples = (0..16).flat_map(|i| [first; 4].into_iter().chain(second(i)));
        npy("later.npy", "(16, 2, 4)", &samples.collect::<Vec<u8>>());
        let line = "tradeoff later.sfir --images later.npy --labels labels.npy --time-axis 1";
        let table = place.json(line);
        assert_eq!(table["rows"][1]["id"], "t1");
        [0, 1].map(|row| table["rows"][row]["energy_nj"]["value"].as_f64().unwrap())
    };
    let (nothing, all) = (energies(0), energies(1));
    assert!(nothing[1] < all[1], "spikes in the only timestep cost nothing");
    assert!(nothing[0] > nothing[1]);
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let place = place();
    let before = place.tree();
    for (line, code, words) in [
        ("tradeoff e.sfir", "SF0701", "--images and --labels"),
        ("tradeoff e.sfir --images all.idx", "SF0701", "no labels"),
        (&*format!("{LINE} --count 11"), "SF0702", "2 samples are there to choose by, at least 3"),
        (&format!("{LINE} --accuracy-budget=-1"), "SF0003", "0 to 100 points"),
        (&format!("{LINE} --accuracy-budget nan"), "SF0003", "0 to 100 points"),
        (&format!("{LINE} --target nope"), "SF0401", "known targets"),
        (
            &format!("{LINE} --calibration even.idx --calibration-labels even-labels.idx"),
            "SF0703",
            "128 of the 256 samples",
        ),
        (&format!("{LINE} --keep-timesteps 4"), "SF0003", "the model has 3"),
        (&format!("{LINE} --keep-timesteps 0"), "SF0003", "1 to 3 can be kept"),
        (&format!("{LINE} --keep-members 3"), "SF0003", "0 to 2"),
        ("inspect {small} --keep-members 0", "SF0303", "the model has no members"),
        ("compile e.sfir --point t1 --target icebreaker -o b", "SF0003", "tradeoff -o"),
    ] {
        place.refused(line, 1, code, words);
    }
    assert_eq!(place.tree(), before, "nothing is half-written");
    place.good(&format!("{LINE} -o knobs"));
    let compile = |rest: &str| format!("compile {rest} --target icebreaker -o b");
    place.refused(&compile("knobs --point t9"), 1, "SF0704", "t3-m0.1.2");
    place.refused(&compile("knobs --point real"), 1, "SF0704", "no row has the id `real`");
    place.refused(&compile("knobs --point ../e"), 1, "SF0704", "no row has the id");
    place.refused(&compile("knobs"), 1, "SF0003", "--point ID");
    // What is not ours stays.
    fs::create_dir(place.path("mine")).unwrap();
    place.file("mine/notes.txt", "precious");
    place.refused(&format!("{LINE} -o mine"), 1, "SF0002", "not a directory of synfire's");
    assert_eq!(fs::read(place.path("mine/notes.txt")).unwrap(), b"precious");
}
