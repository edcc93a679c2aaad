# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Every cell of the notebook runs, and what it ends with is shown as a notebook would."""

import ast
import json

import pytest
from conftest import ROOT

NOTEBOOKS = sorted((ROOT / "python/notebooks").glob("*.ipynb"))


def run(source, session):
    """The value of a cell: that of its last line, if this is an expression."""
    body = ast.parse(source)
    last = body.body.pop() if isinstance(body.body[-1], ast.Expr) else None
    exec(compile(body, "<cell>", "exec"), session)
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), session)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_cells_run_and_show_something(path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    session, shown = {}, []
    for cell in json.loads(path.read_text())["cells"]:
        assert cell["cell_type"] == "markdown" or cell["outputs"] == [], "kept without outputs"
        if cell["cell_type"] != "code":
            continue
        value = run("".join(cell["source"]), session)
        for name in ("_repr_svg_", "_repr_html_"):
            if hasattr(value, name):
                shown.append((name, getattr(value, name)()))
    assert sum(name == "_repr_svg_" for name, _ in shown) >= 3
    assert sum(name == "_repr_html_" for name, _ in shown) >= 5
    assert all(text.startswith(("<svg", "<table")) for _, text in shown)
    assert "SF0016" in capsys.readouterr().out
    assert session["result"].accuracy == session["result"].accuracy_real > 0.85
