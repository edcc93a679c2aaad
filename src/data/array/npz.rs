// SPDX-License-Identifier: Apache-2.0 OR MIT
//! NumPy's npz format: a zip archive with one npy file for each array. Source:
//! documentation of `numpy.savez`.

use super::{Array, npy, zip};
use crate::diag::{Diagnostic, Result, codes};

/// Reads the array called `member`, or the only one.
pub(super) fn parse(data: &[u8], member: Option<&str>) -> Result<Array> {
    let members = zip::members(data)?;
    let arrays: Vec<_> =
        members.iter().filter_map(|m| Some((m.name.strip_suffix(".npy")?, m))).collect();
    let found = match (member, &arrays[..]) {
        (Some(name), _) => arrays.iter().find(|(n, _)| *n == name),
        (None, [only]) => Some(only),
        _ => None,
    };
    let Some((name, member)) = found else {
        let names: Vec<&str> = arrays.iter().map(|(n, _)| *n).take(20).collect();
        let message = match member {
            Some(name) => format!("there is no array `{name}`"),
            None if names.is_empty() => "the archive has no array".to_owned(),
            None => format!("the archive has {} arrays", arrays.len()),
        };
        let help = format!(
            "name one of them as in `file.npz:{}`: {}",
            names.first().unwrap_or(&"name"),
            names.join(", ")
        );
        return Err(Diagnostic::new(&codes::INPUT_FORMAT, message).at("npz").help(help));
    };
    let within = |mut d: Box<Diagnostic>| {
        d.location.path = d.location.path.map(|path| format!("{name}: {path}"));
        d
    };
    npy::parse(&member.read(data)?).map_err(within)
}
