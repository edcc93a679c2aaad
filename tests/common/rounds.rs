// SPDX-License-Identifier: Apache-2.0 OR MIT
//! How much a test tries.

/// So many, or `SYNFIRE_ROUNDS` times as many: the nightly run asks for more.
pub(crate) fn rounds(usual: usize) -> usize {
    let times = std::env::var("SYNFIRE_ROUNDS").ok().and_then(|r| r.parse().ok());
    usual * times.unwrap_or(1)
}
