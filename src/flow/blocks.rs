// SPDX-License-Identifier: Apache-2.0 OR MIT
//! How synthesis lays a memory into the block RAMs of an iCE40: the columns that are the same in
//! every word are left out, 16 of the others lie side by side, 256 words below each other.

/// Words of a block RAM, and their bits.
const DEPTH: usize = 256;
const WIDTH: usize = 16;

/// What a block RAM holds: 256 words of 16 bits, as its ports see them.
pub type Contents = Vec<u16>;

/// The columns of these rows that are not the same in every one.
#[must_use]
pub fn kept(rows: &[Vec<bool>]) -> Vec<usize> {
    let width = rows.first().map_or(0, Vec::len);
    let bit = |row: &Vec<bool>, c: usize| row.get(c).copied();
    (0..width).filter(|c| rows.iter().any(|r| bit(r, *c) != bit(&rows[0], *c))).collect()
}

/// Contents of the block RAM that has row `row` and, of the kept columns, the one at `place`: 256
/// words of 16 bits.
#[must_use]
pub fn block(rows: &[Vec<bool>], kept: &[usize], row: usize, place: usize) -> Contents {
    let slice = &kept[place / WIDTH * WIDTH..];
    let word = |r: usize| {
        let bit = |c: &usize| rows.get(r).is_some_and(|row| row.get(*c) == Some(&true));
        slice.iter().take(WIDTH).enumerate().fold(0, |w, (b, c)| w | u16::from(bit(c)) << b)
    };
    let bank = row / DEPTH * DEPTH;
    (bank..bank + DEPTH).map(word).collect()
}

/// Contents of all block RAMs of a memory, before and after its rows change; the error names a
/// column that the hardware has not.
///
/// # Errors
/// If the shapes differ, or a column that was the same in every row is not any more.
pub fn changed(
    before: &[Vec<bool>],
    after: &[Vec<bool>],
) -> Result<Vec<(Contents, Contents)>, String> {
    let width = before.first().map_or(0, Vec::len);
    if before.len() != after.len() || after.iter().any(|r| r.len() != width) {
        return Err(format!("it has not {} words of {width} bits", before.len()));
    }
    let kept = kept(before);
    for c in (0..width).filter(|c| !kept.contains(c)) {
        if after.iter().any(|row| row[c] != before[0][c]) {
            let value = u8::from(before[0][c]);
            return Err(format!("bit {c} is {value} in every word, and synthesis left it out"));
        }
    }
    let mut all = Vec::new();
    for row in (0..before.len()).step_by(DEPTH) {
        for place in (0..kept.len()).step_by(WIDTH) {
            let of = |rows| block(rows, &kept, row, place);
            all.push((of(before), of(after)));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 300 rows of 20 bits; column 3 is always one, column c else bit c mod 9 of the address.
    fn rows() -> Vec<Vec<bool>> {
        (0..300u32).map(|r| (0..20).map(|c| c == 3 || r >> (c % 9) & 1 == 1).collect()).collect()
    }

    #[test]
    fn a_memory_is_cut_into_its_blocks() {
        let before = rows();
        assert_eq!(kept(&before).len(), 19);
        let mut after = before.clone();
        after[258][18] ^= true;
        let blocks = changed(&before, &after).unwrap();
        // Two banks of two slices; column 18 is the 17th that is left.
        assert_eq!(blocks.len(), 4);
        let differ: Vec<_> = blocks.iter().map(|(a, b)| a != b).collect();
        assert_eq!(differ, [false, false, false, true]);
        let (a, b) = &blocks[3];
        assert_eq!((a[2] ^ b[2], a[1] == b[1]), (0b10, true));
        assert_eq!(blocks[3].0, block(&before, &kept(&before), 258, 17));
        assert_eq!(a[44..], [0; 212], "rows end at 300");
    }

    #[test]
    fn what_synthesis_left_out_cannot_change() {
        let before = rows();
        let mut after = before.clone();
        after[7][3] = false;
        let why = changed(&before, &after).unwrap_err();
        assert_eq!(why, "bit 3 is 1 in every word, and synthesis left it out");
        assert!(changed(&before, &before[1..]).unwrap_err().starts_with("it has not 300 words"));
        let narrow: Vec<_> = before.iter().map(|r| r[1..].to_vec()).collect();
        assert!(changed(&before, &narrow).is_err());
        assert!(changed(&[], &[]).unwrap().is_empty());
    }
}
