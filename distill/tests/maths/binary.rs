// SPDX-License-Identifier: Apache-2.0 OR MIT
use burn::tensor::{Tensor, TensorData};
use synfire_distill::nn::{Precision, effective};

use super::fixture::Fixture;
use super::support::{close, device, values};

/// Borders included: 0 and −0 are positive, the gradient passes at ±1 and stops beyond.
#[test]
fn magnitude_sign_and_clipped_gradient() {
    let fixture = Fixture::load("binary");
    let upstream = fixture.tensor::<2>("upstream", &device());
    for (name, precision) in
        [("layer", Precision::BinaryLayer), ("channel", Precision::BinaryChannel)]
    {
        let latent = fixture.tensor::<2>("weight", &device()).require_grad();
        let weight = effective(latent.clone(), precision);
        let want = fixture.values(&format!("{name}.value"));
        close(name, &values(weight.clone().detach()), &want, 1e-6);
        let gradient = latent.grad(&(weight * upstream.clone()).sum().backward()).unwrap();
        assert_eq!(values(gradient), fixture.values(&format!("{name}.grad")), "{name}");
    }
}

#[test]
fn real_weights_are_left_alone() {
    let latent = Fixture::load("binary").tensor::<2>("weight", &device());
    assert_eq!(values(effective(latent.clone(), Precision::Real)), values(latent));
}

#[test]
fn the_sign_of_zero_is_plus() {
    let data = TensorData::new(vec![0.0_f32, -0.0, -2.0, 2.0], [2, 2]);
    let latent = Tensor::from_data(data, &device());
    let weight = values(effective(latent, Precision::BinaryLayer));
    assert_eq!(weight, [1.0, 1.0, -1.0, 1.0]);
}

/// Both weights are of one magnitude exactly: a carrier of gradients adds nothing to them.
#[test]
fn there_are_two_values_and_no_more() {
    let latent = Fixture::load("binary").tensor::<2>("weight", &device());
    let all = values(effective(latent, Precision::BinaryLayer));
    assert!(all.iter().all(|w| w.abs() == all[0].abs()));
}
