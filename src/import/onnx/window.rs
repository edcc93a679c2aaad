// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Windows of convolutions and pools, as their attributes say.

use super::node::Node;
use crate::diag::{Diagnostic, Result, codes};
use crate::ir::Window;

/// Extents and numbers beyond which a window is none; products of two stay exact.
const MAX_EXTENT: i64 = 1 << 24;

/// The window of `kernel` over the spatial extents `input`, and the extents of the result.
///
/// # Errors
/// SF0107 or SF0108 at the node.
pub(super) fn read(
    node: &Node<'_>,
    kernel: &[usize],
    input: &[usize],
) -> Result<(Window, Vec<usize>)> {
    let dims = input.len();
    if !(1..=2).contains(&dims) || kernel.len() != dims {
        let message = format!(
            "a window of {} dimension(s) over {dims}; one and two dimensions are supported",
            kernel.len()
        );
        return Err(node.error(&codes::ONNX_SHAPE, message));
    }
    let is_extent = |d: &usize| (1..=MAX_EXTENT).contains(&i64::try_from(*d).unwrap_or(0));
    if !kernel.iter().chain(input).all(is_extent) {
        let message = format!("a window of {kernel:?} over {input:?}");
        return Err(node.error(&codes::ONNX_SHAPE, message));
    }
    let stride = numbers(node, "strides", dims, 1)?.unwrap_or_else(|| vec![1; dims]);
    let dilation = numbers(node, "dilations", dims, 1)?.unwrap_or_else(|| vec![1; dims]);
    let mut window = Window { kernel: kernel.to_vec(), stride, padding: Vec::new(), dilation };
    window.padding = padding(node, &window, input)?;
    let mut extents = Vec::with_capacity(dims);
    for (d, &size) in input.iter().enumerate() {
        let fits = window.steps(d, size);
        extents.push(fits.ok_or_else(|| {
            let message = format!("a window of {kernel:?} does not fit into {input:?}");
            node.error(&codes::ONNX_SHAPE, message)
        })?);
    }
    if node.int("ceil_mode")?.unwrap_or(0) != 0 {
        whole(node, &window, input, &extents)?;
    }
    Ok((window, extents))
}

/// A list of `count` integers that are at least `least`.
fn numbers(node: &Node<'_>, name: &str, count: usize, least: i64) -> Result<Option<Vec<usize>>> {
    let Some(list) = node.ints(name)? else { return Ok(None) };
    let number = |n: &i64| usize::try_from(*n).ok().filter(|_| (least..=MAX_EXTENT).contains(n));
    let numbers: Option<Vec<_>> = list.iter().map(number).collect();
    match numbers.filter(|n| n.len() == count) {
        Some(numbers) => Ok(Some(numbers)),
        None => {
            let message = format!("attribute `{name}` is {list:?}, for {} dimension(s)", count);
            Err(node.error(&codes::ONNX_ATTRIBUTE, message))
        }
    }
}

/// The extents of the kernel in the attribute `kernel_shape`.
pub(super) fn kernel(node: &Node<'_>, dims: usize) -> Result<Option<Vec<usize>>> {
    numbers(node, "kernel_shape", dims, 1)
}

fn padding(node: &Node<'_>, window: &Window, input: &[usize]) -> Result<Vec<[usize; 2]>> {
    let dims = input.len();
    let before = match node.text("auto_pad")?.unwrap_or("NOTSET") {
        "NOTSET" => {
            let pads = numbers(node, "pads", 2 * dims, 0)?.unwrap_or_else(|| vec![0; 2 * dims]);
            let (before, after) = pads.split_at(dims);
            return Ok(before.iter().zip(after).map(|(&b, &a)| [b, a]).collect());
        }
        "VALID" => return Ok(vec![[0, 0]; dims]),
        "SAME_UPPER" => false,
        "SAME_LOWER" => true,
        other => {
            let message = format!("attribute `auto_pad` is `{other}`");
            return Err(node.error(&codes::ONNX_ATTRIBUTE, message));
        }
    };
    // As many windows as the stride leaves room for; what is missing is added.
    let rows = window.kernel.iter().zip(&window.stride).zip(&window.dilation).zip(input);
    Ok(rows
        .map(|(((kernel, stride), dilation), size)| {
            let reach = dilation * (kernel - 1) + 1;
            let all = (size.div_ceil(*stride).max(1) - 1) * stride + reach;
            let more = all.saturating_sub(*size);
            let (less, rest) = (more / 2, more - more / 2);
            if before { [rest, less] } else { [less, rest] }
        })
        .collect())
}

