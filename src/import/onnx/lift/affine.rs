// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Values as sums of others times constants.
//!
//! A neuron's update is written in many ways (`β·m + i − s·θ`, `m + (i − m)/τ`,
//! `(1 − s)·m`, `where(s, 0, m)`): as a sum over chosen values they are the same.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::coeff::Coeff;
use crate::import::onnx::elem::Elem;
use crate::import::onnx::model::Model;
use crate::import::onnx::node::Node;
use crate::import::onnx::values::{ValueId, Values};

/// Terms of a product of sums beyond which it is left as it is.
const MAX_PRODUCT: usize = 16;

/// What a coefficient stands before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Atom {
    /// A value that is not looked into.
    Value(ValueId),
    /// The product of two such values, the smaller first.
    Product(ValueId, ValueId),
}

impl Atom {
    /// The product of two values.
    pub(super) fn product(a: ValueId, b: ValueId) -> Self {
        Self::Product(a.min(b), a.max(b))
    }
}

/// `constant + Σ coefficient · atom`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Form {
    pub(super) terms: BTreeMap<Atom, Coeff>,
    pub(super) constant: Coeff,
}

impl Form {
    fn number(c: Coeff) -> Self {
        Self { terms: BTreeMap::new(), constant: c }
    }

    /// The atom itself.
    pub(super) fn atom(atom: Atom) -> Self {
        Self { terms: BTreeMap::from([(atom, Coeff::one(1.0))]), constant: Coeff::one(0.0) }
    }

    /// The coefficient of an atom, zero if it does not occur.
    pub(super) fn coeff(&self, atom: Atom) -> Coeff {
        self.terms.get(&atom).cloned().unwrap_or_else(|| Coeff::one(0.0))
    }

    /// What an operation with it costs.
    fn work(&self) -> usize {
        self.terms.values().map(Coeff::work).sum()
    }

    /// True if only these atoms occur.
    pub(super) fn has_only(&self, atoms: &[Atom]) -> bool {
        self.terms.keys().all(|a| atoms.contains(a))
    }

    /// The same, given that this value is 0 or 1: its square is itself.
    pub(super) fn with_truth(mut self, of: ValueId) -> Self {
        let Some(square) = self.terms.remove(&Atom::product(of, of)) else { return self };
        let once = Atom::Value(of);
        match self.coeff(once).zip(&square, |a, b| a + b) {
            Some(sum) if sum.is_zero() => self.terms.remove(&once),
            Some(sum) => self.terms.insert(once, sum),
            None => self.terms.insert(Atom::product(of, of), square),
        };
        self
    }

    /// `self + factor · other`.
    fn plus(mut self, factor: f64, other: &Self) -> Option<Self> {
        self.constant = self.constant.zip(&other.constant, |a, b| a + factor * b)?;
        for (atom, c) in &other.terms {
            let sum = self.coeff(*atom).zip(c, |a, b| a + factor * b)?;
            if sum.is_zero() {
                self.terms.remove(atom)
            } else {
                self.terms.insert(*atom, sum)
            };
        }
        Some(self)
    }

    fn scaled(&self, factor: &Coeff, f: impl Fn(f64, f64) -> f64 + Copy) -> Option<Self> {
        let mut out = Self::number(self.constant.zip(factor, f)?);
        for (atom, c) in &self.terms {
            let c = c.zip(factor, f)?;
            if !c.is_zero() {
                out.terms.insert(*atom, c);
            }
        }
        Some(out)
    }

    /// The product, as long as no term has more than two factors.
    fn times(&self, other: &Self) -> Option<Self> {
        if self.terms.len().saturating_mul(other.terms.len()) > MAX_PRODUCT {
            return None;
        }
        let mut out = self.scaled(&other.constant, |a, b| a * b)?;
        for (atom, c) in &other.terms {
            let mut part = Self::number(Coeff::one(0.0));
            if !self.constant.is_zero() {
                part.terms.insert(*atom, self.constant.zip(c, |a, b| a * b)?);
            }
            for (mine, d) in &self.terms {
                let (Atom::Value(a), Atom::Value(b)) = (*mine, *atom) else { return None };
                part.terms.insert(Atom::product(a, b), c.zip(d, |x, y| x * y)?);
            }
            out = out.plus(1.0, &part)?;
        }
        Some(out)
    }
}

/// Looks into values, stopping at chosen ones.
pub(super) struct Affine<'v> {
    model: &'v Model<'v>,
    values: &'v Values,
    stop: BTreeSet<ValueId>,
    max_terms: usize,
    max_parts: usize,
    /// Work that is left for the whole import.
    fuel: &'v Cell<usize>,
}

