// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Parameters over the elements of a stream.
//!
//! Exporters write a neuron's parameters as one number (snnTorch), one a channel, or one an
//! element; the NIR package broadcasts them as numpy does.

use super::node::{Node, Tensor};
use crate::diag::Result;
use crate::ir::PerChannel;

/// Numbers that a parameter with fewer may be broadcast to, other than from one a channel:
/// the shape of a stream takes no more of a file, however large it is.
const MOST_BROADCAST: usize = 1 << 16;

/// The shape over which all these parameters of a node are given: one number, one a channel,
/// or the stream's own. Over it they take no more memory than the file explains.
pub(super) fn grain(node: &Node, names: &[&str], stream: &[usize]) -> Result<Vec<usize>> {
    let mut grain = vec![1];
    for name in names {
        match node.optional(name)? {
            Some(t) if t.values.len() == 1 => {}
            Some(t) if is_per_channel(&t, stream) => grain = vec![t.values.len()],
            Some(_) => return Ok(stream.to_vec()),
            None => {}
        }
    }
    Ok(grain)
}

/// The shape without the batch of one that an exporter left: `[1, C]` for a stream of `[C]`.
fn inner<'t>(t: &'t Tensor, stream: &[usize]) -> &'t [usize] {
    let extra = t.shape.len().saturating_sub(stream.len());
    match t.shape.split_at_checked(extra) {
        Some((ones, rest)) if ones.iter().all(|&d| d == 1) => rest,
        _ => &t.shape,
    }
}

fn is_per_channel(t: &Tensor, stream: &[usize]) -> bool {
    matches!((inner(t, stream), stream.first()), (&[n], Some(&channels)) if n == channels)
}

/// The value of each element of a stream of this shape.
///
/// # Errors
/// [`crate::diag::codes::NIR_SHAPE`] if the parameter does not fit.
pub(super) fn spread(node: &Node, name: &str, t: &Tensor, stream: &[usize]) -> Result<Vec<f64>> {
    let elements: usize = stream.iter().product();
    if let [one] = t.values[..] {
        return Ok(vec![one; elements]);
    }
    let shape = inner(t, stream);
    if shape == stream {
        return Ok(t.values.clone());
    }
    if is_per_channel(t, stream) {
        let n = t.values.len();
        return Ok((0..elements).map(|i| t.values[i * n / elements]).collect());
    }
    let broadcasts =
        shape.len() == stream.len() && shape.iter().zip(stream).all(|(&d, &s)| d == s || d == 1);
    if !broadcasts {
        let message = format!("`{name}` has the shape {:?}; the node takes {stream:?}", t.shape);
        return Err(node
            .misfit(message)
            .help("a parameter is one number, one a channel, or one an element"));
    }
    if elements > MOST_BROADCAST {
        let message = format!(
            "`{name}` has the shape {:?}; it is not repeated to the {elements} elements of {stream:?}",
            t.shape
        );
        return Err(node
            .misfit(message)
            .help("a parameter is one number, one a channel, or one an element"));
    }
    let at = |mut i: usize| {
        let (mut place, mut run) = (0, 1);
        for (&d, &s) in shape.iter().zip(stream).rev() {
            place += if d == 1 { 0 } else { i % s * run };
            run *= d;
            i /= s;
        }
        t.values[place]
    };
    Ok((0..elements).map(at).collect())
}

/// The shortest way to say it: one for all, one a channel, one an element.
pub(super) fn compact<T: Copy + PartialEq>(values: Vec<T>, stream: &[usize]) -> PerChannel<T> {
    let Some(&first) = values.first() else { return PerChannel::Each(values) };
    if values.iter().all(|v| *v == first) {
        return PerChannel::All(first);
    }
    let channels = stream.first().copied().unwrap_or(1).max(1);
    let run = (values.len() / channels).max(1);
    if values.chunks(run).all(|c| c.iter().all(|v| *v == c[0])) {
        return PerChannel::Each(values.chunks(run).map(|c| c[0]).collect());
    }
    PerChannel::Each(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each(shape: &[usize], values: &[f64], stream: &[usize]) -> Option<Vec<f64>> {
        let node = Node {
            path: "n".into(),
            kind: "LIF".into(),
            parameters: super::super::store::Group::new(),
        };
        let t = Tensor { shape: shape.to_vec(), values: values.to_vec() };
        spread(&node, "tau", &t, stream).ok()
    }

    #[test]
    fn parameters_are_spread() {
        assert_eq!(each(&[], &[2.0], &[3]), Some(vec![2.0; 3]));
        assert_eq!(each(&[1, 2], &[1.0, 2.0], &[2]), Some(vec![1.0, 2.0]));
        assert_eq!(each(&[2], &[1.0, 2.0], &[2, 2]), Some(vec![1.0, 1.0, 2.0, 2.0]));
        assert_eq!(each(&[2, 1], &[1.0, 2.0], &[2, 2]), Some(vec![1.0, 1.0, 2.0, 2.0]));
        assert_eq!(each(&[1, 2], &[1.0, 2.0], &[2, 2]), Some(vec![1.0, 2.0, 1.0, 2.0]));
        assert_eq!(each(&[3], &[1.0, 2.0, 3.0], &[2, 2]), None);
    }

    #[test]
    fn large_streams_take_no_memory() {
        use super::super::store::{Data, Item, Values};
        let stream = [3, 4096, 2048];
        let of = |shape: &[usize]| {
            let values = Values::Numbers(vec![0.5; shape.iter().product()]);
            let data = Item::Data(Data { shape: shape.to_vec(), values });
            let parameters = [("tau".to_owned(), data)].into();
            let node = Node { path: "n".into(), kind: "LIF".into(), parameters };
            grain(&node, &["tau", "r"], &stream).unwrap()
        };
        assert_eq!(of(&[1]), [1]);
        assert_eq!(of(&[3]), [3]);
        assert_eq!(of(&[3, 1, 1]), stream);
        assert_eq!(each(&[3, 1, 1], &[1.0, 2.0, 3.0], &stream), None);
    }

    #[test]
    fn equal_values_are_said_once() {
        assert_eq!(compact(vec![1.0; 4], &[2, 2]), PerChannel::All(1.0));
        let channels = PerChannel::Each(vec![1.0, 2.0]);
        assert_eq!(compact(vec![1.0, 1.0, 2.0, 2.0], &[2, 2]), channels);
        let elements = vec![1.0, 2.0, 1.0, 2.0];
        assert_eq!(compact(elements.clone(), &[2, 2]), PerChannel::Each(elements));
    }
}
