// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Are samples what a model takes?

use crate::data::{Samples, Slice};
use crate::diag::{Diagnostic, Result, codes};
use crate::ir::{Graph, Op, Stream};

/// The stream of a model's input, and the bits of its levels; none if it takes real numbers.
///
/// # Errors
/// An internal one if the graph has no input or a cycle.
pub fn input(graph: &Graph) -> Result<(&Stream, Option<u32>)> {
    let input = graph.order()?.into_iter().map(|id| graph.node(id)).find_map(|n| match &n.op {
        Op::Input(i) => Some((&n.stream, i.bits)),
        _ => None,
    });
    input.ok_or_else(|| Diagnostic::internal("fit", "the graph has no input"))
}

/// Checks that samples are what a model takes: the number of values, the levels' bits, and real
/// numbers where nobody says what a level is worth.
///
/// # Errors
/// [`codes::INPUT_SHAPE`], [`codes::INPUT_WORTH`].
pub fn check(samples: &Samples, graph: &Graph) -> Result<()> {
    let (stream, bits) = input(graph)?;
    fit(samples, stream, bits, graph.timesteps as usize)?;
    if bits.is_none() { worth(samples, graph) } else { Ok(()) }
}

/// Largest number that a model of real inputs is taken to be made for.
const PLAUSIBLE: f64 = 16.0;

/// Levels as real numbers: refused, unless they are 0 and 1, or the model makes small numbers
/// of them by itself.
fn worth(samples: &Samples, graph: &Graph) -> Result<()> {
    let largest = |i: usize| match samples.get(i)? {
        Slice::U8(v) => v.iter().copied().max().map(u16::from),
        Slice::U16(v) => v.iter().copied().max(),
        Slice::Real(_) => None,
    };
    let largest = (0..samples.len()).filter_map(largest).max().unwrap_or(0);
    let is_input = |id| matches!(graph.node(id).op, Op::Input(_));
    let divides = |id| match &graph.node(id).op {
        Op::Scale(s) if graph.operands(id).iter().all(|o| is_input(*o)) => {
            s.factor.iter().all(|f| f.abs() * f64::from(largest) <= PLAUSIBLE)
        }
        _ => false,
    };
    if largest <= 1 || graph.order()?.into_iter().any(divides) {
        return Ok(());
    }
    let message = format!(
        "levels up to {largest}, and the model takes real numbers: what is a level worth to it?"
    );
    Err(Diagnostic::new(&codes::INPUT_WORTH, message).help(
        "--input-bits 8 --input-scale 1/255 if it was trained on pixels divided by 255, --input-bits 8 --input-scale 1 if it was trained on the levels themselves",
    ))
}

