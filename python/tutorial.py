# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Runs the code blocks of a page, as they stand, in the environment of this interpreter.

    python tutorial.py PAGE

Blocks of ``sh`` are commands, blocks of ``python`` one session from the first to the last. Each
section prints how long it took. A block of any other language is text."""

import os
import re
import subprocess
import sys
import time
import traceback
from pathlib import Path

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def sections(page):
    """(heading, [(language, code)]) for every section that runs something."""
    parts = re.split(r"^## (.+)$", page, flags=re.MULTILINE)
    for heading, text in zip(parts[1::2], parts[2::2]):
        blocks = [(lang, code) for lang, code in BLOCK.findall(text) if lang in ("sh", "python")]
        if blocks:
            yield heading, blocks


def run(language, code, session):
    """Runs a block; an exception or a command that fails ends the page."""
    if language == "python":
        exec(compile(code, "<tutorial>", "exec"), session)
        return
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path}
    subprocess.run(["bash", "-euo", "pipefail", "-c", code], env=environment, check=True)


def main(page):
    # The package is the one that was installed, not the folder beside this file.
    sys.path[0] = ""
    session, begun = {"__name__": "__main__"}, time.monotonic()
    found = list(sections(Path(page).read_text(encoding="utf-8")))
    if not found:
        sys.exit(f"{page}: there is nothing to run")
    for heading, blocks in found:
        start = time.monotonic()
        print(f"== {heading}", flush=True)
        for language, code in blocks:
            try:
                run(language, code, session)
            except BaseException:
                traceback.print_exc()
                sys.exit(f"{page}: this block of `{heading}` fails:\n{code}")
        print(f"{time.monotonic() - start:8.1f} s  {heading}", flush=True)
    print(f"{time.monotonic() - begun:8.1f} s  all of {page}")


if __name__ == "__main__":
    main(sys.argv[1])
