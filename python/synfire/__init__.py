# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Synfire compiles trained binary-weight spiking networks to verified FPGA bitstreams.

    >>> import synfire
    >>> model = synfire.load("student.onnx")
    >>> result = model.simulate(images, labels=labels)
    >>> build = model.compile(target="icebreaker", out="build/student", bitstream=True)
    >>> build.verify(images)
    >>> build.energy(images)

A mistake in a model, inputs or options raises :class:`synfire.Diagnostic`.
"""

from synfire._native import VERSION as __version__
from synfire.build import Build
from synfire.diagnostic import Diagnostic, Location
from synfire.export import export
from synfire.model import Model, load
from synfire.result import Result
from synfire.views import Hardware, Picture, Report

__all__ = [
    "Build",
    "Diagnostic",
    "Hardware",
    "Location",
    "Model",
    "Picture",
    "Report",
    "Result",
    "__version__",
    "export",
    "load",
]
