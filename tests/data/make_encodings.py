#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Writes encodings.json: latencies from snnTorch in double precision, rate encodings from
the equations of docs/inputs.md.

    python3 -m venv v && v/bin/pip install torch==2.15.0 snntorch==1.0.0
    v/bin/python make_encodings.py
"""
import itertools
import json
import pathlib

import torch
from snntorch import spikegen

LEVELS = [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 127, 128, 144, 200, 233, 254, 255]
MASK = (1 << 64) - 1


def steps(x, **options):
    """The timestep of each element's spike, -1 for none."""
    spikes = spikegen.latency(torch.tensor([x], dtype=torch.float64), **options)[:, 0]
    assert spikes.sum(0).max() <= 1
    return [int(s.argmax()) if s.any() else -1 for s in spikes.T]


def latencies():
    for timesteps, linear, clip, threshold in itertools.product(
            (1, 4, 5, 10, 25), (True, False), (True, False), (0.01, 0.2, 0.5)):
        x = [v / 255 for v in LEVELS]
        found = steps(x, num_steps=timesteps, linear=linear, clip=clip, threshold=threshold,
                      normalize=True)
        yield {"timesteps": timesteps, "linear": linear, "clip": clip, "threshold": threshold,
               "tau": 1.0, "normalise": True, "steps": found}
    for linear, tau, threshold in itertools.product((True, False), (0.5, 2.0, 3.5), (0.01, 0.2)):
        x = [v / 255 for v in LEVELS]
        found = steps(x, num_steps=80, linear=linear, tau=tau, threshold=threshold)
        yield {"timesteps": 80, "linear": linear, "clip": False, "threshold": threshold,
               "tau": tau, "normalise": False, "steps": found}


def splitmix(seed, n):
    z = (seed + (n + 1) * 0x9E3779B97F4A7C15) & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def rates():
    for seed, samples, timesteps in [(0, 2, 5), (1, 1, 20), (MASK, 3, 3)]:
        for full in (255, 300):
            spikes = [
                int((splitmix(splitmix(seed, i), t * len(LEVELS) + e) >> 11) < x / full * 2**53)
                for i in range(samples) for t in range(timesteps) for e, x in enumerate(LEVELS)]
            yield {"seed": seed, "samples": samples, "timesteps": timesteps, "full": full,
                   "spikes": "".join(map(str, spikes))}


def main():
    parts = {"latency": list(latencies()), "rate": list(rates())}
    lines = ",\n".join(
        f'"{k}": [\n' + ",\n".join(json.dumps(v, separators=(",", ":")) for v in part) + "\n]"
        for k, part in parts.items())
    here = pathlib.Path(__file__).resolve().parent
    (here / "encodings.json").write_text(f'{{"levels": {LEVELS},\n{lines}\n}}\n')


main()
