# SPDX-License-Identifier: Apache-2.0 OR MIT
"""From a ``torch.nn.Module`` to the ONNX file that imports best."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from synfire.diagnostic import Diagnostic

CLOSE = 1e-4
"""What single precision may change in a logit, relative to the largest one."""
FEW = 0.02
"""Share of samples in which it may make a neuron fire or not."""


def export(
    module: Any,
    sample: Any,
    timesteps: int | None = None,
    path: str | os.PathLike[str] = "model.onnx",
    *,
    input_scale: float | None = None,
    time_axis: int | None = None,
) -> Path:
    """Writes a trained network as ONNX, imports it, and holds it against PyTorch on the sample.

    Args:
        module: The ``torch.nn.Module``, trained; it is exported in evaluation mode, with the
            states of snnTorch and SpikingJelly reset, and is left as it was.
        sample: A batch of inputs ``[n, …]``, as images are given to
            :meth:`Model.simulate <synfire.Model.simulate>`.
        timesteps: How often ``forward`` is run for one inference, if it is one timestep and the
            neurons keep their states themselves (snnTorch's ``init_hidden=True``,
            SpikingJelly's ``step_mode="s"``). None if ``forward`` loops over the timesteps.
        path: File to write; its directory is made.
        input_scale: What a level of the sample is worth to ``forward``: ``1 / 255`` if it was
            trained on pixels divided by 255. The written model then takes the levels. None if
            ``forward`` takes the sample as it is.
        time_axis: The dimension of the sample that counts timesteps, 0 or 1, if one does.

    Returns:
        The path. The output of every timestep, or what ``forward`` returns, are the logits; of
        several outputs the first one.

    Raises:
        Diagnostic: what of the network cannot be imported; SF0601 if the import computes
            something else than PyTorch in more than one of 50 samples. It works in double
            precision, so a membrane exactly on its threshold may fire in one of both alone.
    """
    try:
        import torch
    except ImportError as e:
        raise ImportError("synfire.export needs PyTorch: pip install torch onnx onnxscript") from e
    sample, path = torch.as_tensor(sample), Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    batch = 1 if time_axis == 0 else 0
    whole = _inference(torch, module, timesteps, input_scale, time_axis)
    with _as_deployed(torch, module):
        wanted = _plain(whole(sample))
        refused: list[Exception] = []
        for dynamo in (True, False):
            _reset(module)
            try:
                _write(torch, whole, sample.narrow(batch, 0, 1), path, dynamo)
                _check(path, sample, wanted, timesteps, time_axis)
                return path
            except Exception as e:  # noqa: BLE001: exporters raise whatever they like
                path.unlink(missing_ok=True)
                refused.append(e)
                if isinstance(e, Diagnostic) and e.code == "SF0601":
                    break  # the same in any file
    # What import says of the file helps more than what an exporter says.
    raise next((e for e in refused if isinstance(e, Diagnostic)), refused[0])


def _inference(
    torch: Any, module: Any, timesteps: int | None, scale: float | None, time_axis: int | None
) -> Any:
    """A module that is one whole inference on levels."""

    class Inference(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.step = module

        def forward(self, x: Any) -> Any:
            if scale is not None:
                x = x.to(torch.float32) * scale
            if timesteps is None:
                return _first(self.step(x))
            frames = [x if time_axis is None else x.select(time_axis, t) for t in range(timesteps)]
            return torch.stack([_first(self.step(frame)) for frame in frames])

    return Inference().train(module.training)


def _first(output: Any) -> Any:
    return output[0] if isinstance(output, (tuple, list)) else output


def _plain(output: Any) -> np.ndarray[Any, Any]:
    return np.asarray(output.detach().cpu().to(float))


def _reset(module: Any) -> None:
    """Forgets what neurons remember: snnTorch's of ``init_hidden``, SpikingJelly's."""
    for part in module.modules():
        if getattr(part, "init_hidden", False):
            part.reset_mem()
        elif hasattr(part, "_memories") and hasattr(part, "reset"):
            part.reset()


@contextmanager
def _as_deployed(torch: Any, module: Any) -> Iterator[None]:
    """Evaluation mode, fresh states, no gradients; the modes come back."""
    modes = {part: part.training for part in module.modules()}
    module.eval()
    _reset(module)
    try:
        with torch.no_grad():
            yield
    finally:
        _reset(module)
        for part, mode in modes.items():
            part.training = mode


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Errors alone."""
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _write(torch: Any, whole: Any, sample: Any, path: Path, dynamo: bool) -> None:
    """PyTorch's exporter, or the older one (``dynamo=False``)."""
    # The file stands by itself: weights in it, and a version that every exporter can write.
    options = {"dynamo": True, "external_data": False} if dynamo else {"dynamo": False}
    with warnings.catch_warnings(), _quiet(logging.getLogger("torch.onnx")):
        warnings.simplefilter("ignore")  # of attributes that change: the neurons' states
        if dynamo:
            options["verbose"] = False
        torch.onnx.export(whole.eval(), (sample,), str(path), **options)


def _check(
    path: Path,
    sample: Any,
    wanted: np.ndarray[Any, Any],
    timesteps: int | None,
    time_axis: int | None,
) -> None:
    """Imports the file, and compares its logits with PyTorch's."""
    from synfire.model import load

    model = load(path)
    if timesteps is not None and model.timesteps != timesteps:
        raise Diagnostic(
            "SF0601",
            f"timesteps={timesteps} makes an inference of {model.timesteps} timesteps",
            help="leave timesteps out for a forward that loops over them itself",
        )
    found = model.simulate(sample, time_axis=time_axis, spikes=False).logits_real
    # Outputs of all timesteps are [timestep, n, class] or [n, timestep, class]; logits are their
    # mean. Where n is T, both are tried.
    means = [wanted.mean(axis) for axis in (0, 1)] if wanted.ndim == 3 else [wanted]
    logits = [mean for mean in means if mean.size == found.size and len(mean) == len(found)]
    far = [np.abs(found - mean.reshape(found.shape)).max(1) for mean in logits]
    bound = CLOSE * max(1.0, float(np.abs(found).max()))
    differ = min((int((f > bound).sum()) for f in far), default=len(found))
    if differ > FEW * len(found):
        raise Diagnostic(
            "SF0601",
            f"PyTorch and the imported model have other logits for {differ} of {len(found)} samples",
            title="two executors disagree",
            help="a forward that depends on the values of its input cannot be exported; where "
            "many membranes come to stand exactly on their threshold, single precision decides: "
            "add a batch norm, or take another threshold",
        )
    if differ:
        warnings.warn(
            f"{differ} of {len(found)} samples have other logits than in PyTorch: a membrane that "
            "stands on its threshold fires in single precision and not in double, or the other "
            "way round",
            stacklevel=3,
        )
