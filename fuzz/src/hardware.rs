// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What describes hardware or comes from it: target files, frames of the host link, and what
//! the tools report.

use synfire::flow::{ecp5, gowin, nextpnr::PnrReport, ram, spram};
use synfire::flow::{routed::Netlist, yosys::CellReport};
use synfire::hw::{self, Options};
use synfire::target::{self, Family, Target};
use synfire::{emit, ir, report, verify};
use synfire_link::{Command, Lengths, Request};

use super::{memory, refused};

/// Bytes of memory for each byte of a target file or a report, and for any.
const MEMORY: (usize, usize) = (1024, 1 << 20);

/// A network for whatever target.
const NETWORK: &str = r#"synfire-ir 1
graph "g" timesteps 4
%in = input() : levels[3; 8] static {"shape":[3],"bits":8,"is_static":true}
%fc = linear(%in) : current[2; fixed(11, 0)] static {"weights":{"binary":{"signs":{"cols":3,"rows":["5","2"]},"scale":1.0}},"bias":null}
%n = fixed-lif(%fc) : spikes[2] {"leak_num":1,"leak_shift":1,"frac":4,"width":15,"bias":[0,7],"threshold":[4800,640],"reset":"soft","compare":"at-least"}
%y = fixed-readout(%n) : current[2; fixed(12, 3)] {"frac":3,"gain":[100,1],"offset":[0,-9],"gain_width":7,"width":12}
output %y
"#;

/// As TOML, and as the JSON that a build keeps.
pub fn target(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let read = || target::parse(text);
    match memory::bounded(bytes.len(), MEMORY.0, MEMORY.1, read) {
        Ok(target) => {
            let json = serde_json::to_string(&target).unwrap();
            let back: Target = serde_json::from_str(&json).unwrap();
            assert_eq!(serde_json::to_string(&back).unwrap(), json);
            build(&target);
        }
        Err(d) => assert!(["SF0401", "SF0402", "SF0001"].contains(&d.code.id), "{d}"),
    }
}

/// The target takes the network and is written for, or says why not.
fn build(target: &Target) {
    let graph = ir::parse(NETWORK).unwrap();
    let design = match hw::lower(&graph, target, &Options::default()) {
        Ok((design, _)) => design,
        Err(d) => return refused(&d, &["SF04"]),
    };
    let _ = report::memory_svg(&design, target, None);
    if let Err(d) = emit::emit(&design, target) {
        refused(&d, &["SF04"]);
    }
}

/// A frame from the board: read or refused. A request has no zero but its end.
pub fn link(bytes: &[u8]) {
    match memory::bounded(bytes.len(), 16, 1 << 16, || verify::decode_response(bytes)) {
        Ok(response) => assert!(response.body.len() < bytes.len()),
        Err(d) => assert_eq!(d.code.id, "SF0602", "{d}"),
    }
    let command = if bytes.len() % 2 == 1 { Command::InferWithTrace } else { Command::Infer };
    let sent = Request { tag: 0, command, payload: bytes };
    let mut request = verify::encode_request(&sent);
    assert_eq!(request.iter().position(|b| *b == 0), Some(request.len() - 1));
    request.pop();
    let lengths = Lengths { infer: bytes.len(), load: 0 };
    assert_eq!(Request::decode(&mut request, lengths), Ok(sent));
    if let Ok(found) = Request::decode(&mut bytes.to_vec(), Lengths { infer: 4, load: 3 }) {
        assert!(found.payload.len() < bytes.len());
    }
}

/// What Yosys, nextpnr and icepack write: the first byte says which.
pub fn reports(bytes: &[u8]) {
    let Some((&tool, file)) = bytes.split_first() else { return };
    let text = std::str::from_utf8(file).unwrap_or_default();
    let read = || match tool % 5 {
        0 => CellReport::parse(file, Family::Ice40).err(),
        1 => match PnrReport::parse(file) {
            Ok(report) => {
                for family in [Family::Ice40, Family::Ecp5, Family::Gowin] {
                    let _ = (report.logic_cells(family), report.block_rams(family));
                }
                let _ = report.fmax_mhz();
                report.check_timing(f64::INFINITY).err()
            }
            Err(d) => Some(d),
        },
        // A netlist grows as Verilog, by the contents of each block RAM; reading it does not.
        3 => match Netlist::parse(Family::Gowin, file) {
            Ok(netlist) => netlist.block_rams().err().or(netlist.chip().err()),
            Err(d) => Some(d),
        },
        4 => {
            let bitstream = gowin::flip(text, "GW1N-9C", file.len()).err();
            let config = ecp5::block_rams(text).and_then(|_| ecp5::flip(text, file.len()));
            config.err().or(bitstream)
        }
        _ => match ram::flip_ram_bit(text, file.len()) {
            Ok(flipped) => {
                assert_eq!(flipped.text.len(), text.len());
                let block = ram::flip_in_block(text, &[0; 256], 1, 3).err();
                block.or_else(|| spram::add(text, &spram::in_use(text)).err())
            }
            Err(d) => Some(d),
        },
    };
    if let Some(d) = memory::bounded(file.len(), MEMORY.0, MEMORY.1, read) {
        assert!(d.code.id.starts_with("SF05"), "{} {d}", d.code.id);
    }
}
