// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Attributes that a node leaves out have the value that the ONNX standard gives them. Each
//! case is one in which another value would make a difference.

use super::elem::Elem;
use super::testing::{constant, fold, image, import, net, neuron, op, refusal, unroll};
use crate::ir::{
    BatchNorm, BitMatrix, Conv, Linear, Op, PerChannel, Pool, PoolKind, Weights, Window,
};

const BODY: &str = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";

#[test]
fn epsilon_is_1e_5_in_single_precision() {
    let norm = "const bn.weight f32 2: 1 2\nconst b f32 2: 3 4\nconst e f32 2: 5 6\nconst v f32 2: 7 8\n\
        n = BatchNormalization(i, bn.weight, b, e, v)\nm1 = Identity(n)";
    let text = neuron(norm, &BODY.replace("(l@, i)", "(l@, n)"));
    let Op::BatchNorm(BatchNorm { eps, .. }) = op(&text, "bn") else { panic!() };
    assert_eq!(eps, f64::from(1e-5f32));
}

/// The weights of [`net`]: a row of four for each of two outputs.
fn signs() -> BitMatrix {
    let plus = [[true, false, true, false], [false, false, true, true]];
    BitMatrix::from_fn(2, 4, |r, c| plus[r][c])
}

fn linear(product: &str) -> Linear {
    let text = neuron("m1 = Identity(i)", BODY).replace("i = MatMul(p, fc1.weight)", product);
    let Op::Linear(linear) = op(&text, "fc1") else { panic!("{product}") };
    linear
}

#[test]
fn gemm_multiplies_by_one_and_transposes_nothing() {
    let weights = Weights::Binary { signs: signs(), scale: PerChannel::All(0.5) };
    let plain = linear("i = Gemm(p, fc1.weight)");
    assert_eq!(plain, Linear { weights: weights.clone(), bias: None });
    let biased = linear("const b f32 2: 1 -2\ni = Gemm(p, fc1.weight, b)");
    assert_eq!(biased, Linear { weights, bias: Some(vec![1.0, -2.0]) });
    // One of the two factors, the other left out.
    let alpha = linear("const b f32 2: 1 -2\ni = Gemm(p, fc1.weight, b) alpha=2.0");
    assert_eq!((alpha.weights.value(0, 0), alpha.bias), (1.0, Some(vec![1.0, -2.0])));
    let beta = linear("const b f32 2: 1 -2\ni = Gemm(p, fc1.weight, b) beta=2.0");
    assert_eq!((beta.weights.value(0, 0), beta.bias), (0.5, Some(vec![2.0, -4.0])));
    // A square matrix fits either way, so that its elements tell.
    let square = net(
        "const w f32 2x2: 0.5 0.5 -0.5 0.5\nj = MatMul(p, fc1.weight)\ni2 = Gemm(j, w)\ny = Identity(i2)",
    );
    let transposed = square.replace("Gemm(j, w)", "Gemm(j, w) transB=1");
    let row = |text: &str| {
        let text = text.replace("y = Identity(i2)", &spikes("i2"));
        let (graph, _) = import(&text).unwrap_or_else(|d| panic!("{d}"));
        let weights = |id| match &graph.node(id).op {
            Op::Linear(l) => Some([l.weights.value(0, 0), l.weights.value(0, 1)]),
            _ => None,
        };
        graph.order().unwrap().into_iter().filter_map(weights).next_back().unwrap()
    };
    assert_eq!((row(&square), row(&transposed)), ([0.5, -0.5], [0.5, 0.5]));
    let mixed = neuron("m1 = Identity(i)", BODY)
        .replace("i = MatMul(p, fc1.weight)", "i = Gemm(p, fc1.weight) transA=1");
    assert!(refusal(&mixed).starts_with("SF0107"), "{}", refusal(&mixed));
}

/// Two timesteps of neurons on the static current `i`.
fn spikes(i: &str) -> String {
    format!(
        "f1 = Greater({i}, th)\ns1 = Cast(f1) to=1\nl2 = Mul(beta, {i})\nm2 = Add(l2, {i})\n\
        f2 = Greater(m2, th)\ns2 = Cast(f2) to=1\ny = Sum(s1, s2)"
    )
}

