// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The last levels of a family whose bitstream nothing turns back into a netlist: the netlist
//! that place and route wrote is simulated, and of the bitstream is compared what can be.

use std::fmt::Write as _;
use std::path::Path;

use super::Check;
use crate::cli::ui::thousands;
use crate::diag::{InFile, Result, read_file, write_file};
use crate::flow::process::create_dir;
use crate::flow::routed::Netlist;
use crate::flow::{ecp5, family, gowin, pack};
use crate::target::Family;
use crate::verify::{Packed, PackedFault, PackedReport, check_packed};

/// Which value in use is damaged: in the middle of a small memory, odd.
const PACKED_FAULT: usize = 77;

impl Check<'_> {
    /// The contents of the packed bitstream, which nothing turns back into a netlist, beside the
    /// netlist that place and route wrote.
    pub(super) fn unpacked(&mut self, netlist: &Path) -> Result<()> {
        let bitstream = self.build.file(self.build.target.device.family.spec().bitstream)?;
        if self.has("bitstream", &family::to_read_back(self.build.design.family)) {
            self.report.packed.compared = Some(self.packed_as(netlist, &bitstream, "bitstream")?);
        }
        Ok(())
    }

    fn packed_as(&self, netlist: &Path, bitstream: &Path, work: &str) -> Result<Packed> {
        self.progress.set_message("unpacking the bitstream");
        let (design, work) = (&self.build.design, self.work.join(work));
        check_packed(self.toolbox, design, &self.build.dir, netlist, bitstream, &work)
    }

    /// One bit of a block RAM in the packed bitstream, on a family where that is compared.
    pub(super) fn packed_fault(&mut self) -> Result<()> {
        let netlist = self.build.file("flow/pnr.json")?;
        let work = self.work.join("mutations/packed");
        create_dir(&work)?;
        let bitstream = work.join("mutated.bit");
        let made = match self.build.design.family {
            Family::Gowin => self.flipped_in_bitstream(&netlist, &bitstream)?,
            _ => self.flipped_and_packed(&work.join("mutated.config"), &bitstream)?,
        };
        let Some(fault) = made else {
            let message = "bitstream mutation: no block RAM has contents";
            self.report.left_out.push(message.into());
            return Ok(());
        };
        let caught = self.packed_as(&netlist, &bitstream, "mutations/packed")?.first;
        self.report.packed.fault = Some(PackedFault { fault, caught });
        Ok(())
    }

    /// A bit flipped in the configuration, which is packed; what it was, in words.
    fn flipped_and_packed(&self, config: &Path, bitstream: &Path) -> Result<Option<String>> {
        let sound = self.build.file("flow/pnr.config")?;
        let text = String::from_utf8_lossy(&read_file(&sound)?).into_owned();
        let Ok(flipped) = ecp5::flip(&text, PACKED_FAULT) else { return Ok(None) };
        write_file(config, flipped.text)?;
        pack::pack(self.toolbox, self.build.design.family, config, bitstream)?;
        let (id, value, bit) = (flipped.id, flipped.value, flipped.bit);
        Ok(Some(format!("bit {bit} of value {value} of block RAM {id} flipped, packed")))
    }

    /// A bit flipped in the bitstream itself; what it was, in words.
    fn flipped_in_bitstream(&self, netlist: &Path, bitstream: &Path) -> Result<Option<String>> {
        let family = self.build.design.family;
        let sound = self.build.file(family.spec().bitstream)?;
        let text = String::from_utf8_lossy(&read_file(&sound)?).into_owned();
        let routed = Netlist::parse(family, &read_file(netlist)?).in_file(netlist)?;
        let chip = routed.chip().in_file(netlist)?;
        let Ok(flipped) = gowin::flip(&text, chip, PACKED_FAULT) else { return Ok(None) };
        write_file(bitstream, flipped.text)?;
        let (id, word, bit) = (flipped.id, flipped.word, flipped.bit);
        Ok(Some(format!("bit {bit} of word {word} of block RAM {id} flipped in the bitstream")))
    }
}

/// What is printed below the table.
pub(super) fn text(report: &PackedReport) -> String {
    let mut text = String::new();
    if let Some(p) = &report.compared {
        let bytes = thousands(p.repacked_bytes);
        let bits = thousands(p.memory_bits);
        let (rams, memories) = (p.block_rams, p.memories);
        let _ = match &p.first {
            Some(first) => write!(text, "\nbitstream  DIFFERS: {first}\n"),
            None => write!(
                text,
                "\nbitstream  repacked identically, {bytes} bytes; contents of {rams} block RAMs compared\n           \
                 with the routed netlist, and all {memories} emitted memories ({bits} bits) found in them\n           \
                 not checked: its logic and routing, which are not simulated from it\n"
            ),
        };
    }
    if let Some(f) = &report.fault {
        let outcome = match &f.caught {
            Some(what) => format!("caught: {what}"),
            None => "NOT NOTICED".into(),
        };
        let _ = write!(text, "\nfault   {}\n        {outcome}\n", f.fault);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_compared_is_said_with_its_numbers() {
        assert_eq!(text(&PackedReport::default()), "");
        let compared = Packed {
            repacked_bytes: 582_123,
            block_rams: 7,
            memories: 5,
            memory_bits: 61_440,
            first: None,
        };
        let fault = PackedFault { fault: "bit 3 flipped".into(), caught: Some("word 4".into()) };
        let sound = text(&PackedReport { compared: Some(compared.clone()), fault: Some(fault) });
        for words in [
            "repacked identically, 582,123 bytes; contents of 7 block RAMs",
            "all 5 emitted memories (61,440 bits) found",
            "fault   bit 3 flipped\n        caught: word 4\n",
        ] {
            assert!(sound.contains(words), "{words}\n{sound}");
        }
        let compared = Packed { first: Some("word 9".into()), ..compared };
        let fault = PackedFault { fault: "bit 3 flipped".into(), caught: None };
        let damaged = text(&PackedReport { compared: Some(compared), fault: Some(fault) });
        assert!(damaged.contains("DIFFERS: word 9\n"), "{damaged}");
        assert!(damaged.contains("NOT NOTICED") && !damaged.contains("identically"), "{damaged}");
    }
}