/// `ceil_mode` may only be set where it makes no difference.
fn whole(node: &Node<'_>, window: &Window, input: &[usize], extents: &[usize]) -> Result<()> {
    let exact = |d: usize| {
        let size = input.get(d)? + window.padding.get(d)?.iter().sum::<usize>();
        let reach = window.dilation.get(d)? * (window.kernel.get(d)? - 1) + 1;
        let last = (extents.get(d)? - 1) * window.stride.get(d)? + reach;
        Some(last == size)
    };
    if (0..input.len()).all(|d| exact(d) == Some(true)) {
        return Ok(());
    }
    Err(Diagnostic::new(
        &codes::ONNX_ATTRIBUTE,
        "with `ceil_mode` its last windows reach beyond the input",
    )
    .at(node.place())
    .help("pool without `ceil_mode`, or pad the input so that the windows fit"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::onnx::testing;

    fn window(attributes: &str, kernel: &[usize], input: &[usize]) -> Result<(Window, Vec<usize>)> {
        let proto = testing::model(&format!("y = MaxPool(x) {attributes}\noutput y"));
        let nodes = &proto.graph.as_ref().unwrap().node;
        read(&Node { proto: &nodes[0], opset: 18 }, kernel, input)
    }

    fn extents(attributes: &str, kernel: &[usize], input: &[usize]) -> Vec<usize> {
        window(attributes, kernel, input).unwrap().1
    }

    #[test]
    fn extents_follow_from_the_attributes() {
        assert_eq!(extents("", &[3, 3], &[8, 8]), [6, 6]);
        assert_eq!(extents("pads=[1,1,1,1]", &[3, 3], &[8, 8]), [8, 8]);
        assert_eq!(extents("strides=[2,2] pads=[1,0,1,0]", &[3, 3], &[8, 8]), [4, 3]);
        assert_eq!(extents("dilations=[2]", &[3], &[8]), [4]);
        assert_eq!(extents("ceil_mode=1 strides=[2]", &[2], &[8]), [4]);
    }

    #[test]
    fn padding_that_keeps_the_extent() {
        let pads = |attributes: &str, kernel: &[usize], input: &[usize]| {
            window(attributes, kernel, input).unwrap().0.padding
        };
        assert_eq!(pads("auto_pad=SAME_UPPER", &[2], &[5]), [[0, 1]]);
        assert_eq!(pads("auto_pad=SAME_LOWER", &[2], &[5]), [[1, 0]]);
        assert_eq!(pads("auto_pad=SAME_UPPER strides=[2]", &[3], &[5]), [[1, 1]]);
        assert_eq!(pads("auto_pad=SAME_UPPER strides=[4]", &[1], &[5]), [[0, 0]]);
        assert_eq!(pads("auto_pad=VALID", &[2], &[5]), [[0, 0]]);
    }

    #[test]
    fn faults_are_refused() {
        for (attributes, code) in [
            ("strides=[0]", "SF0108"),
            ("strides=[1,1]", "SF0108"),
            ("pads=[1]", "SF0108"),
            ("pads=[-1,0]", "SF0108"),
            ("dilations=[9223372036854775807]", "SF0108"),
            ("dilations=[9]", "SF0107"),
            ("ceil_mode=1 strides=[2]", "SF0108"),
            ("auto_pad=SOME", "SF0108"),
        ] {
            let error = window(attributes, &[3], &[8]).unwrap_err();
            assert_eq!(error.code.id, code, "{attributes}");
        }
        for (kernel, input) in [
            (&[3, 3, 3][..], &[8, 8, 8][..]),
            (&[0], &[8]),
            (&[3], &[0]),
            (&[3], &[usize::MAX]),
            (&[3], &[8, 8]),
        ] {
            let error = window("auto_pad=SAME_UPPER", kernel, input).unwrap_err();
            assert_eq!(error.code.id, "SF0107", "{kernel:?} over {input:?}");
        }
    }
}
