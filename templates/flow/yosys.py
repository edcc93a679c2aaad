# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Runs a Yosys script, one command a line, through pyosys (which has no command line)."""

import sys

from pyosys import libyosys

design = libyosys.Design()
with open(sys.argv[1], encoding="utf-8") as script:
    for line in script:
        line = line.strip()
        if line and not line.startswith("#"):
            libyosys.run_pass(line, design)
