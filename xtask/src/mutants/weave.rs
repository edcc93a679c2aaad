// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Mutants as switches, all in one text: what is there stays, and around it comes an `if` that
//! asks for each mutant. What lies inside what is mutated can be mutated, too.

use std::ops::Range;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::list::{Genre, Mutant};

/// A piece of text to put in, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    at: usize,
    /// Of pieces at one place: those that end something first, the innermost before; then those
    /// that begin something, the outermost before. Of two that are around the same, the one with
    /// the smaller number is outside.
    order: (bool, i64, i64),
    text: String,
    /// The mutant that this is a branch for.
    of: Option<usize>,
}

/// The text of a file with switches.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Woven {
    pub(crate) text: String,
    /// Where in it the branch of a mutant is.
    pub(crate) branches: Vec<(usize, Range<usize>)>,
    /// Mutants that there is no switch for.
    pub(crate) without: Vec<usize>,
}

impl Woven {
    /// The mutants whose branches an error meets.
    pub(crate) fn at(&self, bytes: &Range<usize>) -> Vec<usize> {
        let meets = |b: &Range<usize>| b.start < bytes.end && bytes.start < b.end;
        self.branches.iter().filter(|(_, b)| meets(b)).map(|(i, _)| *i).collect()
    }

    /// The mutants before and after an error that meets no branch: of the values that the
    /// function returns, or the arms of the match.
    pub(crate) fn around(&self, bytes: &Range<usize>) -> Vec<usize> {
        let before = self.branches.iter().rev().filter(|(_, b)| b.end <= bytes.start);
        let after = self.branches.iter().filter(|(_, b)| b.start >= bytes.end);
        let value = |b: &Range<usize>| self.text[b.clone()].contains("return ");
        let arm = |b: &Range<usize>| self.text[b.clone()].starts_with(" if !");
        let values = before.clone().skip_while(|(_, b)| !value(b)).take_while(|(_, b)| value(b));
        values.chain(after.filter(|(_, b)| arm(b)).take(4)).map(|(i, _)| *i).collect()
    }
}

/// What of a file is looked for.
#[derive(Default)]
struct Found {
    /// The whole of an operation, by where its operator begins and ends; `None` where it holds a
    /// `let` and is no expression for itself.
    binary: Vec<(Range<usize>, Option<Range<usize>>)>,
    unary: Vec<(Range<usize>, Range<usize>)>,
    /// Where an arm begins, where its pattern ends, and its guard.
    arms: Vec<(usize, usize, Option<Range<usize>>)>,
}

impl<'a> Visit<'a> for Found {
    fn visit_expr_binary(&mut self, e: &'a syn::ExprBinary) {
        let whole = (!has_let(&e.left) && !has_let(&e.right)).then(|| e.span().byte_range());
        self.binary.push((e.op.span().byte_range(), whole));
        visit::visit_expr_binary(self, e);
    }

    fn visit_expr_unary(&mut self, e: &'a syn::ExprUnary) {
        self.unary.push((e.op.span().byte_range(), e.span().byte_range()));
        visit::visit_expr_unary(self, e);
    }

    fn visit_arm(&mut self, arm: &'a syn::Arm) {
        let guard = arm.guard.as_ref().map(|(_, g)| g.span().byte_range());
        self.arms.push((arm.span().byte_range().start, arm.pat.span().byte_range().end, guard));
        visit::visit_arm(self, arm);
    }
}

fn has_let(e: &syn::Expr) -> bool {
    match e {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(b) => has_let(&b.left) || has_let(&b.right),
        _ => false,
    }
}

/// Puts the mutants of one file in, each with its number.
pub(crate) fn weave(text: &str, mutants: &[(usize, &Mutant)]) -> Result<Woven, String> {
    let mut found = Found::default();
    found.visit_file(&syn::parse_file(text).map_err(|e| e.to_string())?);
    let mut pieces = Vec::new();
    let mut without = Vec::new();
    for (i, m) in mutants {
        match of_one(text, *i, m, &found) {
            Some(more) => pieces.extend(more),
            None => without.push(*i),
        }
    }
    pieces.sort_by_key(|p| (p.at, p.order));
    let mut woven = Woven { without, ..Woven::default() };
    let mut at = 0;
    for piece in pieces {
        woven.text.push_str(&text[at..piece.at]);
        at = piece.at;
        let start = woven.text.len();
        woven.text.push_str(&piece.text);
        woven.branches.extend(piece.of.map(|i| (i, start..woven.text.len())));
    }
    woven.text.push_str(&text[at..]);
    Ok(woven)
}

