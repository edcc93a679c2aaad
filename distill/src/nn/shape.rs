// SPDX-License-Identifier: Apache-2.0 OR MIT
use serde::{Deserialize, Serialize};
use synfire::diag::{Diagnostic, Result, codes};

use super::spec::Layer;

/// Channels, height and width of a signal, without steps and batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent(pub usize, pub usize, pub usize);

impl Extent {
    /// Number of elements.
    #[must_use]
    pub const fn elements(self) -> usize {
        self.0 * self.1 * self.2
    }

    /// What a layer makes of it.
    ///
    /// # Errors
    /// [`codes::MODEL_SHAPE`] if the layer does not fit.
    pub fn through(self, layer: &Layer) -> Result<Self> {
        let Self(c, h, w) = self;
        match layer {
            Layer::Linear { outputs, .. } => nonzero(layer, Self(*outputs, 1, 1)),
            Layer::Conv { channels, kernel, stride, padding, .. } => {
                let reach = |size: usize| {
                    Some((size + 2 * padding).checked_sub(*kernel)?.checked_div(*stride)? + 1)
                };
                match (reach(h), reach(w), *kernel) {
                    (Some(h), Some(w), 1..) => nonzero(layer, Self(*channels, h, w)),
                    _ => Err(unfit(self, layer)),
                }
            }
            Layer::Norm | Layer::Neuron(_) => Ok(self),
            Layer::AveragePool { window: 0 } => Ok(Self(c, 1, 1)),
            Layer::AveragePool { window } if h % window == 0 && w % window == 0 => {
                Ok(Self(c, h / window, w / window))
            }
            Layer::AveragePool { .. } => Err(unfit(self, layer)),
            Layer::Residual { body, shortcut } => {
                let (long, short) = (self.through_all(body)?, self.through_all(shortcut)?);
                if long == short { Ok(long) } else { Err(unfit(self, layer)) }
            }
            Layer::Parallel { members } => {
                let all =
                    members.iter().map(|m| self.through_all(m)).collect::<Result<Vec<_>>>()?;
                let Some(first) = all.first() else { return Err(unfit(self, layer)) };
                if all.iter().any(|e| (e.1, e.2) != (first.1, first.2)) {
                    return Err(unfit(self, layer));
                }
                Ok(Self(all.iter().map(|e| e.0).sum(), first.1, first.2))
            }
        }
    }

    /// What layers one behind the other make of it.
    ///
    /// # Errors
    /// As [`Extent::through`].
    pub fn through_all(self, layers: &[Layer]) -> Result<Self> {
        layers.iter().try_fold(self, Self::through)
    }
}

fn nonzero(layer: &Layer, extent: Extent) -> Result<Extent> {
    if extent.elements() > 0 { Ok(extent) } else { Err(unfit(extent, layer)) }
}

fn unfit(extent: Extent, layer: &Layer) -> Box<Diagnostic> {
    let Extent(c, h, w) = extent;
    let layer = serde_json::to_string(layer).unwrap_or_default();
    Diagnostic::new(
        &codes::MODEL_SHAPE,
        format!("a layer does not fit its input of {c} x {h} x {w}: {layer}"),
    )
    .help("a kernel must fit the padded map, a pooling window must divide it, and both ways of a residual block must end in the same extents")
}
