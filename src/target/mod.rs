// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Devices and boards: data in targets/*.toml, read here.

mod boot;
mod family;
mod line;
mod pins;
mod pll;
mod schema;

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::diag::{Diagnostic, InFile, Result, codes, read_file};
pub use boot::{Boot, FLASH_PINS};
pub use family::{Family, FamilySpec, Ram};
pub use line::Pace;
pub use pll::Pll;
pub use schema::{
    Basis, Board, Coefficient, Device, Energy, Link, Processors, Published, Resources, Target,
    Tools, Unit,
};

/// The files that come with the program, by name.
static BUILT_IN: &[(&str, &str)] = &[
    ("ice40up5k", include_str!("../../targets/ice40up5k.toml")),
    ("icebreaker", include_str!("../../targets/icebreaker.toml")),
    ("ice40hx8k", include_str!("../../targets/ice40hx8k.toml")),
    ("hx8k-breakout", include_str!("../../targets/hx8k-breakout.toml")),
    ("ecp5-25f", include_str!("../../targets/ecp5-25f.toml")),
    ("ecp5-85f", include_str!("../../targets/ecp5-85f.toml")),
    ("ulx3s-25f", include_str!("../../targets/ulx3s-25f.toml")),
    ("ulx3s-85f", include_str!("../../targets/ulx3s-85f.toml")),
    ("orangecrab-25f", include_str!("../../targets/orangecrab-25f.toml")),
    ("gw1nr-9c", include_str!("../../targets/gw1nr-9c.toml")),
    ("gw2ar-18c", include_str!("../../targets/gw2ar-18c.toml")),
    ("tangnano9k", include_str!("../../targets/tangnano9k.toml")),
    ("tangnano20k", include_str!("../../targets/tangnano20k.toml")),
    ("xc7a35t", include_str!("../../targets/xc7a35t.toml")),
    ("xc7z020", include_str!("../../targets/xc7z020.toml")),
    ("arty-a7-35t", include_str!("../../targets/arty-a7-35t.toml")),
    ("pynq-z2", include_str!("../../targets/pynq-z2.toml")),
];

/// What a board's file says; the device stands in its own.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct BoardFile {
    name: String,
    description: String,
    device: String,
    board: Option<Board>,
    processors: Option<Processors>,
}

/// Names of the built-in targets.
pub fn names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, _)| *name)
}

/// Loads a target by built-in name, or from a .toml file.
///
/// # Errors
/// [`codes::TARGET_UNKNOWN`] or [`codes::TARGET_FORMAT`].
pub fn load(name: &str) -> Result<Target> {
    find(name, parse)
}

/// Reads the file of this name as what is wanted: for a board's device no other board, so
/// that a file which names itself ends.
fn find<T>(name: &str, read: impl Fn(&str) -> Result<T>) -> Result<T> {
    if let Some((_, text)) = BUILT_IN.iter().find(|(n, _)| *n == name) {
        return read(text).map_err(|d| d.at(format!("targets/{name}.toml")));
    }
    let path = Path::new(name);
    if path.extension().is_none_or(|e| e != "toml") {
        let known: Vec<_> = names().collect();
        return Err(Diagnostic::new(&codes::TARGET_UNKNOWN, format!("`{name}` is not known"))
            .help(format!("known targets: {}; or name a .toml file", known.join(", "))));
    }
    let bytes = read_file(path)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|e| Diagnostic::new(&codes::TARGET_FORMAT, e.to_string()).in_file(path))?;
    read(text).in_file(path)
}

