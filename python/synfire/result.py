# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What :meth:`synfire.Model.simulate` gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from synfire.views import table


class Result:
    """Inferences on ``n`` images."""

    logits_real: npt.NDArray[np.float64]
    """``[n, class]``: logits of the real-valued model, the mean or sum over its timesteps."""
    classes_real: npt.NDArray[np.int64]
    """``[n]``: the first class with the largest logit, of the real-valued model."""
    logits: npt.NDArray[np.int64] | None
    """``[n, class]``: logits of the integer model, which the hardware computes, in units of its
    readout. None if the model has no integer form (``reason`` says why)."""
    classes: npt.NDArray[np.int64]
    """``[n]``: classes of the integer model, or of the real-valued one if there is no other."""
    spikes: Mapping[str, npt.NDArray[np.bool_]] | None
    """Name of a layer to its spikes, ``[n, timestep, …]``, of the integer model if there is one.
    None with ``spikes=False``."""
    cycles: npt.NDArray[np.uint64] | None
    """``[n]``: core cycles from the last input to the last byte of the result. None without
    hardware (``reason`` says why)."""
    cycles_in_all: npt.NDArray[np.uint64] | None
    """``[n]``: core cycles from the first input on."""
    differences: int | None
    """Inferences in which the simulated hardware differs from the integer model: 0."""
    labels: npt.NDArray[np.int64] | None
    """``[n]``: the right classes, if they were given."""
    reason: str | None
    """Why there is no integer form, or no hardware."""

    def __init__(
        self,
        fields: Mapping[str, Any],
        labels: npt.NDArray[np.int64] | None,
        integer_reason: str | None,
    ) -> None:
        self.logits_real, self.classes_real = fields["logits_real"], fields["classes_real"]
        self.logits = fields["logits_integer"]
        whole = fields["classes_integer"]
        self.classes = self.classes_real if whole is None else whole
        self.spikes, self.differences = fields["spikes"], fields["differences"]
        self.cycles, self.cycles_in_all = fields["cycles"], fields["cycles_in_all"]
        self.labels = labels
        self.reason = integer_reason or fields["hardware_reason"]

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def accuracy(self) -> float | None:
        """Share of right classes, 0 to 1; None without labels."""
        return None if self.labels is None else float(np.mean(self.classes == self.labels))

    @property
    def accuracy_real(self) -> float | None:
        """The same of the real-valued model."""
        return None if self.labels is None else float(np.mean(self.classes_real == self.labels))

    @property
    def confusion(self) -> npt.NDArray[np.int64] | None:
        """``[label, class]``: how often which class was given for which label; None without
        labels. As many lines as columns.

        Raises:
            ValueError: a label that is no class.
        """
        if self.labels is None:
            return None
        classes = self.logits_real.shape[1]
        if self.labels.min(initial=0) < 0 or self.labels.max(initial=0) >= classes:
            raise ValueError(f"a label is no class: classes are 0 to {classes - 1}")
        counts = np.zeros((classes, classes), np.int64)
        np.add.at(counts, (self.labels, self.classes), 1)
        return counts

    @property
    def class_agreement(self) -> float:
        """Share of images with the same class in the real-valued and the integer model."""
        return float(np.mean(self.classes == self.classes_real))

    @property
    def firing_rate(self) -> float | None:
        """Share of slots (neuron × timestep) with a spike; None with ``spikes=False``."""
        if self.spikes is None:
            return None
        slots = sum(layer.size for layer in self.spikes.values())
        return float(sum(layer.sum() for layer in self.spikes.values()) / max(slots, 1))

    def _rows(self) -> list[tuple[str, str]]:
        def percent(share: float | None) -> str | None:
            return None if share is None else f"{100 * share:.2f} %"

        mean = None if self.cycles is None else f"{self.cycles.mean():,.1f}"
        worst = None if self.cycles is None else f"{self.cycles.max():,}"
        rows = [
            ("inferences", f"{len(self):,}"),
            ("accuracy, real-valued model", percent(self.accuracy_real)),
            ("accuracy", percent(self.accuracy)),
            ("same class in both", percent(self.class_agreement)),
            ("firing rate", percent(self.firing_rate)),
            ("core cycles after the last input, mean", mean),
            ("core cycles after the last input, worst", worst),
            ("simulated hardware that differs", self.differences),
            ("reason", self.reason),
        ]
        return [(name, str(value)) for name, value in rows if value is not None]

    def __repr__(self) -> str:
        return "\n".join(f"{name:40} {value:>12}" for name, value in self._rows())

    def _repr_html_(self) -> str:
        return table(self._rows())
