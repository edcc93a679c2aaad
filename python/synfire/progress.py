# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Progress: a function of the user's, tqdm if it is installed (as a widget in a notebook), or a
line on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Union

Told = Callable[[int, int], object]
"""Called with what is done and all there is."""


@contextmanager
def shown(progress: Union[bool, Told]) -> Iterator[Told | None]:
    """Gives what is told about progress, and closes the bar behind it."""
    if progress is False:
        yield None
    elif progress is not True:
        yield progress
    else:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            yield line
            print(file=sys.stderr)
            return
        with tqdm(desc="simulate", unit="image") as bar:

            def tell(done: int, count: int) -> None:
                bar.total = count
                bar.update(done - bar.n)

            yield tell


def line(done: int, count: int) -> None:
    """A line that overwrites itself."""
    print(f"\rsimulate {done:,} of {count:,}", end="", file=sys.stderr, flush=True)
