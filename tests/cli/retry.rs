// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Place and route finds no room: `compile` tries again with fewer lanes. The tools are
//! scripts, so that the placer fails as often as the test wants.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use serde_json::Value;

use crate::models::expand;
use crate::run::Place;

const FULL: &str =
    "ERROR: Unable to find legal placement for all cells, design is probably at utilisation limit.";

/// Tools of which the placer fails `times` times; what it says then.
fn tools(place: &Place, times: usize, words: &str) {
    std::fs::create_dir_all(place.path("bin")).unwrap();
    let script = |name: &str, text: &str| {
        let file = place.file(&format!("bin/{name}"), format!("#!/bin/sh\n{text}\n"));
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    script(
        "yosys",
        "case $1 in -V) echo 'Yosys 0.50'; exit;; esac\necho > synth.json; echo > synth.v\n\
         echo '{\"design\":{\"num_cells_by_type\":{\"SB_LUT4\":7}}}' > synth.stat.json",
    );
    let tried = place.path("tried");
    let tried = tried.display();
    script(
        "nextpnr-ice40",
        &format!(
            "case $1 in --version) echo 'nextpnr 0.9'; exit;; esac\n\
             echo x >> {tried}; n=0; while read -r l; do n=$((n+1)); done < {tried}\n\
             if [ $n -le {times} ]; then echo > half; echo '{words}'; exit 1; fi\n\
             echo '{{\"fmax\":{{}},\"utilization\":{{}}}}' > pnr.report.json; echo > pnr.asc"
        ),
    );
    script("icepack", "echo x > $2");
}

fn compile(place: &Place, more: &[&str]) -> Output {
    let student = expand("{student}");
    let line = ["compile", &student, "--target", "icebreaker", "-o", "b", "--bitstream", "--json"];
    let mut command = place.command(line);
    command.args(more).env("SYNFIRE_TOOLS", place.path("bin")).output().unwrap()
}

#[test]
fn a_design_without_room_is_folded_again() {
    let place = Place::without_tools();
    tools(&place, 2, FULL);
    let out = compile(&place, &[]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let built: Value = serde_json::from_slice(&out.stdout).unwrap();
    let retries = built["retries"].as_array().unwrap();
    assert_eq!(retries.len(), 2, "{built}");
    let first = retries[0].as_str().unwrap();
    assert!(first.contains("utilisation limit") && first.contains("lanes of fc1 "), "{first}");
    // Of the tries before nothing is left.
    assert!(place.path("b/flow/pnr.asc").is_file() && !place.path("b/flow/half").exists());
    // The build remembers what it kept to: it is the same design when it is read back.
    let again = place.json("simulate b --count 1");
    assert_eq!(again["hardware"]["differences_to_interp"], 0);
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(place.path("b/synfire.json")).unwrap()).unwrap();
    let (kept, cells) = (&manifest["cells"], &built["estimate"]["cells"]);
    assert!(cells.as_u64() <= kept.as_u64() && kept.as_u64() > Some(1000), "{cells} {kept}");
    // What nobody chose is chosen anew.
    assert_eq!(manifest["chunk"], Value::Null);
    let lanes = built["layers"][0]["lanes"].as_u64().unwrap();
    let core = std::fs::read_to_string(place.path("b/rtl/sf_core.v")).unwrap();
    assert!(core.contains(&format!(".P({lanes})")), "{lanes}");
}

#[test]
fn it_ends_where_no_folding_is_smaller() {
    let place = Place::without_tools();
    tools(&place, 1000, FULL);
    let out = compile(&place, &[]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(!out.status.success() && said.contains("SF0504"), "{said}");
    assert!(!place.path("b").exists());

    // Fixed lanes stay what they are.
    std::fs::remove_file(place.path("tried")).unwrap();
    tools(&place, 1, FULL);
    let fixed = ["--lanes", "fc1=32", "--lanes", "fc2=10"];
    let built: Value = serde_json::from_slice(&compile(&place, &fixed).stdout).unwrap();
    assert_eq!(
        (&built["layers"][0]["lanes"], &built["layers"][1]["lanes"]),
        (&32.into(), &10.into())
    );
    assert!(built["retries"][0].as_str().unwrap().ends_with(" logic cells"), "{built}");

    // Another failure is no lack of room.
    std::fs::remove_file(place.path("tried")).unwrap();
    tools(&place, 1, "ERROR: something else");
    let out = compile(&place, &[]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(!out.status.success() && said.contains("SF0502"), "{said}");
    assert_eq!(std::fs::read_to_string(place.path("tried")).unwrap().lines().count(), 1);
}

/// Only a design whose weights are in SPRAM asks Yosys to make SPRAMs of memories.
#[test]
fn memories_become_sprams_where_the_design_has_some() {
    let place = Place::without_tools();
    tools(&place, 0, FULL);
    crate::loaded::tight(&place, 5280, 8);
    let student = expand("{student}");
    for (target, out, spram) in [("icebreaker", "b", false), ("tight.toml", "c", true)] {
        let line = ["compile", &student, "--target", target, "-o", out, "--bitstream"];
        let ran = place.command(line).env("SYNFIRE_TOOLS", place.path("bin")).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let script = std::fs::read_to_string(place.path(out).join("flow/synth.ys")).unwrap();
        assert_eq!(script.contains("-spram"), spram, "{script}");
        let read = script.lines().find(|l| l.starts_with("read_verilog "));
        assert!(read.is_some_and(|l| l.contains("rtl/top.v\"")), "{script}");
    }
}

/// What place and route reaches decides the clock: 0.95 of 33 MHz are 31.35, of 20 MHz 19.
#[test]
fn the_clock_that_is_reached_is_taken() {
    for (reached, taken) in [(33.0, 31.125), (20.0, 18.75)] {
        let place = Place::without_tools();
        tools(&place, 0, FULL);
        let report = format!(
            r#"{{"fmax": {{"clk": {{"achieved": {reached:?}, "constraint": 99.0}}}}, "utilization": {{}}}}"#
        );
        let text = format!(
            "#!/bin/sh\ncase $1 in --version) echo 'nextpnr 0.9'; exit;; esac\n\
             echo '{report}' > pnr.report.json; echo > pnr.asc\n"
        );
        std::fs::write(place.path("bin/nextpnr-ice40"), text).unwrap();
        let compile = |more: &str| {
            let line =
                format!("compile {{small}} --target icebreaker -o b --bitstream --json {more}");
            let mut command = place.command(line.split_whitespace().map(expand));
            command.env("SYNFIRE_TOOLS", place.path("bin")).output().unwrap()
        };
        let out = compile("--clock auto");
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success(), "{said}");
        let built: Value = serde_json::from_slice(&out.stdout).unwrap();
        assert_eq!(built["clock"]["mhz"], taken, "{built}");
        let again = format!("clock: 24 MHz reaches {reached:.2}; routed again for {taken}");
        assert_eq!(built["retries"], serde_json::json!([again]), "{built}");
        // A clock that is asked for has to be reached.
        let out = compile("--clock 24");
        assert_eq!(out.status.success(), reached > 24.0);
        // So has what place and route is to aim at.
        let out = compile("--freq 33.5");
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(said.contains("SF0505") && said.contains("33.50 were asked for"), "{said}");
    }
}

/// Into `b`, with these tools; what is printed.
fn made(place: &Place, model: &str, more: &str) -> Value {
    let line = format!("compile {model} --target icebreaker -o b --json {more}");
    let mut command = place.command(line.split_whitespace().map(expand));
    command.env("SYNFIRE_TOOLS", place.path("bin")).env("SYNFIRE_CACHE", place.path("cache"));
    let out = command.output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

/// A netlist is that of the contents of memories, too; a bitstream stays with its hardware.
#[test]
fn what_was_made_of_the_same_files_is_kept() {
    let place = Place::without_tools();
    tools(&place, 0, FULL);
    let yosys = place.path("bin/yosys");
    let text = std::fs::read_to_string(&yosys).unwrap();
    let counted = format!("esac\necho x >> {}", place.path("synthesised").display());
    std::fs::write(&yosys, text.replace("esac", &counted)).unwrap();
    let count = || std::fs::read_to_string(place.path("synthesised")).unwrap().lines().count();
    let core = || std::fs::read(place.path("b/rtl/sf_core.v")).unwrap();

    let net = crate::models::text(64, 96, 2);
    place.file("net.sfir", &net);
    // All signs the other way: the same Verilog.
    place.file("other.sfir", net.replace("5555", "aaaa"));
    let built = made(&place, "net.sfir", "--bitstream");
    assert_eq!((&built["kept"], count()), (&Value::Bool(false), 1), "{built}");
    let verilog = core();
    made(&place, "net.sfir", "--bitstream --no-trace --freq 30");
    assert_eq!(count(), 2, "other Verilog");
    made(&place, "net.sfir", "--bitstream");
    assert_eq!((count(), core() == verilog), (2, true));
    // Without --bitstream, of the same hardware.
    let built = made(&place, "net.sfir", "");
    assert_eq!((&built["kept"], count()), (&Value::Bool(true), 2), "{built}");
    assert_eq!(built["bitstream"]["lut4"], 7, "{built}");
    assert!(place.path("b/top.bin").is_file() && place.path("b/flow/pnr.asc").is_file());
    // Other memories.
    made(&place, "other.sfir", "--bitstream");
    assert_eq!((count(), core() == verilog), (3, true));
    let built = made(&place, "net.sfir", "");
    assert_eq!((&built["kept"], &built["bitstream"]), (&Value::Bool(false), &Value::Null));
    assert!(!place.path("b/top.bin").exists());
}

/// The second of three seeds is the fastest.
#[test]
fn the_fastest_of_several_placements_is_kept() {
    let place = Place::without_tools();
    tools(&place, 0, FULL);
    let tried = place.path("tried");
    let text = format!(
        "#!/bin/sh\ncase $1 in --version) echo 'nextpnr 0.9'; exit;; esac\n\
         while [ $# -gt 0 ]; do case $1 in --seed) seed=$2;; esac; shift; done\n\
         echo $seed >> {}\n\
         case $seed in 5) mhz=30.5;; *) mhz=20.5;; esac\n\
         echo '{{\"fmax\":{{\"clk\":{{\"achieved\":'$mhz',\"constraint\":12.0}}}},\"utilization\":{{}}}}' \
         > pnr.report.json; echo $seed > pnr.asc\n",
        tried.display()
    );
    std::fs::write(place.path("bin/nextpnr-ice40"), text).unwrap();
    let seeds = || {
        let text = std::fs::read_to_string(&tried).unwrap();
        std::fs::remove_file(&tried).unwrap();
        let mut seeds: Vec<_> = text.lines().map(str::to_owned).collect();
        seeds.sort();
        seeds
    };
    let built = made(&place, "{small}", "--bitstream --seed 4 --seeds 3");
    let (seed, mhz) = (&built["bitstream"]["seed"], &built["bitstream"]["fmax_mhz"]);
    assert_eq!((seed, mhz), (&5.into(), &30.5.into()), "{built}");
    assert_eq!(seeds(), ["4", "5", "6"]);
    let asc = || std::fs::read_to_string(place.path("b/flow/pnr.asc")).unwrap();
    assert_eq!((asc().trim(), place.path("b/flow/seed-5").exists()), ("5", false));
    let built = made(&place, "{small}", "--bitstream --seed 7");
    assert_eq!((&built["bitstream"]["seed"], asc().trim()), (&7.into(), "7"));
    assert_eq!(seeds(), ["7"]);
}