#[test]
fn convolutions_move_by_one_without_a_border() {
    let text = image("const conv1.weight f32 2x1x2x3: 0.5 -0.5 0.5\ni = Conv(p, conv1.weight)");
    let Op::Conv(Conv { window, groups, bias, .. }) = op(&text, "conv1") else { panic!() };
    let want = Window {
        kernel: vec![2, 3],
        stride: vec![1, 1],
        padding: vec![[0, 0], [0, 0]],
        dilation: vec![1, 1],
    };
    assert_eq!((window, groups, bias), (want, 1, None));
    // In two groups the weights of two channels would be too many.
    let two = image(
        "const a f32 2x1x1x1: 0.5\nconst conv2.weight f32 2x2x1x1: 0.5 -0.5 0.5 0.5\nj = Conv(p, a)\ni = Conv(j, conv2.weight)",
    );
    let Op::Conv(Conv { groups, .. }) = op(&two, "conv2") else { panic!() };
    assert_eq!(groups, 1);
}

#[test]
fn pools_move_by_one_and_leave_borders_out_of_the_mean() {
    let pool = |line: &str| match op(&image(line), "pool1") {
        Op::Pool(Pool { kind, window }) => (kind, window),
        other => panic!("{other:?}"),
    };
    let plain = Window {
        kernel: vec![2, 3],
        stride: vec![1, 1],
        padding: vec![[0, 0], [0, 0]],
        dilation: vec![1, 1],
    };
    assert_eq!(pool("i = MaxPool(p) kernel_shape=[2,3]"), (PoolKind::Max, plain.clone()));
    assert_eq!(pool("i = AveragePool(p) kernel_shape=[2,3]"), (PoolKind::Average, plain.clone()));
    let padded = Window { padding: vec![[1, 0], [0, 0]], ..plain };
    let padded = (PoolKind::AverageInside, padded);
    assert_eq!(pool("i = AveragePool(p) kernel_shape=[2,3] pads=[1,0,0,0]"), padded);
    // ceil_mode = 0: windows that reach beyond the input are left out.
    let last = "i = MaxPool(p) kernel_shape=[3,3] strides=[2,2]";
    let (graph, _) = import(&image(last)).unwrap_or_else(|d| panic!("{d}"));
    let id = graph.find("pool1").unwrap();
    assert_eq!(graph.node(id).stream.shape, [1, 1, 1]);
}

const A: &str = "const a f32 2x3x4: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24";

#[test]
fn axes_that_are_left_out() {
    let of = |line: &str| fold(&format!("{A}\n{line}"));
    // Flatten: everything but the first dimension.
    assert_eq!(of("y = Flatten(a)").0, [2, 12]);
    assert_eq!(of("y = Flatten(a) axis=-1").0, [6, 4]);
    // Gather: of the first dimension.
    let gathered = of("const i i64 -: 1\ny = Gather(a, i)");
    assert_eq!((gathered.0, gathered.1[0]), (vec![3, 4], 13.0));
    // Reductions: over all dimensions, which stay with extent 1.
    assert_eq!(of("y = ReduceMean(a)"), (vec![1, 1, 1], vec![12.5]));
    assert_eq!(of("y = ReduceSum(a)"), (vec![1, 1, 1], vec![300.0]));
    assert_eq!(of("y = ReduceMax(a)"), (vec![1, 1, 1], vec![24.0]));
    assert_eq!(of("y = ReduceMin(a)"), (vec![1, 1, 1], vec![1.0]));
    assert_eq!(of("y = ReduceL1(a)"), (vec![1, 1, 1], vec![300.0]));
    assert_eq!(of("y = ReduceMean(a) axes=[0,2]"), (vec![1, 3, 1], vec![8.5, 12.5, 16.5]));
    assert_eq!(of("y = ReduceMean(a) keepdims=0"), (vec![], vec![12.5]));
    let empty = "const n i64 0:\ny = ReduceSum(a, n)";
    assert_eq!(of(empty), (vec![1, 1, 1], vec![300.0]));
    // Transpose: the dimensions backwards. Squeeze: every one of extent 1.
    assert_eq!(of("y = Transpose(a)").0, [4, 3, 2]);
    assert_eq!(fold("const b f32 1x2x1x3: 1\ny = Squeeze(b)").0, [2, 3]);
    // Slice: the first dimensions, in steps of one.
    let sliced = of("const s i64 2: 1 1\nconst e i64 2: 2 3\ny = Slice(a, s, e)");
    assert_eq!((sliced.0, sliced.1[0]), (vec![1, 2, 4], 17.0));
    // Concat has to say its axis, Unsqueeze its axes, Cast its type.
    for line in ["y = Concat(a, a)", "y = Unsqueeze(a)", "y = Cast(a)"] {
        assert_eq!(constant(&format!("{A}\n{line}")).unwrap_err().code.id, "SF0108", "{line}");
    }
}

