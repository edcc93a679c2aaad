// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A packed bitstream that cannot be turned back into a netlist: what of it can be compared.
//!
//! Unpacked and packed again it must be the same, byte by byte, or packed again from the routed
//! netlist where nothing unpacks it; every block RAM in it must have the contents that the routed
//! netlist gives it, and these must be the memories that were emitted. Its logic is not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use crate::diag::{Diagnostic, InFile, Result, codes, read_file};
use crate::emit::{RTL_DIR, block_memories, memory_rows};
use crate::flow::process::create_dir;
use crate::flow::routed::{BlockRam, Netlist, Words};
use crate::flow::{Toolbox, ecp5, gowin, pack};
use crate::hw::Design;
use crate::target::Family;

/// What was compared, and the first difference.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Packed {
    /// Bytes that packing again gave again.
    pub repacked_bytes: u64,
    /// Block RAMs whose contents are those of the routed netlist.
    pub block_rams: u64,
    /// Emitted memories that were found in them, and the bits of these.
    pub memories: u64,
    /// Bits of these memories.
    pub memory_bits: u64,
    /// The first difference, in words.
    pub first: Option<String>,
}

/// What was compared of a packed bitstream, and of one with a fault.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PackedReport {
    /// What was compared.
    pub compared: Option<Packed>,
    /// The fault in another one.
    pub fault: Option<PackedFault>,
}

/// A fault in a packed bitstream, and the difference it made.
#[derive(Debug, Clone, Serialize)]
pub struct PackedFault {
    /// What was changed.
    pub fault: String,
    /// The difference; none: the check is worth nothing.
    pub caught: Option<String>,
}

impl PackedReport {
    /// An error if the bitstream differs, or a fault in it was not noticed.
    pub(super) fn verdict(&self) -> Result<()> {
        if let Some(first) = self.compared.as_ref().and_then(|p| p.first.as_ref()) {
            let message = format!("packed bitstream: {first}");
            return Err(Diagnostic::new(&codes::VERIFY_MISMATCH, message));
        }
        match self.fault.as_ref().filter(|f| f.caught.is_none()) {
            Some(f) => {
                let message = format!("{}: not noticed", f.fault);
                Err(Diagnostic::new(&codes::MUTATION_SURVIVED, message))
            }
            None => Ok(()),
        }
    }
}

/// Compares `bitstream` with the routed netlist and the memories below `build`, in `work`.
///
/// # Errors
/// If a tool is missing or fails, or a file is not what it should be.
pub fn check_packed(
    toolbox: &Toolbox,
    design: &Design,
    build: &Path,
    netlist: &Path,
    bitstream: &Path,
    work: &Path,
) -> Result<Packed> {
    create_dir(work)?;
    let routed = Netlist::parse(design.family, &read_file(netlist)?).in_file(netlist)?;
    let rams = routed.block_rams().in_file(netlist)?;
    let again = work.join("repacked.bit");
    let found = if design.family == Family::Gowin {
        pack::pack(toolbox, design.family, netlist, &again)?;
        let text = String::from_utf8_lossy(&read_file(bitstream)?).into_owned();
        let chip = routed.chip().in_file(netlist)?;
        used(gowin::block_rams(&text, chip).in_file(bitstream)?, &rams)
    } else {
        let config = work.join("unpacked.config");
        pack::unpack(toolbox, design.family, bitstream, &config)?;
        pack::pack(toolbox, design.family, &config, &again)?;
        let text = String::from_utf8_lossy(&read_file(&config)?).into_owned();
        ecp5::block_rams(&text).in_file(&config)?
    };
    let (sound, again) = (read_file(bitstream)?, read_file(&again)?);
    let mut packed = Packed { repacked_bytes: sound.len() as u64, ..Packed::default() };
    let compared = compare(&mut packed, &found, &rams, &memories(design, build)?);
    packed.first = compared.err().or_else(|| {
        let at = difference(&sound, &again)?;
        Some(format!("packed again it differs from byte {at} on"))
    });
    Ok(packed)
}

/// Of all block RAMs of a device those that have contents or are in the netlist.
fn used(mut found: BTreeMap<u32, Words>, netlist: &[BlockRam]) -> BTreeMap<u32, Words> {
    found.retain(|id, words| {
        words.iter().any(|w| *w != 0) || netlist.iter().any(|ram| ram.id == *id)
    });
    found
}

