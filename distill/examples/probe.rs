use burn::optim::{AdamWConfig, SgdConfig};
use burn::tensor::{Device, Tensor, TensorData};
use std::time::Instant;
use synfire_distill::{loss::*, nn::*, rule::*};
fn spec_dense() -> spec::Model {
    use spec::*;
    let lin = |o| Layer::Linear { outputs: o, weights: Precision::BinaryLayer, bias: false };
    Model {
        input: Extent(1, 28, 28),
        stages: vec![
            Stage {
                name: "h".into(),
                layers: vec![lin(256), Layer::Norm, Layer::Neuron(Neuron::Lif(Lif::default()))],
            },
            Stage {
                name: "head".into(),
                layers: vec![Layer::Linear {
                    outputs: 10,
                    weights: Precision::BinaryChannel,
                    bias: true,
                }],
            },
        ],
    }
}
fn spec_conv() -> spec::Model {
    use spec::*;
    let conv = |o, k, s, p, w| Layer::Conv {
        channels: o,
        kernel: k,
        stride: s,
        padding: p,
        weights: w,
        bias: false,
    };
    let lif = || Layer::Neuron(Neuron::Lif(Lif::default()));
    let mode = |c| Layer::Residual {
        body: vec![Layer::Norm, lif(), conv(c, 3, 1, 1, Precision::BinaryLayer)],
        shortcut: vec![],
    };
    let down = |c| Layer::Residual {
        body: vec![Layer::Norm, lif(), conv(c, 3, 2, 1, Precision::BinaryLayer)],
        shortcut: vec![Layer::AveragePool { window: 2 }, conv(c, 1, 1, 0, Precision::Real)],
    };
    Model {
        input: Extent(1, 28, 28),
        stages: vec![
            Stage {
                name: "s1".into(),
                layers: vec![
                    conv(32, 5, 2, 2, Precision::Real),
                    mode(32),
                    mode(32),
                    mode(32),
                    mode(32),
                ],
            },
            Stage {
                name: "s2".into(),
                layers: vec![
                    down(64),
                    mode(64),
                    mode(64),
                    mode(64),
                    Layer::Norm,
                    lif(),
                    Layer::AveragePool { window: 0 },
                ],
            },
            Stage {
                name: "head".into(),
                layers: vec![Layer::Linear { outputs: 10, weights: Precision::Real, bias: true }],
            },
        ],
    }
}
fn main() {
    let which = std::env::args().nth(1).unwrap();
    let rule = match std::env::args().nth(2).as_deref() {
        Some("sltt") => Rule::Sltt { chosen: None },
        Some("rate") => Rule::Rate,
        _ => Rule::Bptt,
    };
    let dev = Device::flex().autodiff();
    let d = synfire::data::samples;
    let _ = d;
    let img = std::process::Command::new("zcat")
        .arg("/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz")
        .output()
        .unwrap()
        .stdout;
    let img = &img[16..];
    let lab = std::process::Command::new("zcat")
        .arg("/usr/share/datasets/fashion-mnist/train-labels-idx1-ubyte.gz")
        .output()
        .unwrap()
        .stdout;
    let lab = &lab[8..];
    let (spec, t, n) =
        if which == "dense" { (spec_dense(), 4, 60000) } else { (spec_conv(), 2, 3200) };
    let mut r = rng(1, 0);
    let mut tr = Trainee { model: Model::new(&spec, &mut r, &dev).unwrap(), extra: vec![] };
    let mut opt = if which == "dense" {
        AdamWConfig::new().with_weight_decay(0.0).init()
    } else {
        SgdConfig::new().init()
    };
    let obj = Objective::of(Term::Label { over: Over::Steps, smoothing: 0.0 });
    for epoch in 0..2 {
        let t0 = Instant::now();
        let mut tot = 0.0;
        let mut nb = 0;
        for b in 0..n / 128 {
            let s = &img[b * 128 * 784..(b + 1) * 128 * 784];
            let x: Vec<f32> = s.iter().map(|v| *v as f32 / 255.0).collect();
            let x = Tensor::<4>::from_data(TensorData::new(x, [128, 1, 28, 28]), &dev);
            let target = Target::labels(&lab[b * 128..(b + 1) * 128], 10, &dev);
            let st = rule.step(
                &tr,
                Batch { input: Signal::held(x), steps: t, binary: true, active: None, rng: &mut r },
                &mut |o, _, r| obj.value(o, &target, r),
            );
            tr = opt.step(1e-3, tr, st.gradients);
            tot += st.loss;
            nb += 1;
        }
        println!("epoch {epoch} loss {:.4} {:.2}s", tot / nb as f64, t0.elapsed().as_secs_f64());
    }
    let v = tr.model.valid();
    let d2 = Device::flex();
    use burn::module::Module;
    let img = std::process::Command::new("zcat")
        .arg("/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz")
        .output()
        .unwrap()
        .stdout;
    let img = &img[16..];
    let lab = std::process::Command::new("zcat")
        .arg("/usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz")
        .output()
        .unwrap()
        .stdout;
    let lab = &lab[8..];
    let mut ok = 0;
    for b in 0..20 {
        let s = &img[b * 500 * 784..(b + 1) * 500 * 784];
        let x: Vec<f32> = s.iter().map(|v| *v as f32 / 255.0).collect();
        let x = Tensor::<4>::from_data(TensorData::new(x, [500, 1, 28, 28]), &d2);
        let o = v.forward(Signal::held(x), &mut Walk::new(t));
        let c: Vec<i64> =
            o.logits.mean_dim(0).squeeze_dim::<2>(0).argmax(1).into_data().iter::<i64>().collect();
        ok += c.iter().zip(&lab[b * 500..]).filter(|(a, b)| **a == **b as i64).count();
    }
    println!("acc {}", ok as f64 / 100.0);
}
