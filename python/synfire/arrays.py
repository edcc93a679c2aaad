# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Arrays as the compiler takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def plain(values: npt.ArrayLike) -> npt.NDArray[Any]:
    """An array of NumPy; tensors that learn are taken from their graph."""
    detach = getattr(values, "detach", None)
    return np.asarray(detach().cpu() if detach is not None else values)


def images(values: npt.ArrayLike, time_axis: int | None) -> npt.NDArray[Any]:
    """``[n, …]``, or ``[n, timestep, …]`` with a time axis: whole numbers from 0 as uint8 or
    uint16, everything else as float64. An array that is so already is not copied."""
    array = plain(values)
    if time_axis not in (None, 0, 1):
        raise ValueError(f"time_axis is 0, 1 or None, not {time_axis}")
    if array.ndim < (1 if time_axis is None else 2):
        raise ValueError(f"images are an array [n, …]; this one has the shape {array.shape}")
    if time_axis == 0:
        array = np.moveaxis(array, 0, 1)
    kind: Any = np.float64
    if array.dtype == np.bool_:
        kind = np.uint8
    elif np.issubdtype(array.dtype, np.integer) and array.size and array.min() >= 0:
        largest = array.max()
        kind = np.uint8 if largest < 1 << 8 else np.uint16 if largest < 1 << 16 else kind
    if array.dtype != np.bool_ and not np.issubdtype(array.dtype, np.number):
        raise TypeError(f"images are numbers, not {array.dtype}")
    return np.ascontiguousarray(array, dtype=kind)


def labels(
    values: npt.ArrayLike | None, images: npt.ArrayLike, time_axis: int | None
) -> npt.NDArray[np.int64] | None:
    """``[n]`` right classes, one for each image."""
    if values is None:
        return None
    array, shape = plain(values), plain(images).shape
    count = shape[1 if time_axis == 0 else 0]
    if array.shape != (count,) or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(
            f"labels are {count} whole numbers, one for each image; these have the shape "
            f"{array.shape} and the type {array.dtype}"
        )
    return array.astype(np.int64, copy=False)
