// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `--confusion`: how often which class was given for which label.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::ui::{table, thousands};
use crate::diag::{Diagnostic, Result, codes, write_file};
use crate::report::{CONFUSION_CLASSES, confusion_svg};

/// More classes make lines that no terminal shows.
const COLUMNS: usize = 32;

/// Counts of the pairs that occur, by label and class: a model may have many classes, and a file
/// any labels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Confusion {
    pairs: BTreeMap<(usize, usize), u64>,
}

/// A pair that occurs, for scripts.
#[derive(Serialize)]
pub(super) struct Pair {
    label: usize,
    class: usize,
    count: u64,
}

impl Confusion {
    /// Takes one inference in.
    pub(super) fn count(&mut self, label: usize, class: usize) {
        *self.pairs.entry((label, class)).or_default() += 1;
    }

    /// Adds the counts of other inferences.
    pub(super) fn add(&mut self, other: &Self) {
        for (pair, n) in &other.pairs {
            *self.pairs.entry(*pair).or_default() += n;
        }
    }

    pub(super) fn pairs(&self) -> Vec<Pair> {
        let pair =
            |(&(label, class), &count): (&(usize, usize), &u64)| Pair { label, class, count };
        self.pairs.iter().map(pair).collect()
    }

    /// One more than the largest label or class.
    fn size(&self) -> usize {
        self.pairs.keys().map(|(label, class)| label.max(class) + 1).max().unwrap_or(0)
    }

    /// `[label][class]`; call it only where [`Confusion::size`] is small.
    fn square(&self) -> Vec<Vec<u64>> {
        let size = self.size();
        let count = |label, class| self.pairs.get(&(label, class)).copied().unwrap_or(0);
        (0..size).map(|label| (0..size).map(|class| count(label, class)).collect()).collect()
    }

    /// A line for each label; the last column is the share that is right.
    pub(super) fn text(&self) -> String {
        let size = self.size();
        if size > COLUMNS {
            return format!(
                "\n{size} classes are too many for a table; --json has the pairs that occur\n"
            );
        }
        let mut rows = vec![vec!["label \\ class".to_owned()]];
        rows[0].extend((0..size).map(|class| class.to_string()));
        rows[0].push("right".to_owned());
        for (label, counts) in self.square().into_iter().enumerate() {
            let mut row = vec![label.to_string()];
            row.extend(counts.iter().map(|n| thousands(*n)));
            let all: u64 = counts.iter().sum();
            let share = 100.0 * counts[label] as f64 / all.max(1) as f64;
            row.push(if all == 0 { "-".to_owned() } else { format!("{share:.1} %") });
            rows.push(row);
        }
        format!("\n{}", table(&rows))
    }

    /// Writes it as a picture.
    ///
    /// # Errors
    /// [`codes::BAD_OPTION`] if there are too many classes; [`codes::FILE_WRITE`].
    fn write(&self, model: &str, path: &Path) -> Result<()> {
        if self.size() > CONFUSION_CLASSES {
            let message = format!(
                "--confusion: {} classes are too many for a picture, of which {CONFUSION_CLASSES} are possible",
                self.size()
            );
            return Err(Diagnostic::new(&codes::BAD_OPTION, message)
                .help("--json lists the pairs of label and class that occur"));
        }
        write_file(path, confusion_svg(model, &self.square()))
    }
}

/// Refuses the option for inputs without labels, before anything is computed.
pub(super) fn refuse(asked: bool, labelled: bool) -> Result<()> {
    if !asked || labelled {
        return Ok(());
    }
    let message = "--confusion compares classes with labels, and there are none";
    Err(Diagnostic::new(&codes::BAD_OPTION, message).help("give them with --labels FILE"))
}

/// Writes the picture, if one is wanted.
pub(super) fn picture(
    asked: Option<&Option<PathBuf>>,
    found: &Confusion,
    model: &str,
) -> Result<()> {
    asked.and_then(Option::as_ref).map_or(Ok(()), |path| found.write(model, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Confusion {
        /// Of labels, classes and how often they occur.
        pub(crate) fn of(pairs: &[(usize, usize, u64)]) -> Self {
            let pair = |&(label, class, n): &(usize, usize, u64)| ((label, class), n);
            Self { pairs: pairs.iter().map(pair).collect() }
        }
    }

    #[test]
    fn labels_are_lines_and_classes_columns() {
        let mut c = Confusion::of(&[(0, 0, 3), (0, 2, 1)]);
        c.add(&Confusion::of(&[(2, 2, 1), (0, 2, 1)]));
        c.count(2, 2);
        let want = "
label \\ class  0  1  2   right
0              3  0  2  60.0 %
1              0  0  0       -
2              0  0  2  100.0 %
";
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&c.text()), words(want));
        let pairs: Vec<_> = c.pairs().iter().map(|p| (p.label, p.class, p.count)).collect();
        assert_eq!(pairs, [(0, 0, 3), (0, 2, 2), (2, 2, 2)]);
    }

    /// Whatever a file holds as a label, nothing is allocated for what does not occur.
    #[test]
    fn many_classes_are_no_table_and_no_picture() {
        let c = Confusion::of(&[(4_000_000_000, 1, 1)]);
        assert!(c.text().contains("4000000001 classes are too many for a table"));
        let refused = c.write("m", Path::new("never.svg")).unwrap_err();
        assert_eq!(refused.code.id, "SF0003");
        assert_eq!(Confusion::of(&[(31, 0, 1)]).text().lines().count(), 34);
        assert!(Confusion::of(&[(32, 0, 1)]).text().contains("33 classes are too many"));
    }

    #[test]
    fn it_takes_labels() {
        assert_eq!(refuse(true, false).unwrap_err().code.id, "SF0003");
        assert!(refuse(true, true).is_ok() && refuse(false, false).is_ok());
    }
}
