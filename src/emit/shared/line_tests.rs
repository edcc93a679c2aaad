// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The files of a line: who is tied to whom.

use super::files;
use crate::hw::Design;
use crate::hw::shared::Source;
use crate::hw::shared::tests::{on_line, residual, two_readers};
use crate::target::Family;

/// `sf_core.v` of a line, and the names of all files.
fn core(design: &Design) -> (String, Vec<String>) {
    let files = files(design, design.shared.as_ref().unwrap()).unwrap();
    let core = files.iter().find(|f| f.path.ends_with("sf_core.v")).unwrap();
    let text = String::from_utf8(core.contents.clone()).unwrap();
    (text, files.iter().map(|f| f.path.clone()).collect())
}

/// Instances of a module, each with its parameters and ports, in one line.
fn instances(text: &str, module: &str) -> Vec<String> {
    let start = format!("  {module} #(");
    let parts = text.split(&start).skip(1).map(|rest| rest.split(");\n").next().unwrap());
    parts.map(|p| p.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_line_has_a_module_and_memories_for_each_job() {
    let (text, files) = core(&on_line(&residual()));
    for job in 0..6 {
        assert!(files.iter().any(|f| f.ends_with(&format!("sf_job_{job}.v"))), "{files:?}");
        assert!(files.iter().any(|f| f.ends_with(&format!("job_{job}_weights.hex"))), "{files:?}");
        assert!(text.contains(&format!("sf_job_{job} u_job_{job} (")));
    }
    // The stem alone reads the input; the head alone feeds the readout.
    assert_eq!(instances(&text, "sf_input_map").len(), 1);
    assert!(text.contains(".x_data_i(q_data_5), .x_valid_i(q_valid_5)"));
}

/// The stem waits for the rows of the input. `conv1`, job 1, waits for two rows of what job 0 fires,
/// for a row of what it keeps, and for job 2,
/// which frees two of its own at once. Jobs and maps are those of `hw::shared::tests::line`.
#[test]
fn a_line_waits_for_rows_and_for_room() {
    let (text, _) = core(&on_line(&residual()));
    let rows = instances(&text, "sf_rows");
    let of = |job: usize| -> Vec<&str> {
        rows.iter().filter(|r| r.contains(&format!("u_rows_{job}_"))).map(|r| &**r).collect()
    };
    let told = |text: &str, parameters: &str, row: &str| {
        let ports = format!(".written_i({row}), ");
        assert!(text.starts_with(parameters) && text.contains(&ports), "{text}");
    };
    let said = |text: &str, parameters: &str, writer: usize| {
        told(text, parameters, &format!("row_{writer}"));
    };
    let [input, stem] = of(0)[..] else { panic!("{rows:?}") };
    told(input, ".ROWS(8), .OWN(8), .FIRST(2), .STEP(1) )", "level_row[0]");
    said(stem, ".ROWS(8), .OWN(8), .FIRST(1), .STEP(1), .START(4), .EACH(1) )", 1);
    let [trains, added, room] = of(1)[..] else { panic!("{rows:?}") };
    said(trains, ".ROWS(8), .OWN(8), .FIRST(2), .STEP(1) )", 0);
    said(added, ".ROWS(8), .OWN(8), .FIRST(1), .STEP(1) )", 0);
    said(room, ".ROWS(8), .OWN(8), .FIRST(1), .STEP(1), .START(4), .EACH(2) )", 2);
    // The head's steps are the rows of its window, of a result of one row and place.
    let [head] = of(5)[..] else { panic!("{rows:?}") };
    said(head, ".ROWS(4), .OWN(4), .FIRST(1), .STEP(1) )", 4);
}

/// Each job that reads the input waits for its own copy of it.
#[test]
fn a_job_waits_for_its_own_input_map() {
    let mut design = on_line(&residual());
    design.shared.as_mut().unwrap().jobs[1].source = Source::Input;
    let (text, _) = core(&design);
    assert_eq!(instances(&text, "sf_input_map").len(), 2);
    for job in 0..2 {
        let wait = format!("u_rows_{job}_0 (");
        let rows = instances(&text, "sf_rows").into_iter().find(|r| r.contains(&wait)).unwrap();
        assert!(rows.contains(&format!(".written_i(level_row[{job}])")), "{rows}");
    }
}

/// On a device with multipliers gains and neurons of few channels are look-up tables, and no block
/// RAM is looked for.
#[test]
fn parameters_lie_where_the_estimate_says() {
    let mut design = on_line(&residual());
    for (family, block) in [(Family::Ecp5, 0), (Family::Ice40, 1)] {
        design.family = family;
        let shared = design.shared.as_ref().unwrap();
        let files = files(&design, shared).unwrap();
        let stem = files.iter().find(|f| f.path.ends_with("sf_job_0.v")).unwrap();
        let text = String::from_utf8_lossy(&stem.contents);
        for init in ["gains", "neurons"] {
            assert!(
                text.contains(&format!(".BLOCK({block}), .INIT(\"job_0_{init}.hex\")")),
                "{text}"
            );
        }
        let blocks = crate::emit::block_memories(&design);
        let parameters = blocks.iter().filter(|b| !b.1.starts_with("weights")).count();
        assert_eq!(parameters > 0, block == 1, "{blocks:?}");
        assert_eq!(blocks.iter().filter(|b| b.1.starts_with("weights")).count(), 6);
    }
}

#[test]
fn a_line_hands_currents_on_in_rings() {
    let (text, _) = core(&on_line(&residual()));
    let handed = instances(&text, "sf_handed");
    let depths: Vec<_> = handed
        .iter()
        .map(|h| h.split(".DEPTH(").nth(1).unwrap().split(')').next().unwrap())
        .collect();
    assert_eq!(depths, ["256", "256", "128", "256"], "{handed:?}");
    // `conv1` adds in order, `short` gathers by address.
    assert!(
        handed[0].contains(".SEQ(1)") && handed[0].contains(".re_i(add_en_1)"),
        "{}",
        handed[0]
    );
    assert!(handed[1].contains(".SEQ(0)"), "{}", handed[1]);
    assert!(handed[1].contains(".re_i(gather_en_2), .raddr_i(read_addr_2[7:0])"), "{}", handed[1]);
}

/// Two layers read the same spikes: two memories, of which the host reads the first.
#[test]
fn a_line_sends_each_map_once() {
    let (text, _) = core(&on_line(&two_readers()));
    assert_eq!(instances(&text, "sf_map").len(), 3);
    let dumps = instances(&text, "sf_dump");
    assert_eq!(dumps.len(), 2, "{dumps:?}");
    assert!(dumps[0].contains(".rdata_i(trains_0_0)") && dumps[1].contains(".rdata_i(trains_1_0)"));
}
