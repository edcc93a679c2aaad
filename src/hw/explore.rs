// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The foldings of a network: from the one with the fewest cycles to the one with the fewest
//! logic cells.

use super::{Design, Estimate, Mapping, Options, lower};
use crate::diag::Result;
use crate::ir::Graph;
use crate::target::Target;

/// The next folding has at most this share of the logic cells of the one before.
const NEXT: f64 = 0.9;

/// A network folded into a target.
#[derive(Debug, Clone)]
pub struct Folding {
    /// What [`lower()`] has to be told to make it again.
    pub options: Options,
    /// What it is.
    pub design: Design,
    /// What it needs.
    pub estimate: Estimate,
}

/// Folds an integer graph into fewer and fewer logic cells, in each mapping that
/// `options` leaves open, and keeps what no other folding beats in both cells and cycles: the
/// fastest first, each next one slower and smaller. With lanes that are all fixed there is one.
///
/// # Errors
/// Those of [`lower()`], if nothing fits.
pub fn foldings(graph: &Graph, target: &Target, options: &Options) -> Result<Vec<Folding>> {
    let mut all = Vec::new();
    for mapping in mappings(options) {
        let mut options = Options { mapping, ..options.clone() };
        while let Ok((design, estimate)) = lower(graph, target, &options) {
            let less = (f64::from(estimate.cells) * NEXT) as u32;
            all.push(Folding { options: options.clone(), design, estimate });
            options.cells = Some(less);
        }
    }
    if all.is_empty() {
        // The error that a user of `lower` would see.
        let (design, estimate) = lower(graph, target, options)?;
        all.push(Folding { options: options.clone(), design, estimate });
    }
    Ok(front(all))
}

/// The mappings that are tried. Whoever names lanes of a layer, or a chunk, has chosen.
fn mappings(options: &Options) -> Vec<Mapping> {
    match options.mapping {
        Mapping::Auto if options.lanes.is_empty() => vec![Mapping::Pipeline, Mapping::Shared],
        mapping => vec![mapping],
    }
}

/// What nothing else beats, the fewest cycles first.
fn front(mut all: Vec<Folding>) -> Vec<Folding> {
    all.sort_by_key(|f| (f.estimate.cycles, f.estimate.cells));
    let mut least = u32::MAX;
    all.retain(|f| {
        let is_smaller = f.estimate.cells < least;
        least = least.min(f.estimate.cells);
        is_smaller
    });
    all
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::hw::tests::{NET, board, graph};

    /// 160 inputs, 48 neurons, 3 classes: weights enough for many foldings.
    pub(crate) fn wide() -> Graph {
        let list = |n: usize, one: &str| vec![one; n].join(",");
        let signs = |rows: usize, cols: usize| {
            let row = format!("\"{}\"", "6".repeat(cols / 4));
            format!(r#"{{"cols":{cols},"rows":[{}]}}"#, list(rows, &row))
        };
        graph(&format!(
            r#"synfire-ir 1
graph "wide" timesteps 3
%in = input() : levels[160; 4] static {{"shape":[160],"bits":4,"is_static":true}}
%fc1 = linear(%in) : current[48; fixed(13, 0)] static {{"weights":{{"binary":{{"signs":{},"scale":1.0}}}},"bias":null}}
%n1 = fixed-lif(%fc1) : spikes[48] {{"leak_num":3,"leak_shift":2,"frac":2,"width":17,"bias":[{}],"threshold":[{}],"reset":"soft-delayed","compare":"above"}}
%out = linear(%n1) : current[3; fixed(7, 0)] {{"weights":{{"binary":{{"signs":{},"scale":1.0}}}},"bias":null}}
%y = fixed-readout(%out) : current[3; fixed(12, 2)] {{"frac":2,"gain":[5,7,0],"offset":[-16,15,0],"gain_width":3,"width":12}}
output %y
"#,
            signs(48, 160),
            list(48, "4"),
            list(48, "7"),
            signs(3, 48),
        ))
    }

    fn found(options: &Options) -> Vec<Folding> {
        foldings(&wide(), &board(), options).unwrap()
    }

    fn figures(all: &[Folding]) -> Vec<(u32, u32)> {
        all.iter().map(|f| (f.estimate.cycles, f.estimate.cells)).collect()
    }

    #[test]
    fn each_is_slower_and_smaller_than_the_one_before() {
        let all = figures(&found(&Options::default()));
        assert!(all.len() > 2, "{all:?}");
        assert!(all.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 > w[1].1), "{all:?}");
    }

    #[test]
    fn none_beats_the_first_and_each_can_be_made_again() {
        let all = found(&Options::default());
        let (_, fastest) = lower(&wide(), &board(), &Options::default()).unwrap();
        assert!(all[0].estimate.cycles <= fastest.cycles);
        for folding in &all {
            let (design, _) = lower(&wide(), &board(), &folding.options).unwrap();
            assert_eq!(format!("{design:?}"), format!("{:?}", folding.design));
        }
    }

    #[test]
    fn what_is_fixed_stays() {
        let pipeline = Options { mapping: Mapping::Pipeline, ..Options::default() };
        assert!(found(&pipeline).iter().all(|f| f.design.shared.is_none()));
        let shared = Options { mapping: Mapping::Shared, ..Options::default() };
        assert!(found(&shared).iter().all(|f| f.design.shared.is_some()));
        let lanes = [("shared".to_owned(), 2)].into();
        let two = found(&Options { lanes, mapping: Mapping::Shared, ..Options::default() });
        assert_eq!(two.len(), 1);
        assert_eq!(two[0].design.shared.as_ref().map(|s| s.lanes), Some(2));
    }

    #[test]
    fn what_is_beaten_is_left_out() {
        let one = &found(&Options::default())[0];
        let with = |cycles, cells| {
            let mut folding = one.clone();
            (folding.estimate.cycles, folding.estimate.cells) = (cycles, cells);
            folding
        };
        let all = vec![with(9, 5), with(5, 9), with(7, 9), with(5, 8), with(6, 8), with(8, 5)];
        assert_eq!(figures(&front(all)), [(5, 8), (8, 5)]);
    }

    #[test]
    fn what_fits_nowhere_is_refused_as_ever() {
        let options = Options { cells: Some(10), ..Options::default() };
        let want = lower(&graph(NET), &board(), &options).unwrap_err();
        let refused = foldings(&graph(NET), &board(), &options).unwrap_err();
        assert_eq!(refused.message, want.message);
    }
}
