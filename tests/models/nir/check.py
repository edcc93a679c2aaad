# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Does the Python package read what synfire writes as the graph that synfire read?

    SYNFIRE_NIR_OUT=DIR cargo test --test import_nir files_for -- --ignored
    python check.py DIR

Compares each DIR/NAME.nir with NAME.nir beside this script: they may differ in names and
in how a parameter is spread, so both are run by euler.py on the recorded inputs.
"""
import json
import pathlib
import sys

import nir
import numpy as np

from euler import flatten, run

here, there = pathlib.Path(__file__).parent, pathlib.Path(sys.argv[1])
for model in json.loads((here / "models.json").read_text()):
    name = model["name"]
    theirs = nir.read(here / f"{name}.nir", type_check=False)
    # Shapes are checked by the package but where its check knows no groups or `same`.
    ours = nir.read(there / f"{name}.nir", type_check=name not in ("node_conv1d", "node_conv2d"))
    ours.validate_structure()
    inputs = np.load(here / f"{name}.in.npy")[:20] * model["scale"]
    for x in inputs:
        a, _ = run(theirs, x, model["dt"], model["reset"])
        b, _ = run(ours, x, model["dt"], model["reset"])
        assert a.shape == b.shape and np.abs(a - b).max() < 1e-12, name
    kinds = lambda g: sorted(type(n).__name__ for p, n in flatten(g)[0].items()
                             if not ("." in p and isinstance(n, (nir.Input, nir.Output))))
    same = "the same nodes" if kinds(theirs) == kinds(ours) else f"{kinds(theirs)} -> {kinds(ours)}"
    print(f"{name}: {same}, the same outputs")
