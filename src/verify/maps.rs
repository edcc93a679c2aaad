// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The train memory of the shared mapping as the host reads it back (docs/shared.md, Words).

use crate::diag::{Diagnostic, Result, codes};
use crate::hw::Design;
use crate::hw::Train;
use crate::hw::shared::Shared;

/// Trains of each layer that fires, `[channel][row][column]`, out of the bytes of the memory.
///
/// # Errors
/// [`codes::VERIFY_MISMATCH`] if something else than zeros lies where nothing is ever written.
pub(super) fn trains(design: &Design, shared: &Shared, bytes: &[u8]) -> Result<Vec<Vec<Train>>> {
    let size = shared.train_depth() as usize * word_bytes(shared);
    let mut all: Vec<Vec<Train>> = Vec::new();
    for (chunk, bytes) in bytes.chunks_exact(size).take(design.chunks() as usize).enumerate() {
        let part = of_chunk(shared, bytes)?;
        if all.is_empty() {
            all = part.iter().map(|layer| vec![0; layer.len()]).collect();
        }
        for (train, &more) in all.iter_mut().flatten().zip(part.iter().flatten()) {
            *train |= Train::from(more) << (chunk * shared.width as usize);
        }
    }
    Ok(all)
}

/// Bytes of a word of the train memory.
pub(super) fn word_bytes(shared: &Shared) -> usize {
    (shared.pack * shared.width).div_ceil(8) as usize
}

/// Those of one chunk of timesteps, C bits each.
fn of_chunk(shared: &Shared, bytes: &[u8]) -> Result<Vec<Vec<u32>>> {
    let (pack, bits) = (shared.pack as usize, shared.width as usize);
    let size = (pack * bits).div_ceil(8);
    let element = |word: &[u8], e: usize| {
        (0..bits).fold(0, |v, t| {
            let at = e * bits + t;
            v | u32::from(word[at / 8] >> (at % 8) & 1) << t
        })
    };
    let mut memory: Vec<u32> =
        bytes.chunks_exact(size).flat_map(|w| (0..pack).map(move |e| element(w, e))).collect();
    let padding = pack * bits % 8;
    let mut clean = padding == 0 || bytes.chunks_exact(size).all(|w| w[size - 1] >> padding == 0);
    // Every element of every map is taken out; what is left lies in frames, between maps, or
    // belongs to channels that do not exist.
    let mut maps = Vec::new();
    for map in &shared.trains {
        let [channels, rows, columns] = map.shape.map(|n| n as usize);
        let (words, pitch) = (map.words(shared.pack) as usize, map.pitch() as usize);
        let first = (map.base + map.first(shared.pack)) as usize;
        let mut take = |c: usize, y: usize, x: usize| {
            let word = first + (y * pitch + x) * words + c / pack;
            memory.get_mut(word * pack + c % pack).map_or(0, std::mem::take)
        };
        let mut trains = Vec::with_capacity(channels * rows * columns);
        for c in 0..channels {
            for y in 0..rows {
                trains.extend((0..columns).map(|x| take(c, y, x)));
            }
        }
        maps.push(trains);
    }
    clean &= memory.iter().all(|train| *train == 0);
    if clean {
        return Ok(shared.fires().map(|(_, map)| maps[map].clone()).collect());
    }
    let message = "the train memory holds spikes where no layer writes";
    Err(Diagnostic::new(&codes::VERIFY_MISMATCH, message))
}

/// The bytes of the memory with these trains in it, in which everything else is zero: what
/// [`trains`] takes out.
pub(super) fn bytes(design: &Design, shared: &Shared, trains: &[Vec<Train>]) -> Vec<u8> {
    let chunks = 0..design.chunks();
    chunks
        .flat_map(|chunk| bytes_of_chunk(shared, trains, (chunk * shared.width) as usize))
        .collect()
}

