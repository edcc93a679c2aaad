// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Every variant of table 0.1 of the specification, on the same currents.

use burn::tensor::Tensor;
use synfire_distill::nn::{Extent, Net, Pass, Signal, Walk, rng, spec};

use super::fixture::Fixture;
use super::support::{close, device, values};

const WIDTH: usize = 6;
const STEPS: usize = 5;

fn layer(lif: spec::Lif) -> Net {
    let neuron = spec::Layer::Neuron(spec::Neuron::Lif(lif));
    Net::new(&[neuron], Extent(1, 1, 1), &mut rng(0, 0), &device()).unwrap()
}

#[test]
fn spikes_and_gradients_through_time() {
    let fixture = Fixture::load("lif");
    let variants: Vec<spec::Lif> = fixture.about();
    let (x, weight) = (
        fixture.tensor::<4>("x", &device()).reshape([STEPS * WIDTH, 1, 1, 1]),
        fixture.tensor::<4>("weight", &device()).reshape([STEPS * WIDTH, 1, 1, 1]),
    );
    let (spikes, grads) = (fixture.values("spikes"), fixture.values("grads"));
    for (v, lif) in variants.iter().enumerate() {
        let what = format!("{lif:?}");
        let net = layer(*lif);
        let mut rows = grads[v * 15 * WIDTH..].chunks_exact(WIDTH);
        for steps in 1..=STEPS {
            let x = x.clone().narrow(0, 0, steps * WIDTH).detach().require_grad();
            let out = net.forward(Signal::over(steps, x.clone()), &mut Walk::new(steps)).maps;
            let want = &spikes[v * STEPS * WIDTH..][..steps * WIDTH];
            assert_eq!(values(out.clone().detach()), want, "{what}");
            let weight = weight.clone().narrow(0, 0, steps * WIDTH);
            let gradient = x.grad(&(out * weight).sum().backward()).unwrap();
            let want: Vec<f32> = rows.by_ref().take(steps).flatten().copied().collect();
            close(&format!("{steps} steps of {what}"), &values(gradient), &want, 1e-5);
        }
    }
}

#[test]
fn a_membrane_on_the_threshold_fires_if_the_comparison_says_so() {
    let fixture = Fixture::load("lif");
    let edges = fixture.values("edges");
    for (lif, edge) in fixture.about::<Vec<spec::Lif>>().iter().zip(edges.chunks_exact(6)) {
        let x = fixture.tensor::<4>("edge", &device()).reshape([3, 1, 1, 1]).require_grad();
        let out = layer(*lif).forward(Signal::over(1, x.clone()), &mut Walk::new(1)).maps;
        assert_eq!(values(out.clone().detach()), edge[..3], "{lif:?}");
        close("slope", &values(x.grad(&out.sum().backward()).unwrap()), &edge[3..], 1e-6);
        let currents = fixture.values("edge");
        let on_it = currents.iter().position(|x| f64::from(*x) * lif.gain == lif.threshold);
        let fires = if lif.compare == spec::Compare::AtLeast { 1.0 } else { 0.0 };
        assert_eq!(edge[on_it.unwrap()], fires, "{lif:?}");
    }
}

/// ρ and g of rate-based backpropagation are the mean of the spikes and the derivative of
/// the rate by the current.
#[test]
fn rate_and_gain() {
    let fixture = Fixture::load("lif");
    let (rho, gain) = (fixture.values("rho"), fixture.values("gain"));
    let x = fixture.tensor::<4>("x", &Default::default()).reshape([STEPS * WIDTH, 1, 1, 1]);
    for (v, lif) in fixture.about::<Vec<spec::Lif>>().iter().enumerate() {
        let net = layer(*lif);
        let mut walk = Walk::new(STEPS);
        walk.pass = Pass::Measure;
        let spikes = net.forward(Signal::over(STEPS, x.clone()), &mut walk);
        walk.rewind();
        walk.pass = Pass::Rate;
        let current = Signal::over(STEPS, x.clone()).mean();
        let current = Tensor::from_inner(current).require_grad();
        let rate = net.forward(Signal::held(current.clone()), &mut walk).maps;
        close("spikes", &values(rate.clone().detach()), &values(spikes.mean()), 1e-6);
        close("ρ", &values(rate.clone().detach()), &rho[v * WIDTH..][..WIDTH], 1e-6);
        let gradient = current.grad(&rate.sum().backward()).unwrap();
        close(&format!("g of {lif:?}"), &values(gradient), &gain[v * WIDTH..][..WIDTH], 1e-5);
    }
}

/// g is what backpropagation through time gives for the same change of the current at every
/// timestep.
#[test]
fn the_gain_is_the_sum_of_the_gradients_through_time() {
    let fixture = Fixture::load("lif");
    let gain = fixture.values("gain");
    let x = fixture.tensor::<4>("x", &device()).reshape([STEPS * WIDTH, 1, 1, 1]);
    for (v, lif) in fixture.about::<Vec<spec::Lif>>().iter().enumerate() {
        let x = x.clone().detach().require_grad();
        let out = layer(*lif).forward(Signal::over(STEPS, x.clone()), &mut Walk::new(STEPS));
        let gradient = x.grad(&out.mean().sum().backward()).unwrap();
        let sum = gradient.reshape([STEPS, WIDTH]).sum_dim(0);
        close(&format!("{lif:?}"), &values(sum), &gain[v * WIDTH..][..WIDTH], 1e-5);
    }
}

/// Heights of the three curves by hand, at the threshold and beside it.
#[test]
fn slopes_at_and_beside_the_threshold() {
    let at = |surrogate: spec::Surrogate, want: [f32; 4]| {
        let distance = Tensor::<1>::from_data([0.0, 1.0, -1.0, 2.0], &device());
        close(&format!("{surrogate:?}"), &values(surrogate.slope(distance)), &want, 1e-6);
    };
    // (2 − |u − θ|) / 4
    at(spec::Surrogate::Triangle { width: 2.0 }, [0.5, 0.25, 0.25, 0.0]);
    // 2 z (1 − z)
    let z = |d: f32| 1.0 / (1.0 + (-2.0 * d).exp());
    let height = |d: f32| 2.0 * z(d) * (1.0 - z(d));
    at(spec::Surrogate::Sigmoid { slope: 2.0 }, [0.5, height(1.0), height(1.0), height(2.0)]);
    // 1 / (1 + (π d)²)
    let height = |d: f32| 1.0 / (1.0 + (std::f32::consts::PI * d).powi(2));
    at(spec::Surrogate::Arctan { slope: 2.0 }, [1.0, height(1.0), height(1.0), height(2.0)]);
}
