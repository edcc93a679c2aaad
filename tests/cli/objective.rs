// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What hardware is folded for: the foldings as a table, and the one that is taken.

use serde_json::Value;

use crate::json::as_documented;
use crate::run::Place;

fn number(row: &Value, name: &str) -> u64 {
    row[name].as_u64().unwrap_or_else(|| panic!("{name}: {row}"))
}

/// Estimated (cells, cycles) of a build.
fn built(place: &Place, line: &str) -> (u64, u64) {
    let estimate =
        place.json(&format!("compile {{student}} --target icebreaker -o b {line}"))["estimate"]
            .clone();
    (number(&estimate, "cells"), number(&estimate, "cycles"))
}

#[test]
fn each_objective_takes_its_folding() {
    let place = Place::new();
    let table = place.json("inspect {student} --hw --foldings");
    as_documented("foldings", &serde_json::json!({ "foldings": table }));
    let rows = table.as_array().unwrap();
    assert!(rows.len() > 2, "{table}");
    let figures: Vec<_> = rows.iter().map(|r| (number(r, "cells"), number(r, "cycles"))).collect();
    let energy = |r: &Value| r["energy_nj"]["value"].as_f64().unwrap();
    let least = rows.iter().min_by(|a, b| energy(a).total_cmp(&energy(b))).unwrap();

    assert_eq!(built(&place, ""), figures[0]);
    assert_eq!(built(&place, "--objective throughput"), figures[0]);
    assert_eq!(built(&place, "--objective area"), figures[figures.len() - 1]);
    let energy = built(&place, "--objective energy");
    assert_eq!(energy, (number(least, "cells"), number(least, "cycles")));

    // The smallest that is fast enough, the fastest that is small enough.
    let (cells, cycles) = figures[1];
    assert_eq!(built(&place, &format!("--objective area --max-cycles {cycles}")), figures[1]);
    assert_eq!(built(&place, &format!("--max-cycles {}", figures[0].1)), figures[0]);
    assert_eq!(built(&place, &format!("--max-cells {}", figures[0].0 - 1)).0, cells);
    // The build is what was chosen when it is opened again, too.
    assert_eq!(number(&place.json("inspect b --hw")["estimate"], "cells"), cells);
}

#[test]
fn the_table_is_for_people_too() {
    let place = Place::new();
    let said = place.good("inspect {student} --hw --foldings --max-cycles 2000");
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0].starts_with("mapping "), "{said}");
    assert!(lines.len() > 1 && lines[1].starts_with("pipeline "), "{said}");
    let all = place.good("inspect {student} --hw --foldings");
    assert!(lines.len() < all.lines().count(), "{said}\n{all}");
    let said = place.good("inspect {student} --hw --objective area");
    assert!(said.starts_with("fewest logic cells of "), "{said}");
}

#[test]
fn what_cannot_be_met_is_refused() {
    let place = Place::new();
    let compile = "compile {student} --target";
    place.refused(&format!("{compile} icebreaker -o b --max-cycles 10"), 1, "SF0411", "fastest");
    place.refused(&format!("{compile} icebreaker -o b --max-cells 10"), 1, "SF0411", "10 cells");
    let unknown = format!("{compile} ulx3s-25f -o b --objective energy");
    place.refused(&unknown, 1, "SF0412", "coefficients");
    place.good(&format!("{compile} icebreaker -o b"));
    place.refused("inspect b --hw --foldings", 1, "SF0003", "name the model");
    assert_eq!(place.run("inspect {student} --foldings").code, Some(2));
}
