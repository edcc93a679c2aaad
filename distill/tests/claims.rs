// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What must hold of the published claims at small scale: `cargo test -p
//! synfire-distill --test claims -- --ignored`. It trains every arm of every claim.
#![allow(missing_docs)]

use burn::tensor::Device;
use synfire::diag::{Diagnostic, Result};
use synfire_distill::claims::{Laboratory, all, reproduce};

#[test]
#[ignore = "trains for many minutes, on Fashion-MNIST"]
fn what_must_hold_of_the_claims_holds() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| Diagnostic::internal("test", e.to_string()))?;
    let laboratory = Laboratory { data: None, device: Device::flex() };
    let mut wrong = Vec::new();
    // Those that nothing is required of are recorded by `synfire-distill reproduce`.
    let trial = synfire_distill::claims::Measured::default();
    for claim in all().iter().filter(|c| !(c.checks)(&trial).is_empty()) {
        let done = |_: &str, _: u64, _: &_| {};
        let measured = reproduce(claim, claim.seeds, &laboratory, folder.path(), &done)?;
        let checks = (claim.checks)(&measured);
        wrong.extend(checks.into_iter().filter(|c| !c.holds()).map(|c| (claim.name, c)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}
