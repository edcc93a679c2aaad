// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Every board that is built in, tried: the demonstration's model down to a bitstream, verified
//! with deliberate faults, and a table of all of that for docs/boards.md.

use std::process::{Command, Stdio};

use serde_json::Value;

/// The models that a board gets: the first one that it has room for.
const MODELS: [&str; 2] =
    ["distill/students/fashion_mlp.onnx", "tests/models/student/student_dynamo.onnx"];
const IMAGES: &str = "tests/models/student/images-idx3-ubyte.gz";
/// Inferences of each level: core, top, netlist, bitstream.
const COUNTS: [&str; 8] = ["--rtl", "8", "--top", "2", "--netlist", "2", "--on-bitstream", "1"];
/// Where builds, answers and the table go.
const OUT: &str = "build/boards";
/// The page with the table, and what stands around it there.
const PAGE: &str = "docs/boards.md";
const MARKS: [&str; 2] = ["<!-- cargo xtask boards -->\n", "<!-- end -->\n"];
const HEAD: &str = "| board | device | model | LUT4 | memories | MHz wanted, routed | levels: inferences, differences | faults caught |\n\
    |---|---|---|---:|---:|---:|---|---:|\n";
/// The comparisons of `verify` that have their place in the table, and their names there.
const LEVELS: [(&str, &str); 5] = [
    ("sim = RTL, with cycles", "RTL"),
    ("sim = top, over the serial line", "top"),
    ("sim = netlist, over the serial line", "netlist"),
    ("sim = post-route netlist, over the serial line", "routed netlist"),
    ("sim = bitstream, over the serial line", "bitstream"),
];
/// What `compile` says of a network that a board has no room for.
const NO_ROOM: [&str; 2] = ["SF0411", "SF0504"];

/// `--only BOARD` tries one (may be repeated), `--write` puts the rows into the page's table.
pub(crate) fn run(args: &[String]) -> Result<bool, String> {
    let (mut only, mut write) = (Vec::new(), false);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--only" => only.push(args.next().ok_or("--only needs the name of a board")?.clone()),
            "--write" => write = true,
            other => return Err(format!("{other} is not known; see cargo xtask help")),
        }
    }
    let boards: Vec<Board> = boards(&answer(&["targets"])?)?;
    if let Some(unknown) = only.iter().find(|o| boards.iter().all(|b| b.name != **o)) {
        return Err(format!("{unknown} is no board; see `synfire targets`"));
    }
    let (mut table, mut notes, mut is_good) = (HEAD.to_owned(), String::new(), true);
    for board in boards.iter().filter(|b| only.is_empty() || only.contains(&b.name)) {
        let (row, good) = tried(board, &mut notes)
            .unwrap_or_else(|why| (format!("| `{}` | {why} |\n", board.name), false));
        is_good &= good;
        print!("{row}");
        table += &row;
    }
    if !notes.is_empty() {
        print!("{notes}");
        table += &format!("\n{notes}");
    }
    std::fs::write(format!("{OUT}/table.md"), &table).map_err(|e| format!("{OUT}: {e}"))?;
    println!("{OUT}/table.md");
    if write && is_good {
        let page = std::fs::read_to_string(PAGE).map_err(|e| format!("{PAGE}: {e}"))?;
        let page = with_table(&page, &table, &boards)?;
        std::fs::write(PAGE, page).map_err(|e| format!("{PAGE}: {e}"))?;
    }
    Ok(is_good)
}

/// A board of `synfire targets --json`.
struct Board {
    name: String,
    device: String,
    lut4: u64,
    block_rams: u64,
    /// How far the tools go that `setup` installs.
    goal: &'static str,
}

fn boards(targets: &Value) -> Result<Vec<Board>, String> {
    let with = targets.as_array().into_iter().flatten().filter(|t| t["board"].is_object());
    let board = |t: &Value| {
        let (device, have) = (&t["device"], &t["device"]["resources"]);
        Some(Board {
            name: t["name"].as_str()?.to_owned(),
            device: device["name"].as_str()?.to_owned(),
            lut4: have["lut4"].as_u64()?,
            block_rams: have["ebr"].as_u64()?,
            goal: if device["family"] == "xc7" { "--netlist" } else { "--bitstream" },
        })
    };
    with.map(|t| board(t).ok_or_else(|| "`synfire targets` has another form".into())).collect()
}

/// Compiles and verifies; the row of the table, and whether all is as it should be. Models without
/// room are noted.
fn tried(board: &Board, notes: &mut String) -> Result<(String, bool), String> {
    let out = format!("{OUT}/{}", board.name);
    for model in MODELS {
        let (said, _) =
            asked(&["compile", model, "--target", &board.name, "-o", &out, board.goal])?;
        if let Some(code) = said["error"]["code"]["id"].as_str() {
            let message = said["error"]["message"].as_str().unwrap_or_default();
            if NO_ROOM.contains(&code) {
                *notes +=
                    &format!("- `{}` has no room for {}: {message}.\n", board.name, name_of(model));
                continue;
            }
            return Err(format!("{code}: {message}"));
        }
        // Its answer is the report also where something differs.
        let verify = ["verify", &out, "--images", IMAGES, "--mutate"];
        let (verified, good) = asked(&[&verify[..], &COUNTS].concat())?;
        if let Some(code) = verified["error"]["code"]["id"].as_str() {
            return Err(format!("{code}: {}", verified["error"]["message"]));
        }
        return Ok((row(board, model, &said, &verified)?, good));
    }
    Err("none of the models fits".to_owned())
}

