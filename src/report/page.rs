// SPDX-License-Identifier: Apache-2.0 OR MIT
//! One inference as a page: tables, time, memories, spikes. It needs nothing but itself.

use std::fmt::Write as _;

use super::facts::grouped;
use super::memory::memory_svg;
use super::raster::raster;
use super::run::Run;
use super::timeline::timeline;
use super::xml::escape;
use crate::hw::Design;
use crate::target::Target;

const STYLE: &str = "body{font:14px/1.45 Inter,'Segoe UI','Helvetica Neue',Arial,'Liberation Sans',sans-serif;\
max-width:1100px;margin:2em auto;padding:0 1em;color:#1f2933;background:#fff}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums}\
td,th{padding:.2em .7em;text-align:right;border-bottom:1px solid #e6ebef}\
td:first-child,th:first-child{text-align:left}h2{margin-top:2em}svg{max-width:100%;height:auto}\
@media (prefers-color-scheme:dark){body{color:#e6ebf0;background:#0e1216}td,th{border-color:#2b3540}}";

/// A page about one inference of a design.
#[must_use]
pub fn page(design: &Design, target: &Target, run: &Run) -> String {
    let title = format!("{} on {}", escape(&design.name), escape(&target.name));
    let mut out = String::new();
    let _ = writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">");
    let _ = writeln!(out, "<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>");
    let steps = design.timesteps;
    let _ = writeln!(out, "<h1>{title}</h1>");
    let _ = writeln!(
        out,
        "<p>One simulated inference, {steps} {}: class {}, {} cycles from the first input to the last byte of the result.</p>",
        super::facts::plural(steps, "timestep"),
        run.class,
        grouped(run.cycles)
    );
    let logits: Vec<String> = run.logits.iter().map(i32::to_string).collect();
    let _ = writeln!(out, "<p>Logits: {}</p>", logits.join(", "));

    let _ = writeln!(out, "<h2>{}</h2>", if design.shared.is_some() { "Jobs" } else { "Stages" });
    rows(&mut out, design, run);
    let _ = writeln!(out, "<h2>Time</h2>");
    let _ = writeln!(out, "<p>Dark: share of the cycles in which a row of weights is read.</p>");
    out.push_str(&timeline(run));
    let _ = writeln!(out, "<h2>Memories</h2>");
    out.push_str(&memory_svg(design, target, None));
    let _ = writeln!(out, "<h2>Spikes</h2>");
    for layer in &run.layers {
        let slots = layer.trains.len() as f64 * f64::from(steps);
        let share = 100.0 * layer.spikes() as f64 / slots.max(1.0);
        let [c, h, w] = layer.shape;
        let _ = writeln!(
            out,
            "<p><b>{}</b>, {c}×{h}×{w}: {} spikes, {share:.1} %</p>",
            escape(&layer.name),
            grouped(layer.spikes())
        );
        out.push_str(&raster(layer, steps));
    }
    out.push_str("</body>\n</html>\n");
    out
}

/// What each stage or job is, and what it did.
fn rows(out: &mut String, design: &Design, run: &Run) {
    let jobs = super::jobs(design);
    let shapes: &[&str] = match jobs.is_empty() {
        true => &[],
        false => &["reads", "window", "result", "windows", "groups", "planes", "adds", "writes"],
    };
    let did = ["words", "rows read", "additions", "spikes", "cycles", "share"];
    out.push_str("<table>\n<tr>");
    for head in ["layer"].iter().chain(shapes).chain(&did) {
        let _ = write!(out, "<th>{head}</th>");
    }
    out.push_str("</tr>\n");
    for (i, span) in run.spans.iter().enumerate() {
        let mut cells = vec![span.name.clone()];
        // The input comes first, and is no job.
        match i.checked_sub(1).and_then(|k| jobs.get(k)) {
            Some(j) => {
                let [c, h, w] = j.out;
                cells.extend([
                    j.reads.clone(),
                    format!("{}×{}", j.window[0], j.window[1]),
                    format!("{c}×{h}×{w}"),
                    grouped(h * w),
                    j.groups.to_string(),
                    j.planes(),
                    j.adds.clone(),
                    j.writes.clone(),
                ]);
            }
            None => cells.extend(shapes.iter().map(|_| String::new())),
        }
        let share = 100.0 * span.cycles() as f64 / run.cycles.max(1) as f64;
        cells.extend([
            grouped(span.words),
            grouped(span.rows.len()),
            grouped(span.additions),
            grouped(span.spikes),
            grouped(span.cycles()),
            format!("{share:.1} %"),
        ]);
        let cells: Vec<String> = cells.iter().map(|c| format!("<td>{}</td>", escape(c))).collect();
        let _ = writeln!(out, "<tr>{}</tr>", cells.concat());
    }
    out.push_str("</table>\n");
}
