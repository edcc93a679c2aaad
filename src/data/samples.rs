// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What every loader and encoding gives: samples of one shape, with labels if there are
//! some.

use std::ops::Range;

use super::Inputs;
use super::read::{MAX_BYTES, too_large};
use crate::diag::{Diagnostic, Result, codes};

/// Numbers in the smallest type that holds them all.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Levels up to 255.
    U8(Vec<u8>),
    /// Levels up to 65,535.
    U16(Vec<u16>),
    /// Anything else; finite.
    Real(Vec<f64>),
}

/// Some of [`Values`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Slice<'a> {
    /// Levels up to 255.
    U8(&'a [u8]),
    /// Levels up to 65,535.
    U16(&'a [u16]),
    /// Real values.
    Real(&'a [f64]),
}

impl Values {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::U8(v) => v.len(),
            Self::U16(v) => v.len(),
            Self::Real(v) => v.len(),
        }
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values of a range, or nothing if it is not inside.
    #[must_use]
    pub fn get(&self, range: Range<usize>) -> Option<Slice<'_>> {
        Some(match self {
            Self::U8(v) => Slice::U8(v.get(range)?),
            Self::U16(v) => Slice::U16(v.get(range)?),
            Self::Real(v) => Slice::Real(v.get(range)?),
        })
    }

    /// Adds levels; the type grows when one of them needs it.
    pub(super) fn extend(&mut self, levels: &[u16]) {
        if let Self::U8(v) = self {
            if levels.iter().all(|l| *l < 256) {
                v.extend(levels.iter().map(|l| *l as u8));
                return;
            }
            *self = Self::U16(v.iter().map(|l| u16::from(*l)).collect());
        }
        match self {
            Self::U16(v) => v.extend(levels),
            Self::Real(v) => v.extend(levels.iter().map(|l| f64::from(*l))),
            Self::U8(_) => {}
        }
    }
}

impl Slice<'_> {
    /// All of them as real values.
    #[must_use]
    pub fn to_reals(&self) -> Vec<f64> {
        match self {
            Self::U8(v) => v.iter().map(|x| f64::from(*x)).collect(),
            Self::U16(v) => v.iter().map(|x| f64::from(*x)).collect(),
            Self::Real(v) => v.to_vec(),
        }
    }
}

/// What was noticed in recordings of events and is no mistake.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct EventCounts {
    /// Files read.
    pub files: usize,
    /// Valid events read.
    pub events: usize,
    /// Events that the sensor marked as invalid; left out.
    pub invalid: usize,
    /// Events whose time is before that of the event ahead of them; sorted in.
    pub reordered: usize,
    /// Events after the last timestep's window, or outside all labelled spans; left out.
    pub unused: usize,
}

/// Samples of one shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    shape: Vec<usize>,
    timesteps: Option<usize>,
    /// `[sample][element]`, or `[sample][timestep][element]`.
    values: Values,
    /// The right class of each sample.
    pub labels: Option<Vec<u32>>,
    /// Of recordings of events.
    pub events: Option<EventCounts>,
}

impl Samples {
    /// Samples of `shape`, the same at every timestep or `[timestep][element]`.
    ///
    /// # Errors
    /// [`codes::INPUT_FORMAT`] if the shape has no element or the values are not a
    /// multiple of it.
    pub fn new(shape: Vec<usize>, timesteps: Option<usize>, values: Values) -> Result<Self> {
        let stride = stride(&shape, timesteps)?;
        if stride == 0 {
            let message = format!("the inputs have no values: their shape is {shape:?}");
            return Err(Diagnostic::new(&codes::INPUT_FORMAT, message).at("shape"));
        }
        if !values.len().is_multiple_of(stride) {
            let message =
                format!("{} values are no samples of {stride} (shape {shape:?})", values.len());
            return Err(Diagnostic::new(&codes::INPUT_FORMAT, message).at("shape"));
        }
        Ok(Self { shape, timesteps, values, labels: None, events: None })
    }

    /// The shape of one sample at one timestep.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Elements of one sample at one timestep.
    #[must_use]
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }

    /// The number of timesteps, or nothing if all are the same.
    #[must_use]
    pub fn timesteps(&self) -> Option<usize> {
        self.timesteps
    }

    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() / self.stride()
    }

    /// True if there is no sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Everything, sample after sample.
    #[must_use]
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// One sample: `[element]` if it is the same at every timestep, `[timestep][element]`
    /// otherwise.
    #[must_use]
    pub fn get(&self, sample: usize) -> Option<Slice<'_>> {
        let from = sample.checked_mul(self.stride())?;
        self.values.get(from..from.checked_add(self.stride())?)
    }

    /// One timestep of one sample.
    #[must_use]
    pub fn step(&self, sample: usize, timestep: usize) -> Option<Slice<'_>> {
        let Some(timesteps) = self.timesteps else { return self.get(sample) };
        if timestep >= timesteps {
            return None;
        }
        let from = sample.checked_mul(self.stride())?.checked_add(timestep * self.size())?;
        self.values.get(from..from.checked_add(self.size())?)
    }

    /// Levels as hardware takes them: static ones, or of as many timesteps as are given. Then
    /// static samples are repeated, and zeros follow after the last timestep of others.
    ///
    /// # Errors
    /// [`codes::INPUT_KIND`] if they change with time and must not, are not whole numbers up to
    /// 255, or a label is above 255.
    pub fn into_inputs(self, timesteps: Option<usize>) -> Result<Inputs> {
        let refuse = |what: &str, help: &str| {
            let kind = match timesteps {
                None => "levels up to 255 that stay the same at every timestep are taken here",
                Some(_) => "levels up to 255 are taken here",
            };
            let message = format!("the inputs {what}; {kind}");
            Err(Diagnostic::new(&codes::INPUT_KIND, message).at("inputs").help(help))
        };
        if let (Some(given), None) = (self.timesteps, timesteps) {
            let what = format!("change with time ({given} timesteps)");
            return refuse(&what, "give static levels (images)");
        }
        let (one, stride) = (self.size(), self.stride());
        let levels = match self.values {
            Values::U8(levels) => levels,
            Values::U16(_) => return refuse("have levels above 255", "scale them to 8 bits"),
            Values::Real(_) => {
                return refuse("are real values", "store them as unsigned levels (dtype uint8)");
            }
        };
        let size = one * timesteps.unwrap_or(1);
        let levels = match (timesteps, self.timesteps) {
            (None, _) => levels,
            (Some(steps), None) => {
                levels.chunks(stride.max(1)).flat_map(|s| s.repeat(steps)).collect()
            }
            (Some(_), Some(_)) => {
                let whole = |s: &[u8]| {
                    let mut sample = s[..s.len().min(size)].to_vec();
                    sample.resize(size, 0);
                    sample
                };
                levels.chunks(stride.max(1)).flat_map(whole).collect()
            }
        };
        let labels = self.labels.map(|l| l.into_iter().map(u8::try_from).collect());
        match labels.transpose() {
            Ok(labels) => Ok(Inputs { size, timesteps, levels, labels }),
            Err(_) => refuse("have labels above 255", "use at most 256 classes"),
        }
    }

    fn stride(&self) -> usize {
        self.size() * self.timesteps.unwrap_or(1)
    }
}