/// A file's name without what is around it.
fn name_of(model: &str) -> &str {
    let file = model.rsplit('/').next().unwrap_or(model);
    if file.starts_with("student") { "784-128-10" } else { file.trim_end_matches(".onnx") }
}

/// The row of a board of which these were the answers.
fn row(board: &Board, model: &str, compiled: &Value, verified: &Value) -> Result<String, String> {
    let form = || format!("another form of the answers: {compiled} {verified}");
    let only_netlist = compiled["bitstream"].is_null();
    let made = &compiled[if only_netlist { "netlist" } else { "bitstream" }];
    let number = |name: &str| made[name].as_u64().ok_or_else(form);
    let mut memories = format!("{} of {}", number("ebr")?, board.block_rams);
    if number("spram")? > 0 {
        memories += &format!(", {} SPRAM", number("spram")?);
    }
    let clock = compiled["clock"]["mhz"].as_f64().ok_or_else(form)?;
    let routed = match made["fmax_mhz"].as_f64() {
        Some(mhz) => format!("{mhz:.1}"),
        None if only_netlist => "not routed".to_owned(),
        None => return Err(form()),
    };
    let level = |c: &Value| {
        let (levels, tally) = (c["levels"].as_str()?, &c["tally"]);
        let differences = if c["first"].is_null() { "0" } else { "DIFFERS" };
        Some(format!("{}: {}, {differences}", short(levels)?, tally["images"].as_u64()?))
    };
    let comparisons = verified["comparisons"].as_array().ok_or_else(form)?;
    let mut levels: Vec<String> = comparisons.iter().filter_map(level).collect();
    let packed = &verified["packed"]["compared"];
    if let Some(rams) = packed["block_rams"].as_u64() {
        let first = if packed["first"].is_null() { "equal" } else { "DIFFERS" };
        levels.push(format!("contents of {rams} RAMs: {first}"));
    }
    let fault = &verified["packed"]["fault"];
    let mutations = verified["mutations"].as_array().ok_or_else(form)?;
    let faults: Vec<&Value> =
        mutations.iter().chain(Some(fault).filter(|f| f.is_object())).collect();
    let caught = faults.iter().filter(|f| !f["caught"].is_null()).count();
    Ok(format!(
        "| `{}` | `{}` | {} | {} of {} | {memories} | {clock}, {routed} | {} | {caught} of {} |\n",
        board.name,
        board.device,
        name_of(model),
        grouped(number("lut4")?),
        grouped(board.lut4),
        levels.join("; "),
        faults.len()
    ))
}

/// What a level is called in the table; those that are the core's alone at another pace are left
/// out.
fn short(levels: &str) -> Option<&'static str> {
    LEVELS.into_iter().find_map(|(long, short)| (long == levels).then_some(short))
}

fn grouped(n: u64) -> String {
    if n < 1000 { n.to_string() } else { format!("{},{:03}", n / 1000, n % 1000) }
}

/// The page with these rows in the table between its marks; boards that are not in them keep theirs.
fn with_table(page: &str, tried: &str, boards: &[Board]) -> Result<String, String> {
    let (before, rest) = page.split_once(MARKS[0]).ok_or("the page has no place for the table")?;
    let (old, after) = rest.split_once(MARKS[1]).ok_or("the page's table does not end")?;
    let (mut table, mut notes) = (HEAD.to_owned(), String::new());
    for name in boards.iter().map(|b| &b.name) {
        let row = format!("| `{name}` |");
        let from = if tried.contains(&row) { tried } else { old };
        let lines =
            |start: &str| from.lines().find(|l| l.starts_with(start)).map(|l| format!("{l}\n"));
        table += &lines(&row).unwrap_or_default();
        notes += &lines(&format!("- `{name}` ")).unwrap_or_default();
    }
    if !notes.is_empty() {
        table += &format!("\n{notes}");
    }
    Ok([before, MARKS[0], &table, MARKS[1], after].concat())
}

/// What `synfire --json` answers, which has to be a good answer.
fn answer(args: &[&str]) -> Result<Value, String> {
    let (said, _) = asked(args)?;
    if said["error"].is_object() { Err(said["error"].to_string()) } else { Ok(said) }
}

