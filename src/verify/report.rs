// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a verification found, and what follows from it.

use serde::Serialize;

use super::{Comparison, MutationResult, PackedReport, Ready};
use crate::diag::{Diagnostic, Result, codes};

/// What was compared, what was not, and what deliberate faults did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Pairs of levels, in the order in which they were compared.
    pub comparisons: Vec<Comparison>,
    /// What was not compared, and why.
    pub left_out: Vec<String>,
    /// The deliberate faults.
    pub mutations: Vec<MutationResult>,
    /// A bitstream of which only a part can be compared, if there is one.
    pub packed: PackedReport,
    /// What one inference takes with its line, as the whole chip was simulated.
    pub line: Option<LineTime>,
    /// When chips that read their weights from the flash were ready.
    pub ready: Vec<Ready>,
}

/// The time of inferences in the simulated chip, from the first bit of the request to the last of
/// the response, without spike trains.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LineTime {
    /// How many were timed.
    pub inferences: usize,
    /// Clock cycles, on average.
    pub mean_cycles: f64,
    /// Clock cycles, at most.
    pub worst_cycles: u64,
    /// The board's clock.
    pub mhz: f64,
}

impl LineTime {
    /// Of the cycles of each inference; nothing without any.
    #[must_use]
    pub fn of(cycles: &[u64], mhz: f64) -> Option<Self> {
        let worst_cycles = *cycles.iter().max()?;
        let inferences = cycles.len();
        let mean_cycles = cycles.iter().sum::<u64>() as f64 / inferences as f64;
        Some(Self { inferences, mean_cycles, worst_cycles, mhz })
    }
}

impl Report {
    /// Is everything that was asked for shown? A pure function of the report: whoever makes a
    /// report has decided nothing.
    ///
    /// # Errors
    /// [`codes::VERIFY_MISMATCH`] with the first difference; [`codes::NOT_COMPARED`] if a
    /// comparison covers fewer inferences than were asked for, or none was made;
    /// [`codes::MUTATION_SURVIVED`] with the first deliberate fault that was not noticed, or
    /// that did something else than `sim` says.
    pub fn verdict(&self) -> Result<()> {
        let compared = self.comparisons.iter().filter_map(Comparison::difference);
        let mut differing = compared.chain(self.ready.iter().filter_map(Ready::difference));
        if let Some(message) = differing.next() {
            return Err(Diagnostic::new(&codes::VERIFY_MISMATCH, message));
        }
        if let Some(message) = self.gap() {
            return Err(Diagnostic::new(&codes::NOT_COMPARED, message).help(
                "nothing is verified by this run; give inputs, and ask for some at each level",
            ));
        }
        self.packed.verdict()?;
        match self.mutations.iter().find_map(MutationResult::objection) {
            Some(message) => Err(Diagnostic::new(&codes::MUTATION_SURVIVED, message)),
            None => Ok(()),
        }
    }

    /// What was asked for and not compared.
    fn gap(&self) -> Option<String> {
        if self.comparisons.is_empty() {
            return Some("no two levels were compared".into());
        }
        let short = |c: &&Comparison| c.tally.images == 0 || c.tally.images != c.asked;
        let c = self.comparisons.iter().find(short)?;
        Some(format!("{}: {} of {} inferences compared", c.levels, c.tally.images, c.asked))
    }
}

impl Comparison {
    /// Its first difference, in words.
    fn difference(&self) -> Option<String> {
        let (levels, n) = (self.levels, self.tally.differences());
        match &self.first {
            Some(first) => Some(format!("{levels}: image {}: {}", first.image, first.what)),
            None => (n > 0).then(|| format!("{levels}: {n} differences")),
        }
    }
}
