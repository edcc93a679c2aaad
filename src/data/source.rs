// SPDX-License-Identifier: Apache-2.0 OR MIT
//! From paths to samples: files of any format, directories, labels.

use std::path::{Path, PathBuf};

use super::array::{self, Array, TimeAxis};
use super::events::{self, Event, Framing, Recording, Sensor, Trial};
use super::format::gunzip;
use super::listing::{self, Entry};
use super::read::{MAX_BYTES, bad, too_large};
use super::samples::EventCounts;
use super::{Format, Samples, Values, labels};
use crate::diag::{Diagnostic, InFile, Result, codes, read_file};

/// How files are to be understood, where they do not say it themselves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// The sensor of recordings; goes before what a file says.
    pub sensor: Option<Sensor>,
    /// The dimension of arrays that counts timesteps, if one does.
    pub time: Option<TimeAxis>,
    /// How events become timesteps.
    pub framing: Framing,
    /// No more recordings than this are read; arrays are read as a whole.
    pub count: Option<usize>,
}

/// What one file holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Of idx, npy, npz.
    Array(Array),
    /// Of AEDAT, N-MNIST, tables.
    Recording(Recording),
}

/// Reads the bytes of a file, gzipped or not. `path` is not opened: its name tells the
/// format where the bytes do not. `member` names an array of an npz.
///
/// # Errors
/// [`codes::INPUT_FORMAT`], [`codes::INPUT_VALUE`], [`codes::INPUT_EVENT`],
/// [`codes::INPUT_TOO_LARGE`], each with the place in the file.
pub fn parse(
    bytes: &[u8],
    path: &Path,
    member: Option<&str>,
    sensor: Option<Sensor>,
) -> Result<Content> {
    let read = || {
        let bytes = gunzip(bytes)?;
        let format = Format::detect(&bytes, path)?;
        if format.is_events() {
            return events::parse(&bytes, format, sensor).map(Content::Recording);
        }
        array::parse(&bytes, format, member).map(Content::Array)
    };
    read().in_file(path)
}

/// Loads inputs, and their labels if they are named or directories say them. An array of
/// an npz is named behind a colon: `file.npz:name`.
///
/// # Errors
/// As [`parse`]; [`codes::FILE_READ`]; [`codes::INPUT_LABELS`] for labels that do not
/// belong to the inputs; [`codes::INPUT_SHAPE`] for recordings of different sensors.
pub fn samples(inputs: &Path, labels: Option<&Path>, options: &Options) -> Result<Samples> {
    if inputs.is_dir() {
        let trials = labels.is_some_and(Path::is_dir);
        return recordings(&listing::directory(inputs, trials)?, labels, options);
    }
    let (path, member) = split_member(inputs);
    let bytes = read_file(&path)?;
    if let Some(entries) = listing::list(&path, &bytes) {
        return recordings(&entries, labels, options);
    }
    match parse(&bytes, &path, member.as_deref(), options.sensor)? {
        Content::Array(array) => {
            let mut samples = array.into_samples(options.time).in_file(&path)?;
            if let Some(labels) = labels {
                samples.labels = Some(label_array(labels, samples.len())?);
            }
            Ok(samples)
        }
        Content::Recording(recording) => {
            let mut builder = Builder::new(options);
            match labels {
                None => builder.push(&path, &recording, None)?,
                Some(labels) => builder.labelled(&path, &recording, labels)?,
            }
            builder.finish(&path)
        }
    }
}

/// Splits `file.npz:name`.
fn split_member(path: &Path) -> (PathBuf, Option<String>) {
    let whole = || (path.to_path_buf(), None);
    let Some((file, name)) = path.to_str().and_then(|p| p.rsplit_once(':')) else {
        return whole();
    };
    if path.exists() || !file.to_lowercase().ends_with(".npz") {
        return whole();
    }
    (PathBuf::from(file), Some(name.to_owned()))
}

/// The labels of `count` inputs.
fn label_array(path: &Path, count: usize) -> Result<Vec<u32>> {
    let (path, member) = split_member(path);
    let bytes = read_file(&path)?;
    let read = || {
        let bytes = gunzip(&bytes)?;
        let format = Format::detect(&bytes, &path)?;
        if format.is_events() {
            let message = "the labels of these inputs have to be an array: idx, npy or npz";
            return Err(Diagnostic::new(&codes::INPUT_LABELS, message).at("labels"));
        }
        labels::classes(&array::parse(&bytes, format, member.as_deref())?, count)
    };
    read().in_file(&path)
}

/// The trials of a recording: in the table itself, or in the directory of tables.
fn trials_of(labels: &Path, recording: &Path) -> Result<(PathBuf, Vec<Trial>)> {
    let table = if labels.is_dir() {
        let stem = recording.file_stem().unwrap_or_default().to_string_lossy();
        labels.join(format!("{stem}_labels.csv"))
    } else {
        labels.to_path_buf()
    };
    let read = |bytes: Vec<u8>| events::trials(&gunzip(&bytes)?);
    let trials = read(read_file(&table)?).in_file(&table)?;
    Ok((table, trials))
}