/// The first byte in which two files differ; the end of the shorter one, if that is all of it.
fn difference(a: &[u8], b: &[u8]) -> Option<usize> {
    let among = a.iter().zip(b).position(|(a, b)| a != b);
    among.or_else(|| (a.len() != b.len()).then(|| a.len().min(b.len())))
}

/// Rows of an emitted memory, and whose it is.
struct Emitted {
    whose: String,
    /// Bits of each row, the lowest first.
    rows: Vec<Vec<bool>>,
}

/// The emitted memories that lie in block RAM. One whose words are all the same is none.
fn memories(design: &Design, build: &Path) -> Result<Vec<Emitted>> {
    let mut all = Vec::new();
    for (file, whose) in block_memories(design) {
        let path = build.join(RTL_DIR).join(file);
        let rows = memory_rows(&read_file(&path)?).ok_or_else(|| {
            let message = "memory contents are not hexadecimal";
            Diagnostic::new(&codes::BUILD_DAMAGED, message).in_file(&path)
        })?;
        if rows.iter().any(|row| *row != rows[0]) {
            all.push(Emitted { whose, rows });
        }
    }
    Ok(all)
}

/// The bits of one column of one block RAM, address by address.
type Column = Vec<bool>;

/// Compares and counts; the error says what differs.
fn compare(
    packed: &mut Packed,
    found: &BTreeMap<u32, Words>,
    netlist: &[BlockRam],
    memories: &[Emitted],
) -> std::result::Result<(), String> {
    if found.len() != netlist.len() {
        return Err(format!(
            "it has {} block RAMs, the routed netlist {}",
            found.len(),
            netlist.len()
        ));
    }
    // Block RAMs that are parts of one memory: their names end in two numbers.
    let mut groups: BTreeMap<&str, (usize, BTreeSet<Column>)> = BTreeMap::new();
    for ram in netlist {
        let words =
            found.get(&ram.id).ok_or_else(|| format!("there is no block RAM {}", ram.id))?;
        if let Some(at) = words.iter().zip(&ram.contents).position(|(a, b)| a != b) {
            return Err(format!(
                "block RAM {}, word {at}: {:05x} instead of {:05x} in the routed netlist ({})",
                ram.id, words[at], ram.contents[at], ram.name
            ));
        }
        packed.block_rams += 1;
        let memory = ram.name.rsplitn(3, '.').last().unwrap_or(&ram.name);
        let columns = columns(words, ram.width as usize);
        let group = groups.entry(memory).or_insert((columns[0].len(), BTreeSet::new()));
        group.1.extend(columns.into_iter().filter(|c| c.contains(&true)));
    }
    groups.retain(|_, (_, columns)| !columns.is_empty());
    for memory in memories {
        let hit = groups.iter().find(|(_, (depth, columns))| holds(columns, memory, *depth));
        let Some(name) = hit.map(|(name, _)| *name) else {
            return Err(format!("no block RAMs hold the memory of {}", memory.whose));
        };
        groups.remove(name);
        packed.memories += 1;
        packed.memory_bits += memory.rows.iter().map(|r| r.len() as u64).sum::<u64>();
    }
    match groups.keys().next() {
        Some(name) => Err(format!("{name} has contents, and is no emitted memory")),
        None => Ok(()),
    }
}

/// True if these columns are those of the memory, cut after each `depth` rows. Columns that
/// are the same in every row need not be there: synthesis leaves them out.
fn holds(columns: &BTreeSet<Column>, memory: &Emitted, depth: usize) -> bool {
    let width = memory.rows.iter().map(Vec::len).max().unwrap_or(0);
    let bit = |row: usize, c: usize| memory.rows[row].get(c).copied().unwrap_or(false);
    let mut wanted = BTreeSet::new();
    let mut needed = BTreeSet::new();
    for c in 0..width {
        let varies = (0..memory.rows.len()).any(|row| bit(row, c) != bit(0, c));
        for first in (0..memory.rows.len()).step_by(depth) {
            let row = |k: usize| first + k < memory.rows.len() && bit(first + k, c);
            let column: Column = (0..depth).map(row).collect();
            if varies && column.contains(&true) {
                needed.insert(column.clone());
            }
            wanted.insert(column);
        }
    }
    columns.is_subset(&wanted) && needed.is_subset(columns)
}

