// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Import of ONNX models, on the two exports of the student.

use std::path::PathBuf;

use synfire::import::{Options, load_with_report};
use synfire::ir;

fn student(exporter: &str) -> PathBuf {
    let folder = std::env::var_os("SYNFIRE_STUDENT").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/models/student"),
        PathBuf::from,
    );
    folder.join(format!("student_{exporter}.onnx"))
}

#[test]
fn show() {
    for e in ["legacy", "dynamo"] {
        match load_with_report(&student(e), &Options::default()) {
            Ok((g, r)) => {
                for l in ir::print(&g).unwrap().lines() {
                    println!("{}", l.chars().take(150).collect::<String>());
                }
                for l in &r.lifted {
                    println!(
                        "{} {:?} {} {:?}",
                        l.pattern,
                        l.node,
                        l.sources.len(),
                        &l.sources[..l.sources.len().min(8)]
                    );
                }
            }
            Err(d) => println!("{e}: {} {d} {:?}", d.code.id, d.help),
        }
    }
}