fn recordings(entries: &[Entry], labels: Option<&Path>, options: &Options) -> Result<Samples> {
    let first = entries.first().map_or(Path::new(""), |e| &e.path);
    if let Some(labels) = labels
        && entries.iter().any(|e| e.class.is_some())
    {
        let message = "directories name the classes, and labels are given as well";
        return Err(Diagnostic::new(&codes::INPUT_LABELS, message).at("labels").in_file(labels));
    }
    let mut builder = Builder::new(options);
    for entry in entries {
        if builder.full() {
            break;
        }
        let path = &entry.path;
        let Content::Recording(recording) = parse(&read_file(path)?, path, None, options.sensor)?
        else {
            return Err(
                bad(0, "this is an array; directories and lists are of recordings").in_file(path)
            );
        };
        match labels {
            Some(labels) if labels.is_dir() => builder.labelled(path, &recording, labels)?,
            _ => builder.push(path, &recording, entry.class)?,
        }
    }
    let mut samples = builder.finish(first)?;
    if let Some(labels) = labels.filter(|l| !l.is_dir()) {
        let mut classes = label_array(labels, entries.len())?;
        classes.truncate(samples.len());
        samples.labels = Some(classes);
    }
    Ok(samples)
}

/// Collects the frames of recordings.
struct Builder<'o> {
    options: &'o Options,
    shape: Option<Vec<usize>>,
    values: Values,
    labels: Vec<u32>,
    samples: usize,
    counts: EventCounts,
}

impl<'o> Builder<'o> {
    fn new(options: &'o Options) -> Self {
        let values = Values::U8(Vec::new());
        Self {
            options,
            shape: None,
            values,
            labels: Vec::new(),
            samples: 0,
            counts: EventCounts::default(),
        }
    }

    /// True if there are as many samples as were asked for.
    fn full(&self) -> bool {
        self.options.count.is_some_and(|count| self.samples >= count)
    }

    fn opened(&mut self, recording: &Recording) {
        self.counts.files += 1;
        self.counts.events += recording.events.len();
        self.counts.invalid += recording.invalid;
        self.counts.reordered += recording.reordered;
    }

    /// Adds a recording as one sample.
    fn push(&mut self, path: &Path, recording: &Recording, class: Option<u32>) -> Result<()> {
        self.opened(recording);
        self.add(recording, &recording.events, class).in_file(path)
    }

    /// Adds the trials of a recording, each as a sample.
    fn labelled(&mut self, path: &Path, recording: &Recording, labels: &Path) -> Result<()> {
        let (table, trials) = trials_of(labels, path)?;
        self.opened(recording);
        let events = &recording.events;
        let mut used = vec![false; events.len()];
        for trial in trials {
            if self.full() {
                break;
            }
            let place = |t: i64| events.partition_point(|e| e.t < t);
            let range = place(trial.start)..place(trial.end);
            if let Some(used) = used.get_mut(range.clone()) {
                used.fill(true);
            }
            let trial_events = events.get(range).unwrap_or_default();
            if trial_events.is_empty() {
                let message = format!(
                    "no event of {} is between {} and {} µs",
                    path.display(),
                    trial.start,
                    trial.end
                );
                return Err(Diagnostic::new(&codes::INPUT_LABELS, message)
                    .at("trial")
                    .in_file(&table));
            }
            self.add(recording, trial_events, Some(trial.label)).in_file(path)?;
        }
        self.counts.unused += used.iter().filter(|u| !**u).count();
        Ok(())
    }

    fn add(&mut self, recording: &Recording, events: &[Event], class: Option<u32>) -> Result<()> {
        let shape = recording.shape();
        if let Some(first) = self.shape.as_ref().filter(|s| **s != shape) {
            let message = format!("frames of {shape:?}; those of the files before are {first:?}");
            return Err(Diagnostic::new(&codes::INPUT_SHAPE, message)
                .at("sensor")
                .help("say the size of the largest sensor with --sensor"));
        }
        let (frames, unused) = self.options.framing.frames(recording, events)?;
        if self.values.len() + frames.len() > MAX_BYTES {
            return Err(too_large("values in the frames of all recordings", MAX_BYTES)
                .at("events")
                .help("use fewer inputs (`--count`) or timesteps"));
        }
        self.values.extend(&frames);
        self.shape = Some(shape);
        self.samples += 1;
        self.counts.unused += unused;
        self.labels.extend(class);
        Ok(())
    }

    fn finish(self, path: &Path) -> Result<Samples> {
        let Some(shape) = self.shape else {
            let message = "there is no trial, so there is no input";
            return Err(Diagnostic::new(&codes::INPUT_LABELS, message).at("labels").in_file(path));
        };
        let timesteps = Some(self.options.framing.timesteps);
        let mut samples = Samples::new(shape, timesteps, self.values).in_file(path)?;
        samples.labels = (self.labels.len() == self.samples).then_some(self.labels);
        samples.events = Some(self.counts);
        Ok(samples)
    }
}
