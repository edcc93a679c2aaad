#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Train the `student` test model (784-128-10, four time steps, binary
weights) on Fashion-MNIST and export it to ONNX with both PyTorch exporters,
together with reference results for the first 1,000 test images.

See README.md in this folder for what each written file holds."""

import argparse
import gzip
import importlib.metadata
import json
import pathlib
import platform

import numpy as np
import onnx
import onnxruntime
import snntorch
import torch
from snntorch import surrogate
from torch import nn
from torch.nn import functional as F

INPUTS, HIDDEN, CLASSES, STEPS = 784, 128, 10, 4
SUBSET = 1000  # test images kept beside the model
BATCH = 128


class BinarySte(torch.autograd.Function):
    """sign(w) * alpha, with a clipped straight-through gradient for w.
    No gradient flows through alpha."""

    @staticmethod
    def forward(ctx, w, alpha):
        ctx.save_for_backward(w)
        return torch.where(w >= 0, 1.0, -1.0) * alpha

    @staticmethod
    def backward(ctx, grad):
        (w,) = ctx.saved_tensors
        return grad * (w.abs() <= 1), None


class BinaryLinear(nn.Module):
    """Bias-free linear layer: weights are +-1 times the mean magnitude of the
    latent float weights of that output channel."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x):
        alpha = self.weight.detach().abs().mean(dim=1, keepdim=True)
        if self.training:
            w = BinarySte.apply(self.weight, alpha)
        else:  # the same in plain operators, which both exporters can trace
            w = torch.where(self.weight >= 0, 1.0, -1.0) * alpha
        return F.linear(x, w)


class Student(nn.Module):
    """uint8 pixels [batch, 784] -> logits of each step [4, batch, 10].
    The predicted class is the argmax of the mean over the steps."""

    def __init__(self):
        super().__init__()
        self.fc1 = BinaryLinear(INPUTS, HIDDEN)
        self.bn1 = nn.BatchNorm1d(HIDDEN)
        self.lif1 = snntorch.Leaky(
            beta=0.5,
            threshold=1.0,
            reset_mechanism="subtract",
            spike_grad=surrogate.atan(alpha=2.0),
        )
        self.fc2 = BinaryLinear(HIDDEN, CLASSES)
        self.bn2 = nn.BatchNorm1d(CLASSES)

    def forward(self, pixels):
        x = pixels.to(torch.float32) / 255
        mem = torch.zeros(pixels.shape[0], HIDDEN)
        out = []
        for _ in range(STEPS):  # direct coding: the same image at every step
            spk, mem = self.lif1(self.bn1(self.fc1(x)), mem)
            cur = self.fc2(spk)
            out.append(cur if self.training else self.bn2(cur))
        if self.training:
            # Batch statistics over all the steps at once: the running ones,
            # which inference uses for every step, are then the same.
            return self.bn2(torch.cat(out)).view(STEPS, -1, CLASSES)
        return torch.stack(out)


def read_idx(path):
    """An idx file of unsigned bytes as an array."""
    raw = gzip.decompress(pathlib.Path(path).read_bytes())
    assert raw[:3] == b"\0\0\x08", path
    shape = np.frombuffer(raw, ">u4", raw[3], 4)
    return np.frombuffer(raw, np.uint8, -1, 4 + 4 * raw[3]).reshape(shape)


def write_idx(path, array):
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(gzip.compress(head + array.tobytes(), 9, mtime=0))


def load(data, part):
    images = read_idx(data / f"{part}-images-idx3-ubyte.gz")
    labels = read_idx(data / f"{part}-labels-idx1-ubyte.gz")
    pixels = torch.from_numpy(images.reshape(len(images), -1).copy())
    return images, labels, pixels, torch.from_numpy(labels.astype(np.int64))


def accuracy(logits, labels):
    """logits [steps, images, classes] -> fraction classed correctly."""
    return (logits.mean(0).argmax(1) == labels).sum().item() / len(labels)


def train(model, pixels, labels, epochs, lr):
    steps = len(pixels) // BATCH
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, epochs * steps)
    for epoch in range(epochs):
        model.train()
        total = 0.0
        order = torch.randperm(len(pixels))[: steps * BATCH].view(steps, BATCH)
        for index in order:
            loss = F.cross_entropy(model(pixels[index]).mean(0), labels[index])
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            total += loss.item()
        print(f"epoch {epoch + 1}/{epochs}: loss {total / steps:.4f}", flush=True)


