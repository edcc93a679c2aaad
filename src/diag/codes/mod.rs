// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The stable codes, one file per part of the pipeline.
//!
//! A code never changes its meaning and is never used again for another one.

mod board;
mod distill;
mod flow;
mod hw;
mod import;
mod input;
mod ir;
mod pass;
mod tune;
mod verify;

pub use board::*;
pub use distill::*;
pub use flow::*;
pub use hw::*;
pub use import::*;
pub use input::*;
pub use ir::*;
pub use pass::*;
pub use tune::*;
pub use verify::*;

/// One kind of mistake.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub struct Code {
    /// `SF` and four digits; the first two name the part of the pipeline.
    pub id: &'static str,
    /// What is wrong, in half a sentence.
    pub title: &'static str,
    /// What it means and what to do, for `synfire explain`.
    pub explain: &'static str,
}

/// Declares codes as statics and collects them in a table.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $title:literal, $explain:literal;)*) => {
        $(
            #[doc = $title]
            pub static $name: $crate::diag::Code = $crate::diag::Code {
                id: $id,
                title: $title,
                explain: $explain,
            };
        )*
        pub(super) static TABLE: &[&$crate::diag::Code] = &[$(&$name),*];
    };
}
pub(crate) use codes;

/// Every code there is, in order.
pub fn all() -> impl Iterator<Item = &'static Code> {
    [
        input::TABLE,
        import::TABLE,
        ir::TABLE,
        pass::TABLE,
        hw::TABLE,
        flow::TABLE,
        verify::TABLE,
        tune::TABLE,
        distill::TABLE,
        board::TABLE,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// Looks a code up by its id, upper or lower case.
#[must_use]
pub fn find(id: &str) -> Option<&'static Code> {
    all().find(|c| c.id.eq_ignore_ascii_case(id))
}

#[cfg(test)]
mod tests {
    #[test]
    fn ids_are_unique_ordered_and_well_formed() {
        let ids: Vec<_> = super::all().map(|c| c.id).collect();
        assert!(ids.windows(2).all(|w| w[0] < w[1]), "{ids:?}");
        assert!(ids.iter().all(|i| i.len() == 6 && i.starts_with("SF")));
    }

    #[test]
    fn every_code_explains_itself() {
        for c in super::all() {
            assert!(c.explain.len() > c.title.len(), "{} says too little", c.id);
        }
    }
}
