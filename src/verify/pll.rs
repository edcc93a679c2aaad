// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The PLL of a board beside the simulations, which count cycles and know no frequencies: models
//! that pass the clock on, and the comparison of what the PLL is set to with what it should be.

use std::path::{Path, PathBuf};

use crate::diag::{Diagnostic, Result, codes, write_file};
use crate::target::{Board, Family, Pll};

/// The models, by file: named as their cells.
const ICE40: (&str, &str) =
    ("SB_PLL40_PAD.v", include_str!("../../templates/verify/SB_PLL40_PAD.v"));
const ECP5: (&str, &str) = ("EHXPLLL.v", include_str!("../../templates/verify/EHXPLLL.v"));

const XC7: (&str, &str) = ("PLLE2_BASE.v", include_str!("../../templates/verify/PLLE2_BASE.v"));

/// Writes the model of a family's PLL into `work`, if the board uses one.
pub(super) fn model(family: Family, board: &Board, work: &Path) -> Result<Option<PathBuf>> {
    let (name, text) = match family {
        Family::Ice40 => ICE40,
        Family::Ecp5 => ECP5,
        Family::Xc7 => XC7,
        // None is used there.
        Family::Gowin => return Ok(None),
    };
    let path = work.join(name);
    match board.pll_setting {
        Some(_) => write_file(&path, text).map(|()| Some(path)),
        None => Ok(None),
    }
}

/// Compares what was read back with what the board asks for: divisors and, where there is one,
/// the range of the filter.
pub(super) fn compare(board: &Board, read: Option<(Pll, Option<u32>)>) -> Result<()> {
    let wanted = board.pll_setting.map(|p| (p, p.filter(board.clock_mhz)));
    let same = match (wanted, read) {
        (None, None) => true,
        (Some((pll, filter)), Some((found, range))) => {
            pll == found && range.is_none_or(|r| r == filter)
        }
        _ => false,
    };
    if same {
        return Ok(());
    }
    let words = |pll: Option<(Pll, Option<u32>)>| match pll {
        None => "no PLL".to_owned(),
        Some((Pll { reference, feedback, output }, filter)) => {
            let filter = filter.map_or_else(String::new, |f| format!(", filter {f}"));
            format!("{} MHz / {reference} × {feedback} / {output}{filter}", board.clock_mhz)
        }
    };
    let range = |filter: u32| read.and_then(|(_, range)| range).map(|_| filter);
    let wanted = words(wanted.map(|(pll, filter)| (pll, range(filter))));
    let message = format!("{} instead of {wanted}", words(read));
    Err(Diagnostic::new(&codes::CLOCK_DIFFERS, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target;

    #[test]
    fn every_divisor_and_the_filter_count() {
        let none = target::load("icebreaker").unwrap().board.unwrap();
        let pll = Pll { reference: 1, feedback: 64, output: 32 };
        let board = Board { pll_setting: Some(pll), ..none.clone() };
        assert!(compare(&none, None).is_ok());
        assert!(compare(&board, Some((pll, Some(1)))).is_ok());
        // An ECP5's has no filter that could be read.
        assert!(compare(&board, Some((pll, None))).is_ok());
        for (board, read, words) in [
            (&none, Some((pll, Some(1))), "12 MHz / 1 × 64 / 32, filter 1 instead of no PLL"),
            (&board, None, "no PLL instead of 12 MHz / 1 × 64 / 32"),
            (
                &board,
                Some((Pll { feedback: 63, ..pll }, None)),
                "12 MHz / 1 × 63 / 32 instead of 12 MHz / 1 × 64 / 32",
            ),
            (
                &board,
                Some((pll, Some(2))),
                "12 MHz / 1 × 64 / 32, filter 2 instead of 12 MHz / 1 × 64 / 32, filter 1",
            ),
        ] {
            let error = compare(board, read).unwrap_err();
            assert_eq!((error.code.id, &*error.message), ("SF0605", words));
        }
    }

    #[test]
    fn a_model_is_there_where_a_pll_is() {
        let dir = tempfile::tempdir().unwrap();
        let mut board = target::load("icebreaker").unwrap().board.unwrap();
        assert_eq!(model(Family::Ice40, &board, dir.path()).unwrap(), None);
        board.pll_setting = Some(Pll { reference: 1, feedback: 64, output: 32 });
        for (family, cell) in [
            (Family::Ice40, "SB_PLL40_PAD"),
            (Family::Ecp5, "EHXPLLL"),
            (Family::Xc7, "PLLE2_BASE"),
        ] {
            let path = model(family, &board, dir.path()).unwrap().unwrap();
            let text = std::fs::read_to_string(path).unwrap();
            assert!(text.contains(&format!("module {cell} #(")));
        }
    }
}