/// Those of the chunk that begins at this timestep.
fn bytes_of_chunk(shared: &Shared, trains: &[Vec<Train>], begin: usize) -> Vec<u8> {
    let (pack, bits) = (shared.pack as usize, shared.width as usize);
    let size = word_bytes(shared);
    let mut memory = vec![0; shared.train_depth() as usize * size];
    for ((_, map), trains) in shared.fires().zip(trains) {
        let map = &shared.trains[map];
        let [_, rows, columns] = map.shape.map(|n| n as usize);
        let (words, pitch) = (map.words(shared.pack) as usize, map.pitch() as usize);
        let first = (map.base + map.first(shared.pack)) as usize;
        for (i, train) in trains.iter().enumerate() {
            let (c, y, x) = (i / (rows * columns), i / columns % rows, i % columns);
            let word = first + (y * pitch + x) * words + c / pack;
            for t in (0..bits).filter(|t| train >> (begin + t) & 1 == 1) {
                let at = c % pack * bits + t;
                if let Some(byte) = memory.get_mut(word * size + at / 8) {
                    *byte |= 1 << (at % 8);
                }
            }
        }
    }
    memory
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::hw::shared::{
        InputMap, Job, NeuronKind, Neurons, Source, SumJob, Sums, Then, TrainMap, Work,
    };
    use crate::hw::{Place, ReadoutStage};
    use crate::ir::{Compare, Reset};

    /// One layer fires, into a framed map of three channels in one row of two places.
    pub(in super::super) fn shared() -> Shared {
        let map = TrainMap { shape: [3, 1, 2], halo: 1, base: 1 };
        let (sign, bias, threshold) = (vec![1; 3], vec![0; 3], vec![1; 3]);
        let neurons = Neurons { name: "lif".into(), kind: 0, sign, bias, threshold };
        let sum = SumJob {
            window: [1, 1],
            stride: [1, 1],
            padding: [0, 0],
            planes: 1,
            weights: vec![1; 3],
            sums: Sums::Each,
            slices: 1,
            products: false,
            gain: vec![1; 3],
            offset: vec![0; 3],
            shift: 0,
            digits: 1,
            add: None,
            leak: None,
            theta: Vec::new(),
            then: Then::Maps { keep: None, fire: Some((neurons, 0)) },
        };
        let work = Work::Sum(Box::new(sum));
        let job = Job {
            name: "fc".into(),
            source: Source::Input,
            before: false,
            own: None,
            work,
            out: [3, 1, 2],
        };
        let readout = ReadoutStage {
            name: "readout".into(),
            input_bits: 1,
            gain: Vec::new(),
            offset: Vec::new(),
            gain_bits: 1,
            offset_bits: 1,
            logit_bits: 1,
            block: false,
            steps: 1,
            members: 1,
            margins: Vec::new(),
        };
        Shared {
            width: 3,
            lanes: 4,
            pack: 2,
            acc_bits: 8,
            once_bits: 0,
            digit_bits: 8,
            current_bits: 8,
            membrane_bits: 8,
            last: false,
            leaks: Vec::new(),
            kinds: vec![NeuronKind {
                leak_num: 1,
                leak_shift: 0,
                reset: Reset::Soft,
                compare: Compare::AtLeast,
            }],
            frac: 0,
            input: InputMap { shape: [1, 1, 2], halo: 0, bits: 1, pack: 1, trains: false },
            trains: vec![map],
            currents: Vec::new(),
            jobs: vec![job],
            readout,
            banks: [Place::BlockRam; 2],
            weights: Place::Luts,
        }
    }

    /// The same with one place and words of four trains: all channels lie in the first word.
    pub(in super::super) fn words_of_four() -> Shared {
        let map = TrainMap { shape: [3, 1, 1], halo: 0, base: 0 };
        Shared { pack: 4, trains: vec![map], ..shared() }
    }

    #[test]
    fn a_word_of_twelve_bits_takes_two_bytes() {
        let shared = words_of_four();
        assert_eq!(shared.train_depth(), 1);
        let found = of_chunk(&shared, &[0b1101_0101, 0b0000_0001]).unwrap();
        assert_eq!(found, [[0b101, 0b010, 0b111]]);
        assert!(of_chunk(&shared, &[0b1101_0101, 0b0001_0001]).is_err());
    }

    #[test]
    fn trains_are_taken_out_of_their_words() {
        // Three places a row, two words a place, one row above: the map begins in word
        // 1 + (3 + 1) · 2, and three rows and a place take 20 words.
        let (shared, first) = (shared(), 9);
        assert_eq!(shared.train_depth(), 21);
        let mut bytes = [0; 21];
        bytes[first..first + 4].copy_from_slice(&[0b110_001, 0b101, 0b000_111, 0b010]);
        let found = of_chunk(&shared, &bytes).unwrap();
        assert_eq!(found, [[0b001, 0b111, 0b110, 0b000, 0b101, 0b010]]);
        // Between the regions, in the frame, a channel that is not there, bits behind the last.
        for (word, bits) in [(0, 1), (first - 1, 1), (first + 4, 1), (20, 1), (first + 1, 8)] {
            let mut spoilt = bytes;
            spoilt[word] |= bits;
            assert!(of_chunk(&shared, &spoilt).is_err(), "word {word}");
        }
        for behind in [0b0100_0000, 0b1000_0000] {
            let mut spoilt = bytes;
            spoilt[first] |= behind;
            assert!(of_chunk(&shared, &spoilt).is_err());
        }
    }

    #[test]
    fn chunks_follow_each_other() {
        // Three chunks of two timesteps, words of four trains.
        let shared = Shared { width: 2, ..words_of_four() };
        let design = Design { timesteps: 6, trace: true, ..crate::verify::tests::design() };
        let design = Design { shared: Some(shared.clone()), ..design };
        assert_eq!((design.train_words(), word_bytes(&shared)), (3, 1));
        let memory = [0b00_11_01_10, 0b00_00_10_01, 0b00_01_11_00];
        let found = trains(&design, &shared, &memory).unwrap();
        assert_eq!(found, [[0b00_01_10, 0b11_10_01, 0b01_00_11]]);
        assert_eq!(bytes(&design, &shared, &found), memory);
        for chunk in 0..3 {
            let mut spoilt = memory;
            spoilt[chunk] |= 0b11_00_00_00;
            assert!(trains(&design, &shared, &spoilt).is_err());
        }
    }

    #[test]
    fn rows_lie_a_frame_apart() {
        // Rows of a place and its frame: words 2 · 1 + 1 and 2 more.
        let map = TrainMap { shape: [1, 2, 1], halo: 1, base: 0 };
        let shared = Shared { trains: vec![map], ..shared() };
        assert_eq!(shared.train_depth(), 9);
        let bytes = [0, 0, 0, 0b001, 0, 0b110, 0, 0, 0];
        assert_eq!(of_chunk(&shared, &bytes).unwrap(), [[0b001, 0b110]]);
    }

    /// Two rows of two places, two words a place, two bytes a word.
    #[test]
    fn trains_are_written_where_they_are_read() {
        let map = TrainMap { shape: [5, 2, 2], halo: 1, base: 1 };
        let shared = Shared { pack: 4, trains: vec![map], ..shared() };
        assert_eq!(word_bytes(&shared), 2);
        let trains: Vec<u32> = (0..20).map(|i| (i * 5 + 1) % 8).collect();
        let wide = [trains.iter().map(|t| Train::from(*t)).collect()];
        assert_eq!(of_chunk(&shared, &bytes_of_chunk(&shared, &wide, 0)).unwrap(), [trains]);
    }
}
