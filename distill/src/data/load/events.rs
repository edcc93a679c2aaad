// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Recordings of events: N-MNIST (Orchard, Jayawant, Cohen, Thakor, Frontiers in
//! Neuroscience 9:437, 2015) and DVS128 Gesture (Amir et al., CVPR 2017). docs/inputs.md
//! has their formats, and the rule that puts an event into a timestep.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use synfire::data::{self, Bins, Framing, Sensor, Slice};
use synfire::diag::{Diagnostic, Result, codes, read_file};

use super::{Options, Split};
use crate::data::Dataset;
use crate::nn::Extent;

/// Of N-MNIST; recordings of DVS Gesture say theirs.
const SACCADES: Sensor = Sensor::Pixels { width: 34, height: 34 };

/// How recordings become levels `[step][off, on][row][column]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Events {
    /// Timesteps: windows of the same length, from the first event to the last.
    pub steps: usize,
    /// Sums over squares of this extent; DVS Gesture: 4 gives maps of 32 × 32.
    pub pool: usize,
    /// True: 1 where there is any event. False: how many, at most 255.
    pub binary: bool,
}

impl Default for Events {
    fn default() -> Self {
        Self { steps: 4, pool: 1, binary: false }
    }
}

/// One folder for each class. Classes take turns, so that the first samples have all.
pub(super) fn nmnist(folder: &Path, split: Split, options: &Options) -> Result<Dataset> {
    let folder = folder.join(match split {
        Split::Train => "Train",
        Split::Test => "Test",
    });
    let classes = (0..10_u8).map(|class| recordings(&folder.join(class.to_string())));
    let classes = classes.collect::<Result<Vec<_>>>()?;
    let most = classes.iter().map(Vec::len).max().unwrap_or(0);
    let turns = (0..most).flat_map(|i| (0_u8..).zip(&classes).map(move |(c, of)| (c, of.get(i))));
    let mut frames = Frames::new(options);
    for (class, path) in turns {
        if let (Some(path), false) = (path, frames.full()) {
            frames.add(path, None, Some(class))?;
        }
    }
    frames.finish(&folder)
}

/// A list of recordings, each with a table of its trials beside it.
pub(super) fn gesture(folder: &Path, split: Split, options: &Options) -> Result<Dataset> {
    let list = folder.join(match split {
        Split::Train => "trials_to_train.txt",
        Split::Test => "trials_to_test.txt",
    });
    let bytes = read_file(&list)?;
    let mut frames = Frames::new(options);
    for name in String::from_utf8_lossy(&bytes).lines().map(str::trim).filter(|l| !l.is_empty()) {
        if frames.full() {
            break;
        }
        let path = folder.join(name);
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let table = path.with_file_name(format!("{stem}_labels.csv"));
        frames.add(&path, Some(&table), None)?;
    }
    frames.finish(&list)
}

/// The recordings of a folder in the order of their names.
fn recordings(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|e| {
        Diagnostic::new(&codes::DATA_MISSING, format!("cannot list: {e}"))
            .in_file(folder)
            .help("N-MNIST has the folders 0 to 9 in Train and in Test, with .bin files in them")
    })?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "bin"))
        .collect();
    paths.sort();
    Ok(paths)
}

/// Collects samples.
struct Frames<'o> {
    options: &'o Options,
    extent: Option<Extent>,
    levels: Vec<u8>,
    labels: Vec<u8>,
}

impl<'o> Frames<'o> {
    fn new(options: &'o Options) -> Self {
        Self { options, extent: None, levels: Vec::new(), labels: Vec::new() }
    }

    fn full(&self) -> bool {
        self.options.count.is_some_and(|count| self.labels.len() >= count)
    }

    /// Adds a recording of a class, or the trials that a table names.
    fn add(&mut self, path: &Path, trials: Option<&Path>, class: Option<u8>) -> Result<()> {
        let Events { steps, pool, binary } = self.options.events;
        let read = data::Options {
            sensor: class.map(|_| SACCADES),
            framing: Framing { timesteps: steps, bins: Bins::Time, binary },
            count: self.options.count.map(|count| count - self.labels.len()),
            ..data::Options::default()
        };
        let samples = data::samples(path, trials, &read)?;
        let &[channels, height, width] = samples.shape() else {
            return Err(wrong("a recording of a camera is expected").in_file(path));
        };
        if pool == 0 || height % pool != 0 || width % pool != 0 {
            let message = format!("maps of {height} x {width} cannot be pooled by {pool}");
            return Err(Diagnostic::new(&codes::DATA_OPTION, message).at("pool"));
        }
        let extent = Extent(channels, height / pool, width / pool);
        if *self.extent.get_or_insert(extent) != extent {
            return Err(wrong("the sensor is not that of the recordings before").in_file(path));
        }
        for i in 0..samples.len() {
            let label = class.map(u32::from).or_else(|| samples.labels.as_ref()?.get(i).copied());
            let Some(label) = label.and_then(|l| u8::try_from(l).ok()) else {
                return Err(wrong("a trial without a class up to 255").in_file(path));
            };
            let top = if binary { 1 } else { 255 };
            match samples.get(i) {
                Some(Slice::U8(counts)) => self.pooled(counts, (height, width), pool, top),
                Some(Slice::U16(counts)) => self.pooled(counts, (height, width), pool, top),
                _ => return Err(wrong("events are whole numbers").in_file(path)),
            }
            self.labels.push(label);
        }
        Ok(())
    }

    /// Adds maps, summed over squares, up to `top`.
    fn pooled<T: Copy + Into<u32>>(
        &mut self,
        counts: &[T],
        (height, width): (usize, usize),
        pool: usize,
        top: u32,
    ) {
        let mut sums = vec![0_u32; width / pool];
        for plane in counts.chunks_exact(height * width) {
            for rows in plane.chunks_exact(width * pool) {
                sums.fill(0);
                for row in rows.chunks_exact(width) {
                    for (sum, counts) in sums.iter_mut().zip(row.chunks_exact(pool)) {
                        *sum += counts.iter().map(|c| (*c).into()).sum::<u32>();
                    }
                }
                self.levels.extend(sums.iter().map(|sum| (*sum).min(top) as u8));
            }
        }
    }

    fn finish(self, place: &Path) -> Result<Dataset> {
        let steps = Some(self.options.events.steps);
        let Some(extent) = self.extent else {
            return Err(wrong("there is no recording").in_file(place));
        };
        Dataset::new(extent, steps, 1.0, self.levels, self.labels)
    }
}

fn wrong(message: &str) -> Box<Diagnostic> {
    Diagnostic::new(&codes::DATA_SET, message)
}