/// What `synfire --json` answers, and whether it succeeded.
fn asked(args: &[&str]) -> Result<(Value, bool), String> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["run", "--quiet", "--release", "--", "--json"]).args(args);
    let done = command.stdin(Stdio::null()).output().map_err(|e| format!("cargo: {e}"))?;
    let (good, answers) = (done.status.success(), [done.stdout, done.stderr]);
    let read = answers.iter().find_map(|said| serde_json::from_slice(said).ok());
    read.map(|said| (said, good)).ok_or_else(|| {
        format!("synfire {}: {}", args.join(" "), String::from_utf8_lossy(&answers[1]))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn board() -> Board {
        let (name, device) = ("tangnano9k".to_owned(), "gw1nr-9c".to_owned());
        Board { name, device, lut4: 8640, block_rams: 26, goal: "--bitstream" }
    }

    #[test]
    fn a_row_has_each_number_from_where_it_belongs() {
        let compiled = json!({"clock": {"mhz": 27.0},
            "bitstream": {"lut4": 6352, "ebr": 22, "spram": 3, "fmax_mhz": 61.25}});
        let comparison = |levels: &str, images: u32, first: Value| json!({"levels": levels, "first": first, "tally": {"images": images}});
        let verified = json!({
            "comparisons": [
                comparison("interp = sim", 1000, Value::Null),
                comparison("sim = RTL, with cycles", 8, Value::Null),
                comparison("sim = post-route netlist, over the serial line", 2, json!({}))],
            "packed": {"compared": {"block_rams": 22, "first": null}, "fault": {"caught": "x"}},
            "mutations": [{"caught": {}}, {"caught": null}]});
        let found = row(&board(), MODELS[0], &compiled, &verified).unwrap();
        let wanted = "| `tangnano9k` | `gw1nr-9c` | fashion_mlp | 6,352 of 8,640 | 22 of 26, 3 SPRAM | 27, 61.2 | \
            RTL: 8, 0; routed netlist: 2, DIFFERS; contents of 22 RAMs: equal | 2 of 3 |\n";
        assert_eq!(found, wanted);
        assert!(row(&board(), MODELS[1], &json!({}), &verified).is_err());
        // Without a bitstream the netlist's numbers, and no clock that was reached.
        let netlist = json!({"clock": {"mhz": 50}, "bitstream": null,
            "netlist": {"lut4": 7719, "ebr": 20, "spram": 0}});
        let found = row(&board(), MODELS[0], &netlist, &verified).unwrap();
        assert!(found.contains("| 7,719 of 8,640 | 20 of 26 | 50, not routed |"), "{found}");
        let bitstream = json!({"clock": {"mhz": 50}, "bitstream": netlist["netlist"]});
        assert!(row(&board(), MODELS[0], &bitstream, &verified).is_err());
        assert_eq!(name_of(MODELS[1]), "784-128-10");
    }

    #[test]
    fn levels_are_those_of_verify() {
        let names = crate::root().join("src/verify/executor.rs");
        let names = std::fs::read_to_string(names).unwrap();
        for (long, _) in LEVELS {
            let name = long.strip_prefix("sim = ").unwrap();
            assert!(names.contains(&format!("\"{name}\";")), "{name}");
        }
    }

    #[test]
    fn boards_are_the_targets_with_pins() {
        let device = json!({"name": "d", "resources": {"lut4": 5, "ebr": 6}});
        let targets = json!([{"name": "d", "device": device, "board": null},
            {"name": "b", "device": device, "board": {}}]);
        let found = boards(&targets).unwrap();
        assert_eq!((found.len(), &*found[0].name, &*found[0].device), (1, "b", "d"));
        assert_eq!((found[0].lut4, found[0].block_rams, found[0].goal), (5, 6, "--bitstream"));
        let device = json!({"name": "x", "family": "xc7", "resources": {"lut4": 5, "ebr": 6}});
        let found = boards(&json!([{"name": "b", "device": device, "board": {}}])).unwrap();
        assert_eq!(found[0].goal, "--netlist");
    }

    #[test]
    fn boards_that_were_not_tried_keep_their_rows() {
        let of = |name: &str| Board { name: name.into(), ..board() };
        let old = format!("{HEAD}| `a` | 1 |\n| `b` | 1 |\n\n- `b` has no room.\n");
        let page = format!("x\n{}{old}{}y\n", MARKS[0], MARKS[1]);
        let tried = format!("{HEAD}| `b` | 2 |\n| `c` | 2 |\n\n- `c` has no room.\n");
        let new = format!("{HEAD}| `a` | 1 |\n| `b` | 2 |\n| `c` | 2 |\n\n- `c` has no room.\n");
        let found = with_table(&page, &tried, &[of("a"), of("b"), of("c"), of("d")]).unwrap();
        assert_eq!(found, format!("x\n{}{new}{}y\n", MARKS[0], MARKS[1]));
        assert!(with_table("no table", &tried, &[]).is_err());
    }

    #[test]
    fn the_page_has_a_table_of_boards() {
        let page = std::fs::read_to_string(crate::root().join(PAGE)).unwrap();
        let table = page.split(MARKS[0]).nth(1).unwrap().split(MARKS[1]).next().unwrap();
        assert!(table.starts_with(HEAD), "{table}");
        for row in table.lines().skip(2).take_while(|l| !l.is_empty()) {
            let name = row.split('`').nth(1).unwrap();
            let file = crate::root().join("targets").join(format!("{name}.toml"));
            let target = std::fs::read_to_string(file).unwrap();
            assert!(target.contains("\n[board]\n") && !row.contains("DIFFERS"), "{row}");
        }
    }
}