/// Reads the text of a target file. The device of a board is built in, or another file.
///
/// # Errors
/// As [`load`].
pub fn parse(text: &str) -> Result<Target> {
    let table: toml::Table = toml_value(text)?;
    if !table.contains_key("device") {
        let device = device(text)?;
        return Ok(Target {
            name: device.name.clone(),
            description: device.description.clone(),
            device,
            board: None,
            processors: None,
        });
    }
    let file: BoardFile = toml_value(text)?;
    let device = find(&file.device, device)?;
    let BoardFile { name, description, board, processors, .. } = file;
    let fault = match (&board, &processors) {
        (Some(board), None) => board.fault(device.family),
        (None, Some(processors)) => processors.fault(device.family),
        _ => Some(("device", "beside it comes one of [board] and [processors]".to_owned())),
    };
    if let Some((field, fault)) = fault {
        return Err(Diagnostic::new(&codes::TARGET_FORMAT, fault).at(field));
    }
    Ok(Target { name, description, device, board, processors })
}

fn device(text: &str) -> Result<Device> {
    let device: Device = toml_value(text)?;
    match device.fault() {
        Some(fault) => Err(Diagnostic::new(&codes::TARGET_FORMAT, fault)),
        None => Ok(device),
    }
}

fn toml_value<T: DeserializeOwned>(text: &str) -> Result<T> {
    toml::from_str(text).map_err(|e| Diagnostic::new(&codes::TARGET_FORMAT, e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_target_loads_under_its_name() {
        for name in names() {
            assert_eq!(load(name).map(|t| t.name).ok().as_deref(), Some(name));
        }
    }

    #[test]
    fn a_coefficient_outside_its_band_is_refused() {
        let text = BUILT_IN[0].1.replace("value = 104.0", "value = 4.0");
        let Err(d) = parse(&text) else { panic!("loaded") };
        assert!(d.message.contains("static_power"), "{d}");
    }

    #[test]
    fn processors_are_beside_a_7_series() {
        let (_, text) = BUILT_IN.iter().find(|(name, _)| *name == "pynq-z2").unwrap();
        let target = parse(text).unwrap();
        assert!(target.board.is_none() && target.processors.is_some());
        let refused = |from: &str, to: &str, words: &str| {
            assert!(text.contains(from), "{from}");
            let d = parse(&text.replace(from, to)).unwrap_err();
            assert!(d.code.id == "SF0402" && d.message.contains(words), "{d}");
        };
        refused("xc7z020clg400-1", "xc7z020 clg400-1", "no part number");
        refused("\"xc7z020clg400", "\"clg400", "no part number");
        for clock in ["0.0", "nan", "-50.0", "251.0"] {
            refused("50.0", clock, "for the fabric");
        }
        refused("\"xc7z020\"", "\"ecp5-25f\"", "no ECP5 beside processors");
        let alone = text.split("[processors]").next().unwrap();
        assert!(parse(alone).unwrap_err().message.contains("one of [board] and [processors]"));
    }

    #[test]
    fn a_gowin_names_its_series_and_has_no_spram() {
        let text = BUILT_IN.iter().find(|(name, _)| *name == "gw1nr-9c").unwrap().1;
        let refused = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            parse(&text.replace(from, to)).unwrap_err().message
        };
        assert_eq!(refused("yosys_device = \"gw1n\"", ""), "tools.yosys_device is missing");
        assert_eq!(refused("ebr = 26", "ebr = 26\nspram = 1"), "Gowin has no SPRAM");
    }

    #[test]
    fn a_board_is_no_device_not_even_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("loop.toml");
        let (_, board) = BUILT_IN[1];
        let text = board.replace("\"ice40up5k\"", &format!("{:?}", path.display().to_string()));
        assert_ne!(text, board);
        std::fs::write(&path, text).unwrap();
        let d = load(path.to_str().unwrap()).unwrap_err();
        assert_eq!(d.code.id, "SF0402", "{d}");
        assert_eq!(d.location.file.as_deref(), Some(path.as_path()));
    }

    #[test]
    fn an_unknown_target_names_the_known_ones() {
        let Err(d) = load("icebraker") else { panic!("loaded") };
        assert!(d.help.is_some_and(|h| h.contains("icebreaker")));
    }
}
