# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The command `synfire`: the command line of the compiler, which the module contains."""

import sys

from synfire import _native


def main() -> None:
    """Runs the command line on the arguments of this process, and ends it."""
    sys.exit(_native.run(["synfire", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
