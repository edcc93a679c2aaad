# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Compares ONNX Runtime with the compiler's interpreter on the trained students.

For all test images of a student's data set: the largest difference of a logit, images whose
logits differ by more than 1e-4 (a membrane stood within single precision of its threshold),
and images with another class. Needs onnxruntime and numpy, as in
distill/tests/export/requirements.txt.
Usage: check.py SYNFIRE FASHION_MNIST_IMAGES MNIST_IMAGES (idx files, gzipped or not)
"""

import gzip
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnxruntime


def levels(path):
    data = path.read_bytes()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    return numpy.frombuffer(data[16:], numpy.uint8)


def interpreted(synfire, student, images):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "logits.npy"
        command = [synfire, "simulate", student, "--weights", "float"]
        command += ["--images", images, "--outputs", out]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return numpy.load(out)


def runtime(student, images):
    session = onnxruntime.InferenceSession(student)
    entry = session.get_inputs()[0]
    shape = [-1] + [d for d in entry.shape[1:]]
    images = levels(images).reshape(shape)
    parts = [images[i : i + 500] for i in range(0, len(images), 500)]
    return numpy.concatenate([session.run(None, {entry.name: p})[0] for p in parts])


def main():
    synfire, fashion, mnist = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    wrong = 0
    for student in sorted(pathlib.Path(__file__).parent.glob("*.onnx")):
        images = mnist if student.name.startswith("mnist") else fashion
        theirs = runtime(student, images)
        ours = interpreted(synfire, student, images).reshape(theirs.shape)
        off = numpy.abs(ours - theirs).max(1)
        classes = int((ours.argmax(1) != theirs.argmax(1)).sum())
        wrong += classes
        print(f"{student.name}: {off.max():.1e}, {(off > 1e-4).sum()} images, {classes} classes")
    sys.exit(wrong > 0)


main()