/// Checks that the values of each input are as many as the model takes, and not too large
/// for it.
fn fit(samples: &Samples, stream: &Stream, bits: Option<u32>, timesteps: usize) -> Result<()> {
    let (got, size) = (samples.size(), stream.len());
    if got != size {
        let message = format!("an image has {got} pixels, the model takes {size}");
        let d = Diagnostic::new(&codes::INPUT_SHAPE, message);
        let is_sequence = samples.timesteps().is_none() && !stream.is_static;
        return Err(if is_sequence && size.checked_mul(timesteps) == Some(got) {
            d.help(format!(
                "that is {timesteps} timesteps of {size}: say which dimension counts them, --time-axis 1 for [input, timestep, …], --time-axis 0 for [timestep, input, …]"
            ))
        } else {
            d
        });
    }
    let Some(bits) = bits else { return Ok(()) };
    let found = (0..samples.len()).find_map(|i| {
        let large = |v: u16| u32::from(v) >> bits != 0;
        let level = match samples.get(i)? {
            Slice::U8(v) => v.iter().map(|v| u16::from(*v)).find(|v| large(*v)),
            Slice::U16(v) => v.iter().copied().find(|v| large(*v)),
            Slice::Real(_) => None,
        };
        Some((i, level?))
    });
    let Some((i, level)) = found else { return Ok(()) };
    let message = format!("level {level} does not fit into the model's {bits} bits");
    Err(Diagnostic::new(&codes::INPUT_SHAPE, message).at(format!("image {i}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Values;
    use crate::ir;

    /// Two levels of a bit at each of three timesteps.
    const CHANGING: &str = r#"synfire-ir 1
graph "g" timesteps 3
%in = input() : spikes[2] {"shape":[2],"bits":1,"is_static":false}
%fc = linear(%in) : current[2; fixed(3, 0)] {"weights":{"binary":{"signs":{"cols":2,"rows":["3","1"]},"scale":1.0}},"bias":null}
output %fc
"#;

    /// A model of real numbers that has a factor behind its weights.
    const REAL: &str = r#"synfire-ir 1
graph "g" timesteps 3
%in = input() : real[2] static {"shape":[2],"is_static":true}
%fc = linear(%in) : real[2] static {"weights":{"binary":{"signs":{"cols":2,"rows":["3","1"]},"scale":1.0}},"bias":null}
%s = scale(%fc) : real[2] static {"factor":0.001,"offset":0.0}
output %s
"#;

    /// Only what the model itself does with its input says what a level is worth.
    #[test]
    fn a_factor_further_on_is_not_worth_a_level() {
        let levels = |level| Samples::new(vec![2], None, Values::U8(vec![0, level])).unwrap();
        let graph = ir::parse(REAL).unwrap();
        assert_eq!(worth(&levels(200), &graph).unwrap_err().code.id, "SF0017");
        assert!(worth(&levels(1), &graph).is_ok());
        let first = REAL.replace("linear(%in)", "linear(%s)").replace("scale(%fc)", "scale(%in)");
        let mut lines: Vec<_> = first.lines().collect();
        lines.swap(3, 4);
        let graph = ir::parse(&lines.join("\n").replace("output %s", "output %fc")).unwrap();
        assert!(worth(&levels(200), &graph).is_ok());
    }

    #[test]
    fn levels_have_the_bits_of_the_model() {
        let graph = ir::parse(CHANGING).unwrap();
        let samples = |last| Samples::new(vec![2], None, Values::U8(vec![1, 0, 0, last])).unwrap();
        assert!(check(&samples(1), &graph).is_ok());
        let d = check(&samples(2), &graph).unwrap_err();
        let place = d.location.path.as_deref();
        assert_eq!((d.code.id, place), ("SF0011", Some("image 1")), "{d}");
        // Without bits it is the worth of a level that is asked for.
        let d = check(&samples(2), &ir::parse(REAL).unwrap()).unwrap_err();
        assert_eq!(d.code.id, "SF0017");
    }

    /// The help about a dimension of time is for inputs that could have one.
    #[test]
    fn inputs_of_another_size_may_be_sequences() {
        let changing = ir::parse(CHANGING).unwrap();
        let (stream, _) = input(&changing).unwrap();
        let held = Stream { is_static: true, ..stream.clone() };
        let samples = |shape: usize, timesteps: Option<usize>| {
            let values = Values::U8(vec![0; shape * timesteps.unwrap_or(1)]);
            Samples::new(vec![shape], timesteps, values).unwrap()
        };
        let helps = |samples: &Samples, stream: &Stream| {
            let d = fit(samples, stream, Some(1), 3).unwrap_err();
            assert_eq!(d.code.id, "SF0011");
            d.help.is_some_and(|h| h.contains("--time-axis"))
        };
        // Six values are three timesteps of two; five are none, nor are they for a held input, nor
        // where the file says its timesteps.
        assert!(helps(&samples(6, None), stream));
        assert!(!helps(&samples(5, None), stream));
        assert!(!helps(&samples(6, None), &held));
        assert!(!helps(&samples(6, Some(2)), stream));
    }
}
