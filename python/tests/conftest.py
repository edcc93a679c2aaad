# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The model, images and labels that the tests share."""

import gzip
from pathlib import Path

import numpy as np
import pytest

import synfire

ROOT = Path(__file__).resolve().parents[2]
STUDENT = ROOT / "tests/models/student"


def idx(path, header):
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header)


@pytest.fixture(scope="session")
def images():
    """The 1,000 test images, uint8 [n, 28, 28]."""
    return idx(STUDENT / "images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)


@pytest.fixture(scope="session")
def labels():
    return idx(STUDENT / "labels-idx1-ubyte.gz", 8)


@pytest.fixture(scope="session")
def model():
    return synfire.load(STUDENT / "student_dynamo.onnx")


# Two neurons without a leak; what one of them fires is its logit. Two timesteps of one bit.
CHANGING = """synfire-ir 1
graph "changing" timesteps 2
%in = input() : spikes[2] {"shape":[2],"bits":1,"is_static":false}
%fc = linear(%in) : current[2; fixed(3, 0)] {"weights":{"binary":{"signs":{"cols":2,"rows":["1","2"]},"scale":1.0}},"bias":null}
%n = lif(%fc) : spikes[2] {"leak":1.0,"gain":1.0,"bias":0.0,"threshold":1.0,"reset":"soft","compare":"at-least"}
%y = readout(%n) : real[2] {"kind":"sum","gain":1.0,"offset":0.0}
output %y
"""


@pytest.fixture()
def changing(tmp_path):
    """A model that gets another input at each of two timesteps."""
    path = tmp_path / "changing.sfir"
    path.write_text(CHANGING)
    return synfire.load(path)