#[test]
fn shapes_and_constants() {
    let of = |line: &str| fold(&format!("{A}\n{line}"));
    assert_eq!(of("y = Shape(a)").1, [2.0, 3.0, 4.0]);
    assert_eq!(of("y = Shape(a) start=1").1, [3.0, 4.0]);
    assert_eq!(of("y = Shape(a) end=1").1, [2.0]);
    // allowzero = 0: a zero copies the dimension.
    assert_eq!(of("const s i64 3: 0 -1 2\ny = Reshape(a, s)").0, [2, 6, 2]);
    let zeros = constant("const s i64 1: 2\ny = ConstantOfShape(s)").unwrap();
    assert_eq!(zeros, (Elem::F32, vec![2], vec![0.0, 0.0]));
    // Clip: no limit.
    let clip = "const a f32 3: -1e30 0 1e30\nconst l f32 -: -2\nconst h f32 -: 2\n";
    assert_eq!(fold(&format!("{clip}y = Clip(a)")).1[2], f64::from(1e30f32));
    assert_eq!(fold(&format!("{clip}y = Clip(a, l)")).1, [-2.0, 0.0, f64::from(1e30f32)]);
    assert_eq!(fold(&format!("{clip}y = Clip(a, _, h)")).1, [f64::from(-1e30f32), 0.0, 2.0]);
}

/// QONNX: signed, not narrow, to the nearest and ties to even.
#[test]
fn quantisers() {
    let text = "const w f32 6: -9 -1 0.5 1.5 2.4 9\nconst s f32 -: 1\nconst zp f32 -: 0\nconst b f32 -: 3\n\
        y = qonnx.custom_op.general.Quant(w, s, zp, b)";
    assert_eq!(fold(text).1, [-4.0, -1.0, 0.0, 2.0, 2.0, 3.0]);
}

/// A border of zeros.
#[test]
fn a_border_is_of_zeros() {
    let text = image(
        "const w f32 2x1x1x2: 0.5\nconst q i64 8: 0 0 1 0 0 0 0 0\nb = Pad(p, q)\ni = Conv(b, w)",
    );
    let Op::Conv(Conv { window, .. }) = op(&text, "conv1") else { panic!() };
    assert_eq!(window.padding, [[1, 0], [0, 0]]);
}

/// Three timesteps of an input that `parts` takes apart into x1, x2 and x3.
fn sequence(parts: &str) -> String {
    format!(
        "input x f32 3 batch 2\nconst fc1.weight f32 2x2: 0.5 -0.5 -0.5 -0.5\nconst th f32 -: 1\n\
        const beta f32 -: 0.75\nconst zero f32 -: 0\n{parts}\n{}\nm1 = Identity(i1)\n{}\n{}\n\
        y = Sum(s1, s2, s3)\noutput y",
        unroll(1, 3, "i@ = MatMul(x@, fc1.weight)"),
        unroll(1, 1, "d@ = Sub(m@, th)\nf@ = Greater(d@, zero)\ns@ = Cast(f@) to=1"),
        unroll(
            2,
            3,
            "l@ = Mul(beta, m^)\na@ = Add(l@, i@)\nm@ = Sub(a@, s^)\nd@ = Sub(m@, th)\n\
            f@ = Greater(d@, zero)\ns@ = Cast(f@) to=1"
        ),
    )
}

#[test]
fn time_is_the_first_dimension_of_what_picks_timesteps() {
    let gather = unroll(1, 3, "const k@ i64 -: ^\nx@ = Gather(x, k@)");
    let split = format!("p1, p2, p3 = Split(x)\n{}", unroll(1, 3, "x@ = Squeeze(p@) axes=[0]"));
    for parts in [&gather, &split] {
        let text = sequence(parts);
        let (graph, _) = import(&text).unwrap_or_else(|d| panic!("{} {d}\n{text}", d.code.id));
        assert_eq!(graph.timesteps, 3);
        let input = graph.order().unwrap()[0];
        let Op::Input(input) = &graph.node(input).op else { panic!("{graph:?}") };
        assert_eq!((&input.shape[..], input.is_static), (&[2][..], false));
    }
}
