# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What `_native.pyi` says of the module is what it has: names, methods, parameters, defaults."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import synfire
from synfire import _native

STUB = Path(synfire.__file__).with_name("_native.pyi")


def of_arguments(args, is_method):
    """Name, kind and whether there is a default, in order; without `self` and `cls`."""
    places = [*args.posonlyargs, *args.args]
    without = [None] * (len(places) - len(args.defaults))
    found = [
        (a.arg, "positional", d is not None) for a, d in zip(places, [*without, *args.defaults])
    ]
    found = found[1:] if is_method else found
    if args.vararg:
        found.append((args.vararg.arg, "rest", False))
    named = zip(args.kwonlyargs, args.kw_defaults)
    found += [(a.arg, "named", d is not None) for a, d in named]
    if args.kwarg:
        found.append((args.kwarg.arg, "others", False))
    return found


KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: "positional",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "positional",
    inspect.Parameter.VAR_POSITIONAL: "rest",
    inspect.Parameter.KEYWORD_ONLY: "named",
    inspect.Parameter.VAR_KEYWORD: "others",
}


def of_callable(function):
    """The same of what is there."""
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
    return [(p.name, KINDS[p.kind], p.default is not p.empty) for p in parameters]


def stubbed(text):
    """Name to what a stub says of it: parameters of a function, members of a class, or nothing."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = of_arguments(node.args, is_method=False)
        elif isinstance(node, ast.ClassDef):
            methods = [m for m in node.body if isinstance(m, ast.FunctionDef)]
            found[node.name] = {m.name: of_arguments(m.args, is_method=True) for m in methods}
        elif isinstance(node, ast.AnnAssign):
            found[node.target.id] = None
    return found


def there(module):
    """The same of a module."""
    found = {}
    for name in (n for n in vars(module) if not n.startswith("_")):
        value = getattr(module, name)
        if inspect.isclass(value):
            own = {n: m for n, m in vars(value).items() if not n.startswith("_") and callable(m)}
            members = {n: of_callable(m) for n, m in own.items()}
            found[name] = {"__new__": of_callable(value), **members}
        else:
            found[name] = of_callable(value) if callable(value) else None
    return found


def test_the_stub_has_what_the_module_has():
    assert stubbed(STUB.read_text(encoding="utf-8")) == there(_native)
    assert len(there(_native)["Model"]) >= 7 and "VERSION" in there(_native)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("def svg(self, integer: bool)", "def svg(self, whole: bool)"),
        ("    def about(self) -> str: ...\n", ""),
        ("def about(self)", "def about(self, more: bool)"),
        ("integer: bool) -> str: ...\n    def hardware", "integer: bool = ...) -> str: ...\n    def hardware"),
        ("        *,\n", ""),
        ("VERSION: str", "VERSIONS: str"),
        ("def run(args", "def run(words"),
    ],
)
def test_another_stub_would_be_seen(old, new):
    text = STUB.read_text(encoding="utf-8")
    assert text.count(old) == 1
    assert stubbed(text.replace(old, new)) != there(_native)


def test_mypy_finds_nothing_between_stub_and_module():
    pytest.importorskip("mypy.stubtest", reason="mypy is installed beside the wheel")
    line = [sys.executable, "-m", "mypy.stubtest", "synfire._native"]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