/// A value as a sum, and the values that were looked into for that.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) form: Form,
    pub(super) visited: Vec<ValueId>,
}

impl<'v> Affine<'v> {
    /// Sums of more than `max_terms` are not built.
    pub(super) fn new(
        model: &'v Model<'v>,
        values: &'v Values,
        fuel: &'v Cell<usize>,
        stop: impl IntoIterator<Item = ValueId>,
        max_terms: usize,
    ) -> Self {
        let stop = stop.into_iter().collect();
        Self { model, values, stop, max_terms, max_parts: usize::MAX, fuel }
    }

    /// What is made of more values than this is not looked into.
    pub(super) fn within(self, max_parts: usize) -> Self {
        Self { max_parts, ..self }
    }

    /// The value as a sum, looking into it even if it is one to stop at; it is its own
    /// only term if it is no sum, or one that is too long.
    pub(super) fn form(&self, id: ValueId) -> Looked {
        // A sum that broadcasts a value to another shape is none: channels would move.
        let shape = self.values.shape(id);
        let mut known: BTreeMap<ValueId, Form> = BTreeMap::new();
        let mut visited = Vec::new();
        for part in self.parts(id) {
            let is_alike =
                |o: &ValueId| self.values.constant(*o).is_some() || self.values.shape(*o) == shape;
            let fits = self.values.operands(part).iter().flatten().all(is_alike);
            let form = match shape {
                Some(shape) if fits => self.inside(part, shape, &known),
                _ => None,
            };
            if form.is_some() {
                visited.push(part);
            }
            known.insert(part, form.unwrap_or_else(|| Form::atom(Atom::Value(part))));
        }
        let form = known.remove(&id).unwrap_or_else(|| Form::atom(Atom::Value(id)));
        Looked { form, visited }
    }

    /// The values that this one is a sum over, itself last: operands have lower indices.
    fn parts(&self, id: ValueId) -> BTreeSet<ValueId> {
        let mut parts = BTreeSet::new();
        let mut open = vec![id];
        while let Some(part) = open.pop()
            && self.spend(1)
        {
            if (part == id || !self.stop.contains(&part)) && self.is_sum(part) && parts.insert(part)
            {
                open.extend(self.values.operands(part).iter().flatten());
            }
            if parts.len() > self.max_parts {
                return BTreeSet::new();
            }
        }
        parts
    }

    /// False if there is no work left.
    fn spend(&self, work: usize) -> bool {
        #[cfg(test)]
        crate::import::onnx::testing::count(work);
        let left = self.fuel.get().saturating_sub(work);
        self.fuel.set(left);
        left > 0
    }

    fn node(&self, id: ValueId) -> Option<&'v Node<'v>> {
        self.model.nodes.get(self.values.node(id)?).filter(|n| n.is_standard())
    }

    fn is_sum(&self, id: ValueId) -> bool {
        self.node(id).is_some_and(|n| {
            matches!(
                self.values.joined(id).unwrap_or(n.op()),
                "Add" | "Sub" | "Sum" | "Mean" | "Neg" | "Mul" | "Div" | "Cast" | "Not" | "Where"
            )
        })
    }

    fn at(&self, id: ValueId, shape: &[usize], known: &BTreeMap<ValueId, Form>) -> Option<Form> {
        if let Some(t) = self.values.constant(id) {
            let number = Coeff::from_tensor(t, shape)?;
            return self.spend(number.work()).then(|| Form::number(number));
        }
        let form = match known.get(&id) {
            Some(form) if !self.stop.contains(&id) => form.clone(),
            _ => Form::atom(Atom::Value(id)),
        };
        self.spend(form.work()).then_some(form)
    }