impl From<Inputs> for Samples {
    fn from(inputs: Inputs) -> Self {
        let labels = inputs.labels.as_ref().map(|l| l.iter().map(|l| u32::from(*l)).collect());
        let values = Values::U8(inputs.iter().flatten().copied().collect());
        let (timesteps, size) = (inputs.timesteps, inputs.size / inputs.timesteps.unwrap_or(1));
        Self { shape: vec![size], timesteps, values, labels, events: None }
    }
}

/// Values of one sample, if they can be counted.
pub(super) fn stride(shape: &[usize], timesteps: Option<usize>) -> Result<usize> {
    let all = shape.iter().chain(&timesteps).try_fold(1usize, |n, d| n.checked_mul(*d));
    all.filter(|n| *n <= MAX_BYTES).ok_or_else(|| {
        too_large(&format!("values in a sample of {shape:?}"), MAX_BYTES).at("shape")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_and_steps_are_where_they_belong() {
        let s = Samples::new(vec![1, 2], Some(3), Values::U8((0..12).collect())).unwrap();
        assert_eq!((s.len(), s.size(), s.timesteps()), (2, 2, Some(3)));
        assert_eq!(s.get(1), Some(Slice::U8(&[6, 7, 8, 9, 10, 11])));
        assert_eq!(s.step(1, 2), Some(Slice::U8(&[10, 11])));
        assert_eq!((s.get(2), s.step(0, 3), s.get(usize::MAX)), (None, None, None));
        let fixed = Samples::new(vec![2], None, Values::Real(vec![0.5, 1.0])).unwrap();
        assert_eq!(fixed.step(0, 99), Some(Slice::Real(&[0.5, 1.0])));
    }

    #[test]
    fn a_shape_that_does_not_fit_is_refused() {
        let of = |shape: &[usize], n| Samples::new(shape.to_vec(), None, Values::U8(vec![0; n]));
        assert_eq!(of(&[3], 4).unwrap_err().code.id, "SF0010");
        assert_eq!(of(&[0], 4).unwrap_err().code.id, "SF0010");
        assert_eq!(of(&[usize::MAX, 2], 4).unwrap_err().code.id, "SF0015");
    }

    #[test]
    fn the_hardware_takes_static_bytes_only() {
        let inputs = |t, v| Samples::new(vec![2], t, v).unwrap().into_inputs(None);
        assert_eq!(inputs(None, Values::U8(vec![1, 2, 3, 4])).unwrap().first(1), [[1, 2]]);
        for (t, v) in [
            (Some(1), Values::U8(vec![1, 2])),
            (None, Values::U16(vec![1, 256])),
            (None, Values::Real(vec![0.5, 1.0])),
        ] {
            assert_eq!(inputs(t, v).unwrap_err().code.id, "SF0016");
        }
        let mut labelled = Samples::new(vec![1], None, Values::U8(vec![1])).unwrap();
        labelled.labels = Some(vec![256]);
        assert_eq!(labelled.into_inputs(None).unwrap_err().code.id, "SF0016");
    }

    #[test]
    fn timesteps_are_as_many_as_the_model_has() {
        let inputs = |t, v| Samples::new(vec![2], t, Values::U8(v)).unwrap().into_inputs(Some(3));
        let of = |t, v| inputs(t, v).map(|i| (i.timesteps, i.first(9).concat())).unwrap();
        assert_eq!(of(None, vec![1, 0]), (Some(3), vec![1, 0, 1, 0, 1, 0]));
        assert_eq!(of(Some(2), vec![1, 0, 0, 1]), (Some(3), vec![1, 0, 0, 1, 0, 0]));
        // Two samples of four timesteps; the last one of each is left out.
        let long = vec![1, 0, 1, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0];
        assert_eq!(of(Some(4), long).1, [1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1]);
    }

    #[test]
    fn levels_grow_when_they_must() {
        let mut v = Values::U8(vec![1]);
        v.extend(&[255]);
        assert_eq!(v, Values::U8(vec![1, 255]));
        v.extend(&[256]);
        assert_eq!(v, Values::U16(vec![1, 255, 256]));
    }
}
