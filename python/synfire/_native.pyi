# SPDX-License-Identifier: Apache-2.0 OR MIT
# The extension module (python/src).

from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np
import numpy.typing as npt

__all__ = ["VERSION", "Model", "run"]

VERSION: str

def run(args: Sequence[str]) -> int: ...

@final
class Model:
    def __new__(cls, args: Sequence[str]) -> Model: ...
    def about(self) -> str: ...
    def summary(self, integer: bool) -> str: ...
    def text(self, integer: bool) -> str: ...
    def svg(self, integer: bool) -> str: ...
    def hardware(self, target: str, mapping: str) -> str: ...
    def simulate(
        self,
        images: npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.float64],
        *,
        has_time: bool,
        target: str,
        mapping: str,
        threads: int,
        spikes: bool,
        progress: Callable[[int, int], object] | None,
    ) -> dict[str, Any]: ...
