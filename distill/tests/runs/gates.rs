// SPDX-License-Identifier: Apache-2.0 OR MIT
//! An ensemble of two and a gate, worked by hand.

use burn::tensor::Device;
use serde_json::json;
use synfire::diag::Result;
use synfire_distill::train::{gated, needs};

use super::measured::{network, pairs, real};

/// The first member gives the first level, the second one the second; the second class wins where
/// their sum is above a half.
#[test]
fn members_that_samples_need() -> Result<()> {
    let device = Device::flex();
    let member = json!([real(1, false)]);
    let sides = json!([{ "layer": "parallel", "members": [member, member] }]);
    let ensemble = network(
        [1, 1, 2],
        &[sides, json!([real(2, true)])],
        &[(&[1.0, 0.0], &[]), (&[0.0, 1.0], &[]), (&[0.0, 0.0, 1.0, 1.0], &[0.5, 0.0])],
    )?;
    let data = pairs(&[([4, 0], 1), ([0, 4], 1), ([0, 0], 1), ([0, 0], 0), ([0, 4], 0)])?;
    let wanted = (1, &[0, 1][..]);
    // One will do, both are needed, nothing helps (so all), one will do, twice.
    let needed = needs(&ensemble, &data, wanted, &device)?;
    assert_eq!((needed.labels(), needed.classes), (&[0, 1, 1, 0, 0][..], 2));

    // A gate that asks for both where the second level is above a half.
    let gate =
        network([1, 1, 2], &[json!([real(2, true)])], &[(&[0.0, 0.0, 0.0, 1.0], &[0.5, 0.0])])?;
    let found = gated(&ensemble, &gate, &data, wanted, &device)?;
    // One, two, one, one, two members: right, right, wrong, right, wrong.
    assert_eq!((found.accuracy, found.members), (0.6, 1.4));
    assert_eq!((found.fixed, found.operations.macs), (vec![0.6, 0.6], 4.0));
    // Of two members that are left, the second one first.
    let turned = (1, &[1, 0][..]);
    assert_eq!(needs(&ensemble, &data, turned, &device)?.labels(), &[1, 0, 1, 0, 1]);
    Ok(())
}