/// The columns of a block RAM that reads words of `width` bits.
fn columns(words: &Words, width: usize) -> Vec<Column> {
    // Where bit c of the word at an address is: word of 18 bits, and bit in it.
    let place = |address: usize, c: usize| match width {
        36 => (2 * address + c / 18, c % 18),
        18 => (address, c),
        _ => {
            // Two bytes of nine bits a word; a byte holds one word of nine or 8 / width.
            let in_byte = (8 / width).max(1);
            let (byte, k) = (address / in_byte, address % in_byte);
            (byte / 2, byte % 2 * 9 + k * width + c)
        }
    };
    let depth = if width >= 9 { 18_432 / width } else { 16_384 / width };
    let bit = |address, c| {
        let (word, bit) = place(address, c);
        words.get(word).is_some_and(|w| w >> bit & 1 == 1)
    };
    (0..width).map(|c| (0..depth).map(|address| bit(address, c)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::{Place, Stage};

    /// A memory of 600 words of `width` bits, without constant columns.
    fn emitted(width: usize) -> Emitted {
        let row = |r: usize| {
            (0..width).map(|c| (r * 7 + c * c + r / (c + 2)).is_multiple_of(3)).collect()
        };
        Emitted { whose: "stage 0".into(), rows: (0..600).map(row).collect() }
    }

    /// Block RAMs of words of `shape` bits with these rows, as synthesis lays them out.
    fn rams(memory: &Emitted, shape: usize) -> Vec<BlockRam> {
        let empty = columns(&vec![0; 1024], shape);
        let (depth, width) = (empty[0].len(), memory.rows[0].len());
        let mut made = Vec::new();
        for (bank, first) in (0..memory.rows.len()).step_by(depth).enumerate() {
            for slice in 0..width.div_ceil(shape) {
                let mut contents = vec![0u32; 1024];
                for (k, row) in memory.rows.iter().skip(first).take(depth).enumerate() {
                    for c in (0..shape).filter(|c| row.get(slice * shape + c) == Some(&true)) {
                        // The same places, from the data sheet's side: 9-bit bytes.
                        let (word, bit) = match shape {
                            36 => (2 * k + c / 18, c % 18),
                            18 => (k, c),
                            9 => (k / 2, k % 2 * 9 + c),
                            4 => (k / 4, k / 2 % 2 * 9 + k % 2 * 4 + c),
                            2 => (k / 8, k / 4 % 2 * 9 + k % 4 * 2 + c),
                            _ => (k / 16, k / 8 % 2 * 9 + k % 8),
                        };
                        contents[word] |= 1 << bit;
                    }
                }
                let id = (bank * 100 + slice) as u32;
                let name = format!("u.mem.{slice}.{bank}");
                made.push(BlockRam { name, id, width: shape as u32, contents });
            }
        }
        made
    }

    fn check(
        found: &[BlockRam],
        netlist: &[BlockRam],
        memory: Emitted,
    ) -> std::result::Result<Packed, String> {
        let found = found.iter().map(|r| (r.id, r.contents.clone())).collect();
        let mut packed = Packed::default();
        compare(&mut packed, &found, netlist, &[memory]).map(|()| packed)
    }

    #[test]
    fn files_differ_from_a_byte_on() {
        assert_eq!(difference(b"abc", b"abc"), None);
        assert_eq!(difference(b"abcd", b"abdd"), Some(2));
        assert_eq!([difference(b"abc", b"ab"), difference(b"", b"ab")], [Some(2), Some(0)]);
    }

    #[test]
    fn emitted_memories_are_read_bit_by_bit() {
        let mut design = crate::verify::tests::design();
        for stage in &mut design.stages {
            match stage {
                Stage::Dense(d) => d.place = Place::Luts,
                Stage::Lif(l) => l.block = false,
                Stage::Readout(r) => r.block = true,
                Stage::Count(_) | Stage::Planes(_) => {}
            }
        }
        let dir = tempfile::tempdir().unwrap();
        create_dir(&dir.path().join(RTL_DIR)).unwrap();
        let last = design.stages.len() - 1;
        let path = dir.path().join(RTL_DIR).join(format!("mem_{last}.hex"));
        std::fs::write(&path, "1a\n04\n").unwrap();
        let read = memories(&design, dir.path()).unwrap();
        let of = |v: u32| (0..8).map(|b| v >> b & 1 == 1).collect::<Vec<_>>();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].whose, format!("stage {last}"));
        assert_eq!(read[0].rows, [of(0x1a), of(4)]);
        std::fs::write(&path, "1a\n1a\n").unwrap();
        assert!(memories(&design, dir.path()).unwrap().is_empty(), "synthesis leaves it out");
        std::fs::write(&path, "1g\n").unwrap();
        assert_eq!(memories(&design, dir.path()).err().unwrap().code.id, "SF0004");
    }

    #[test]
    fn contents_are_found_in_every_shape() {
        for shape in [1, 2, 4, 9, 18, 36] {
            let rams = rams(&emitted(20), shape);
            let packed = check(&rams, &rams, emitted(20)).unwrap();
            assert_eq!((packed.memories, packed.memory_bits), (1, 600 * 20), "{shape}");
            assert_eq!(packed.block_rams, rams.len() as u64);
        }
    }

    /// Words of each shape in the 18 kbit of a block RAM; those of less than nine bits leave the
    /// ninth bit of a byte out.
    #[test]
    fn a_block_ram_has_as_many_words_as_its_shape_says() {
        let shapes = [(1, 16_384), (2, 8192), (4, 4096), (9, 2048), (18, 1024), (36, 512)];
        for (width, depth) in shapes {
            let columns = columns(&vec![0; 1024], width);
            assert_eq!((columns.len(), columns[0].len()), (width, depth));
        }
    }

    #[test]
    fn one_bit_more_or_less_is_noticed() {
        for shape in [4, 36] {
            let sound = rams(&emitted(20), shape);
            let mut changed = sound.clone();
            changed[1].contents[17] ^= 1 << 3;
            let d = check(&changed, &sound, emitted(20)).unwrap_err();
            assert!(d.starts_with(&format!("block RAM {}, word 17", sound[1].id)), "{d}");
            // Wrong already in the netlist: then the emitted memory tells.
            let d = check(&changed, &changed, emitted(20)).unwrap_err();
            assert_eq!(d, "no block RAMs hold the memory of stage 0");
            assert!(check(&sound[1..], &sound, emitted(20)).is_err());
        }
    }

    #[test]
    fn a_column_that_never_changes_may_be_left_out() {
        let mut memory = emitted(20);
        memory.rows.iter_mut().for_each(|r| r.insert(5, true));
        let without = rams(&emitted(20), 9);
        assert!(check(&without, &without, memory).is_ok());
        let mut memory = emitted(20);
        memory.rows.iter_mut().enumerate().for_each(|(k, r)| r.insert(5, k == 3));
        assert!(check(&without, &without, memory).is_err());
    }

    #[test]
    fn block_rams_count_that_have_contents_or_are_in_the_netlist() {
        let netlist = [BlockRam { id: 904, name: "m.0.0".into(), width: 9, contents: vec![0, 0] }];
        let all = BTreeMap::from([(904, vec![0, 0]), (907, vec![0, 0]), (2704, vec![0, 1])]);
        let found = used(all, &netlist);
        assert_eq!(found.keys().copied().collect::<Vec<_>>(), [904, 2704]);
    }

    #[test]
    fn contents_that_belong_to_no_memory_are_noticed() {
        let sound = rams(&emitted(20), 18);
        let mut more = sound.clone();
        let other = BlockRam { name: "u.other.0.0".into(), id: 77, ..sound[0].clone() };
        more.push(other);
        let d = check(&more, &more, emitted(20)).unwrap_err();
        assert!(d.contains("is no emitted memory"), "{d}");
        // Nor need it have contents.
        let last = more.len() - 1;
        more[last].contents.fill(0);
        let d = check(&more, &sound, emitted(20)).unwrap_err();
        assert!(d.starts_with("it has") && d.contains("block RAMs, the routed netlist"), "{d}");
    }
}