    /// None if it cannot be written as a sum.
    fn inside(
        &self,
        id: ValueId,
        shape: &[usize],
        known: &BTreeMap<ValueId, Form>,
    ) -> Option<Form> {
        let node = self.node(id)?;
        let operand = |i| self.values.operand(id, i).and_then(|o| self.at(o, shape, known));
        let op = self.values.joined(id).unwrap_or(node.op());
        let is_sum = matches!(op, "Add" | "Sub" | "Sum" | "Neg" | "Mul");
        if is_sum && self.values.get(id).info.as_ref().is_some_and(|i| i.elem.wraps()) {
            return None;
        }
        let form = match op {
            "Add" => operand(0)?.plus(1.0, &operand(1)?),
            "Sub" => operand(0)?.plus(-1.0, &operand(1)?),
            "Sum" | "Mean" => {
                let count = self.values.operands(id).len();
                let mut sum = Form::number(Coeff::one(0.0));
                for i in 0..count {
                    sum = sum.plus(1.0, &operand(i)?)?;
                }
                #[allow(clippy::cast_precision_loss)]
                let n = if op == "Mean" { count as f64 } else { 1.0 };
                sum.scaled(&Coeff::one(n), |a, b| a / b)
            }
            "Neg" => operand(0)?.scaled(&Coeff::one(-1.0), |a, b| a * b),
            "Mul" => {
                let (a, b) = (operand(0)?, operand(1)?);
                if a.terms.is_empty() {
                    b.scaled(&a.constant, |x, y| x * y)
                } else if b.terms.is_empty() {
                    a.scaled(&b.constant, |x, y| x * y)
                } else {
                    a.times(&b)
                }
            }
            "Div" => {
                let b = operand(1)?;
                let divisor = b.terms.is_empty() && b.constant.all(|x| x != 0.0);
                if divisor && self.is_float(id) {
                    operand(0)?.scaled(&b.constant, |x, y| x / y)
                } else {
                    None
                }
            }
            "Cast" if self.is_exact_cast(id) => operand(0),
            "Not" => Form::number(Coeff::one(1.0)).plus(-1.0, &operand(0)?),
            // where(c, a, b) = b + c·(a − b)
            "Where" => {
                let (c, a, b) = (operand(0)?, operand(1)?, operand(2)?);
                let difference = a.plus(-1.0, &b)?;
                b.plus(1.0, &c.times(&difference)?)
            }
            _ => None,
        }?;
        (form.terms.len() <= self.max_terms).then_some(form)
    }

    fn is_float(&self, id: ValueId) -> bool {
        self.values.get(id).info.as_ref().is_some_and(|i| i.elem.is_float())
    }

    /// The numbers stay the same, up to the rounding of floating point: in a model of half
    /// precision every operator rounds.
    fn is_exact_cast(&self, id: ValueId) -> bool {
        let elem = |id: ValueId| self.values.get(id).info.as_ref().map(|i| i.elem);
        let from = self.values.operand(id, 0).and_then(elem);
        let is_exact = |a: Elem, b: Elem| a.is_exact_in(b) || (a.is_float() && b.is_float());
        from.zip(elem(id)).is_some_and(|(a, b)| is_exact(a, b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::Options;
    use crate::import::onnx::testing;

    /// The coefficients of `a` and `b`, their product and the constant in `y`.
    fn form(text: &str) -> Option<[f64; 4]> {
        form_of("a", text)
    }

    fn form_of(first: &str, text: &str) -> Option<[f64; 4]> {
        let proto = testing::model(&format!(
            "input x f32 1 2\nconst two f32 -: 2\nconst half f32 -: 0.5\na = Exp(x)\nb = Tanh(x)\ng = Greater(x, half)\n{text}\noutput y"
        ));
        let options = Options::default();
        let model = Model::new(&proto, &options).unwrap();
        let values = Values::new(&model, 1000).unwrap();
        let named = |name: &str| {
            let find = |id: &ValueId| {
                let node = values.node(*id).and_then(|n| model.nodes.get(n));
                node.is_some_and(|n| n.name() == name)
            };
            (0..=values.output).find(find)
        };
        let (a, b) = (named(first).unwrap(), named("b").unwrap());
        let fuel = Cell::new(100_000);
        let f = Affine::new(&model, &values, &fuel, [a, b], 100).form(values.output).form;
        let atoms = [Atom::Value(a), Atom::Value(b), Atom::product(a, b)];
        let [x, y, z] = atoms.map(|t| f.coeff(t).uniform().unwrap());
        f.has_only(&atoms).then(|| [x, y, z, f.constant.uniform().unwrap()])
    }

    #[test]
    fn sums_are_collected() {
        assert_eq!(form("s = Sum(a, b, two)\ny = Sub(s, a)"), Some([0., 1., 0., 2.]));
        assert_eq!(form("m = Mul(two, a)\nn = Neg(b)\ny = Add(m, n)"), Some([2., -1., 0., 0.]));
    }

    #[test]
    fn products_of_two_are_kept_and_of_three_are_not() {
        assert_eq!(form("o = Sub(two, a)\ny = Mul(o, b)"), Some([0., 2., -1., 0.]));
        assert_eq!(form_of("g", "w = Where(g, b, two)\ny = Add(w, b)"), Some([-2., 1., 1., 2.]));
        assert_eq!(form("p = Mul(a, b)\ny = Mul(p, b)"), None);
    }

    #[test]
    fn long_chains_neither_overflow_nor_take_forever() {
        let mut text = "c0 = Add(a, b)\n".to_owned();
        for i in 1..5000 {
            text += &format!("c{i} = Add(c{}, b)\n", i - 1);
        }
        assert_eq!(form(&format!("{text}y = Add(c4999, b)")), Some([1., 5001., 0., 0.]));
    }
}