fn of_one(text: &str, i: usize, m: &Mutant, found: &Found) -> Option<Vec<Piece>> {
    let span = m.span.start.offset(text)?..m.span.end.offset(text)?;
    let new = &m.replacement;
    let begin = |at: usize, until: usize, text: String| Piece {
        at,
        order: (true, -(until as i64), i as i64),
        text,
        of: Some(i),
    };
    let end = |at: usize, from: usize, text: &str| Piece {
        at,
        order: (false, -(from as i64), -(i as i64)),
        text: text.into(),
        of: None,
    };
    let instead = |range: Range<usize>, new: String| {
        vec![
            begin(range.start, range.end, format!("(if crate::injected({i}) {{ {new} }} else {{ ")),
            end(range.end, range.start, " })"),
        ]
    };
    match m.genre {
        Genre::FnValue => {
            // Before everything else that begins where the body does.
            let text = format!("if crate::injected({i}) {{ return {new}; }} ");
            Some(vec![begin(span.start, usize::MAX / 4, text)])
        }
        Genre::BinaryOperator => {
            let (op, whole) = found.binary.iter().find(|(op, _)| op.start == span.start)?;
            let whole = whole.clone()?;
            let (left, right) = (&text[whole.start..op.start], &text[op.end..whole.end]);
            Some(instead(whole.clone(), format!("{left} {new} {right}")))
        }
        Genre::UnaryOperator => {
            let (op, whole) = found.unary.iter().find(|(op, _)| op.start == span.start)?;
            Some(instead(whole.clone(), text[op.end..whole.end].to_owned()))
        }
        Genre::MatchArmGuard => Some(instead(span, new.clone())),
        Genre::MatchArm => {
            let (_, pattern, guard) = found.arms.iter().find(|(start, ..)| *start == span.start)?;
            Some(match guard {
                None => vec![begin(*pattern, *pattern, format!(" if !crate::injected({i})"))],
                Some(g) => vec![
                    begin(g.start, g.end, format!("!crate::injected({i}) && (")),
                    end(g.end, g.start, ")"),
                ],
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::list::{Lines, Point};
    use super::*;

    fn mutant(genre: Genre, replacement: &str, line: usize, columns: Range<usize>) -> Mutant {
        let point = |column| Point { line, column };
        let span = Lines { start: point(columns.start), end: point(columns.end) };
        let (file, replacement) = ("src/a.rs".into(), replacement.into());
        Mutant { file, function: None, genre, replacement, span }
    }

    fn run(text: &str, mutants: &[Mutant]) -> String {
        let all: Vec<_> = mutants.iter().enumerate().collect();
        let woven = weave(text, &all).unwrap();
        for (i, range) in &woven.branches {
            assert!(woven.text[range.clone()].contains(&format!("injected({i})")));
        }
        assert!(syn::parse_file(&woven.text).is_ok(), "{}", woven.text);
        woven.text
    }

    #[test]
    fn an_operation_within_an_operation() {
        let text = "fn f() -> u8 { a + b * c }";
        let all = [
            mutant(Genre::FnValue, "0", 1, 16..25),
            mutant(Genre::BinaryOperator, "-", 1, 18..19),
            mutant(Genre::BinaryOperator, "*", 1, 18..19),
            mutant(Genre::BinaryOperator, "/", 1, 22..23),
        ];
        assert_eq!(
            run(text, &all),
            "fn f() -> u8 { if crate::injected(0) { return 0; } \
             (if crate::injected(1) { a  -  b * c } else { \
             (if crate::injected(2) { a  *  b * c } else { a + \
             (if crate::injected(3) { b  /  c } else { b * c }) }) }) }"
        );
    }

    #[test]
    fn arms_and_guards() {
        let text = "fn f() {\n    match a {\n        1 => b,\n        n if !c => d,\n        _ => e,\n    }\n}";
        let all = [
            mutant(Genre::MatchArm, "", 3, 9..16),
            mutant(Genre::MatchArm, "", 4, 9..22),
            mutant(Genre::MatchArmGuard, "true", 4, 14..16),
            mutant(Genre::UnaryOperator, "", 4, 14..15),
        ];
        let text = run(text, &all);
        assert!(text.contains("1 if !crate::injected(0) => b"), "{text}");
        assert!(
            text.contains(
                "n if !crate::injected(1) && ((if crate::injected(2) { true } else { \
                 (if crate::injected(3) { c } else { !c }) })) => d"
            ),
            "{text}"
        );
    }

    #[test]
    fn a_condition_with_a_binding_is_left_alone() {
        let text = "fn f() { if let Some(a) = b && c {} }";
        let m = mutant(Genre::BinaryOperator, "||", 1, 29..31);
        assert_eq!(weave(text, &[(7, &m)]).unwrap().without, [7]);
    }
}