@torch.no_grad()
def infer(model, pixels):
    """Logits and hidden spikes of every step, by PyTorch."""
    spikes = []
    hook = model.lif1.register_forward_hook(lambda m, i, o: spikes.append(o[0]))
    logits = model.eval()(pixels)
    hook.remove()
    return logits, torch.stack(spikes)


def export(model, out):
    model.eval()
    example = torch.zeros(2, INPUTS, dtype=torch.uint8)
    names = {"input_names": ["pixels"], "output_names": ["logits"]}
    torch.onnx.export(
        model,
        (example,),
        str(out / "student_legacy.onnx"),
        dynamo=False,
        opset_version=17,
        dynamic_axes={"pixels": {0: "batch"}, "logits": {1: "batch"}},
        **names,
    )
    torch.onnx.export(
        model,
        (example,),
        str(out / "student_dynamo.onnx"),
        dynamo=True,
        external_data=False,
        dynamic_shapes={"pixels": {0: torch.export.Dim("batch")}},
        **names,
    )
    # Each node carries a stack trace with the paths of this machine: drop it,
    # so that the file does not depend on where the script lies.
    dynamo = onnx.load(out / "student_dynamo.onnx")
    for node in dynamo.graph.node:
        for prop in reversed(node.metadata_props):
            if prop.key == "pkg.torch.onnx.stack_trace":
                node.metadata_props.remove(prop)
    onnx.save(dynamo, out / "student_dynamo.onnx")


def run_onnx(path, pixels):
    onnx.checker.check_model(str(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"]
    )
    return torch.from_numpy(session.run(["logits"], {"pixels": pixels.numpy()})[0])


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--data", type=pathlib.Path, metavar="DIR",
                      default="/usr/share/datasets/fashion-mnist",
                      help="folder with the four Fashion-MNIST .gz files")
    args.add_argument("--epochs", type=int, default=20)
    args.add_argument("--lr", type=float, default=5e-3)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--out", type=pathlib.Path, metavar="DIR",
                      default=pathlib.Path(__file__).parent)
    args = args.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(args.seed)

    model = Student()
    _, _, pixels, labels = load(args.data, "train")
    train(model, pixels, labels, args.epochs, args.lr)
    export(model, args.out)

    # Reference results: all test images for the figures, the first 1,000 kept.
    images, raw_labels, pixels, labels = load(args.data, "t10k")
    logits, spikes = infer(model, pixels)
    few_pixels, few_labels = pixels[:SUBSET], labels[:SUBSET]
    few_logits, few_spikes = infer(model, few_pixels)
    write_idx(args.out / "images-idx3-ubyte.gz", images[:SUBSET])
    write_idx(args.out / "labels-idx1-ubyte.gz", raw_labels[:SUBSET])
    np.save(args.out / "logits_torch.npy", few_logits.numpy())
    np.save(args.out / "spikes_torch.npy",
            np.packbits(few_spikes.numpy().astype(np.uint8), axis=2))

    expected = {
        "arguments": {"epochs": args.epochs, "lr": args.lr, "seed": args.seed},
        "accuracy_10000": accuracy(logits, labels),
        "accuracy_1000": accuracy(few_logits, few_labels),
        "hidden_firing_rate_per_step": spikes.double().mean((1, 2)).tolist(),
        "mean_nonzero_pixels": (pixels != 0).sum().item() / len(pixels),
    }
    for name in ("legacy", "dynamo"):
        ort = run_onnx(args.out / f"student_{name}.onnx", few_pixels)
        np.save(args.out / f"logits_ort_{name}.npy", ort.numpy())
        expected[f"ort_{name}"] = {
            "accuracy_1000": accuracy(ort, few_labels),
            "max_abs_logit_difference": (ort - few_logits).abs().max().item(),
            "class_agreement": accuracy(ort, few_logits.mean(0).argmax(1)),
        }
    packages = ("torch", "snntorch", "onnx", "onnxruntime", "onnxscript", "numpy")
    expected["versions"] = {p: importlib.metadata.version(p) for p in packages}
    expected["versions"]["python"] = platform.python_version()
    text = json.dumps(expected, indent=2) + "\n"
    (args.out / "expected.json").write_text(text)
    print(text, end="")


if __name__ == "__main__":
    main()
