# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Inputs that the tests generate, too (`levels` in tests/common/agree.rs), so that no file has to hold them."""

import numpy as np

MASK = (1 << 64) - 1


def levels(size, bits, count, seed):
    """`count` inputs of `size` levels: what `data::random` gives, SplitMix64, half of them zero."""
    out, state = np.empty(count * size, np.uint8), seed
    for i in range(len(out)):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        z ^= z >> 31
        out[i] = z & ((1 << bits) - 1) if z >> 63 else 0
    return out.reshape(count, size)
