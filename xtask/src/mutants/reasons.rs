// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Mutants that may survive, each with its reason: tests/mutants.toml.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

/// Where the list is.
const LIST: &str = "tests/mutants.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Survivor {
    /// As `cargo xtask mutants` prints it.
    name: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    survivor: Vec<Survivor>,
}

/// Reasons by the names of the mutants.
pub(crate) fn read(root: &Path) -> Result<BTreeMap<String, String>, String> {
    let text = std::fs::read_to_string(root.join(LIST)).map_err(|e| format!("{LIST}: {e}"))?;
    let list: List = toml::from_str(&text).map_err(|e| format!("{LIST}: {e}"))?;
    Ok(list.survivor.into_iter().map(|s| (s.name, s.reason)).collect())
}
