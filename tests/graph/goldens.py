"""First and second derivatives of every op, by PyTorch in float64.

    /usr/bin/python3 tests/graph/goldens.py

writes tests/graph/goldens.safetensors. For every case: y(x0, x1, ...), the gradients d0, d1, ... of sum(y r), and the
gradients dd0, dd1, ... of sum_i |d_i|^2 / 2. Inputs are float32 numbers from RandomState(seed).random_sample, x0 first
and r last; the seeds are in the file's metadata.
"""

import json
import math
import os
import struct

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
WIDE, POSITIVE = (-1.5, 1.5), (0.5, 2.0)
FIR = torch.tensor([1, 2, -1, 0.5, 3, 1, -2, 0, 1]).reshape(1, 1, 3, 3)
PIXELS = torch.tensor([[3, 0, 0, 2, 1], [1, 1, 3, 2, 0]])


def fir(x):
    x = F.pad(x, (2, 1, 2, 1))
    return F.conv2d(x, FIR.expand(x.shape[1], 1, 3, 3), groups=x.shape[1])


def gather(x):
    return torch.gather(x, 2, PIXELS[:, None, :].expand(2, x.shape[1], 5))


def scatter(x):
    zeros = torch.zeros(2, x.shape[1], 4)
    return zeros.scatter_add(2, PIXELS[:, None, :].expand(2, x.shape[1], 5), x)


def modulated(x, style, weight):
    w = weight[None] * style[:, None, :, None, None]
    w = w * (2 / (w.square().sum((2, 3, 4), keepdim=True) + 1e-8)).sqrt()
    return torch.cat([F.conv2d(x[n : n + 1], w[n], padding=1) for n in range(x.shape[0])])


def area(x, size):
    return F.interpolate(x, size=size, mode="area")


def frozen(x, scale, shift, mean, variance):
    # PyTorch's own gives no gradient to running statistics.
    mean, variance, scale, shift = (v[:, None, None] for v in (mean, variance, scale, shift))
    return (x - mean) / (variance + 1e-5).sqrt() * scale + shift


CASES = {
    "add, broadcast": ([(2, 3, 4), (3, 1)], WIDE, lambda a, b: a + b),
    "sub, broadcast": ([(3, 1), (2, 3, 4)], WIDE, lambda a, b: a - b),
    "mul, broadcast": ([(2, 3, 4), (4,)], WIDE, lambda a, b: a * b),
    "div": ([(2, 3), (2, 1)], POSITIVE, lambda a, b: a / b),
    "fir, uneven zeros": ([(2, 3, 4, 5)], WIDE, fir),
    "neg": ([(5,)], WIDE, lambda x: -x),
    "sqrt": ([(2, 3)], POSITIVE, torch.sqrt),
    "exp": ([(2, 3)], WIDE, torch.exp),
    "log": ([(2, 3)], POSITIVE, torch.log),
    "tanh": ([(2, 3)], WIDE, torch.tanh),
    "sigmoid": ([(2, 3)], WIDE, torch.sigmoid),
    "leakyRelu": ([(3, 7)], WIDE, lambda x: F.leaky_relu(x, 0.2)),
    "relu": ([(3, 7)], WIDE, F.relu),
    "clip": ([(3, 7)], WIDE, lambda x: x.clamp(-0.7, 0.9)),
    "matmul": ([(3, 4), (4, 5)], WIDE, torch.matmul),
    "matmul, batched": ([(2, 1, 3, 4), (3, 4, 2)], WIDE, torch.matmul),
    "reshape": ([(2, 6)], WIDE, lambda x: x.reshape(3, 4)),
    "transpose": ([(2, 3, 4)], WIDE, lambda x: x.permute(2, 0, 1)),
    "expand": ([(3, 1)], WIDE, lambda x: x.expand(2, 3, 4)),
    "reduceSum": ([(2, 3, 4)], WIDE, lambda x: x.sum((0, 2), keepdim=True)),
    "reduceMax": ([(2, 3, 4)], WIDE, lambda x: x.amax((0, 2), keepdim=True)),
    "maxPool 2x2": ([(2, 3, 4, 5)], WIDE, lambda x: F.max_pool2d(x, 2)),
    "maxPool 3x3, stride 2, padding 1": ([(2, 3, 6, 5)], WIDE, lambda x: F.max_pool2d(x, 3, 2, 1)),
    "withGradient, a product of three": ([(2, 3), (3,)], WIDE, lambda a, b: a * a * b),
    "concat": ([(2, 3), (2, 1)], WIDE, lambda a, b: torch.cat([a, b], 1)),
    "slice": ([(4, 5)], WIDE, lambda x: x[1:3, 2:5]),
    "gatherPixels": ([(2, 3, 4)], WIDE, gather),
    "scatterPixels": ([(2, 3, 5)], WIDE, scatter),
    "pad": ([(2, 3)], WIDE, lambda x: F.pad(x, (0, 2, 1, 0))),
    **{
        f"conv 3x3, {c} channels": ([(1, c, 4, 3), (2, c, 3, 3)], WIDE, lambda x, w: F.conv2d(x, w, padding=1))
        for c in (1, 3, 4, 6, 9, 15)
    },
    "conv 1x1": ([(2, 6, 4, 4), (3, 6, 1, 1)], WIDE, F.conv2d),
    "conv with a bias": (
        [(2, 3, 4, 4), (5, 3, 3, 3), (5,)],
        WIDE,
        lambda x, w, b: F.conv2d(x, w, b, padding=1),
    ),
    "conv, stride 2, odd": ([(2, 3, 5, 9), (4, 3, 3, 3)], WIDE, lambda x, w: F.conv2d(x, w, stride=2)),
    "conv, stride 2": ([(1, 2, 7, 6), (3, 2, 3, 3)], WIDE, lambda x, w: F.conv2d(x, w, stride=2, padding=1)),
    "conv, dilation 2": ([(1, 2, 7, 7), (2, 2, 3, 3)], WIDE, lambda x, w: F.conv2d(x, w, dilation=2, padding=2)),
    "convTranspose, stride 2": ([(2, 3, 4, 3), (3, 2, 3, 3)], WIDE, lambda x, w: F.conv_transpose2d(x, w, stride=2)),
    "convTranspose 4x4, stride 2, padding 1": (
        [(1, 1, 4, 4), (1, 1, 4, 4)],
        WIDE,
        lambda x, w: F.conv_transpose2d(x, w, stride=2, padding=1),
    ),
    "convTranspose, stride 1": ([(2, 3, 5, 5), (3, 6, 3, 3)], WIDE, lambda x, w: F.conv_transpose2d(x, w, padding=1)),
    "batchNorm": (
        [(3, 2, 3, 4), (2,), (2,)],
        WIDE,
        lambda x, scale, shift: F.batch_norm(x, None, None, scale, shift, training=True, eps=1e-5),
    ),
    "frozenBatchNorm": ([(3, 2, 3, 4), (2,), (2,), (2,), (2,)], POSITIVE, frozen),
    "bilinear, larger": ([(2, 3, 4, 3)], WIDE, lambda x: F.interpolate(x, size=(7, 6), mode="bilinear")),
    "bilinear, smaller": ([(1, 2, 7, 8)], WIDE, lambda x: F.interpolate(x, size=(3, 5), mode="bilinear")),
    "bilinear, aligned corners": (
        [(1, 2, 4, 3)],
        WIDE,
        lambda x: F.interpolate(x, size=(7, 5), mode="bilinear", align_corners=True),
    ),
    "area": ([(1, 2, 7, 6)], WIDE, lambda x: area(x, (3, 4))),
    "nearest": ([(1, 2, 3, 4)], WIDE, lambda x: F.interpolate(x, size=(7, 3), mode="nearest")),
    "averagePool 3x3, stride 2, padding 1": ([(1, 2, 7, 6)], WIDE, lambda x: F.avg_pool2d(x, 3, 2, 1)),
    "averagePool without the padding": (
        [(1, 2, 7, 6)],
        WIDE,
        lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
    ),
    "globalAveragePool": ([(2, 3, 4, 3)], WIDE, lambda x: x.mean((2, 3), keepdim=True)),
    "softmax": ([(2, 3, 2, 2)], WIDE, lambda x: x.softmax(1)),
    "logSoftmax": ([(2, 3, 2, 2)], WIDE, lambda x: x.log_softmax(1)),
    "softplus": ([(2, 5)], (-3.0, 3.0), F.softplus),
    "modulatedConv, demodulated": ([(2, 3, 4, 4), (2, 3), (4, 3, 3, 3)], WIDE, modulated),
    "dilatedConv, taps that read little": (
        [(2, 3, 4, 5), (2, 3, 3, 3), (2,)],
        WIDE,
        lambda x, w, b: F.conv2d(x, w, b, padding=3, dilation=3),
    ),
    "dilatedConv, one tap that reads": (
        [(2, 3, 4, 3), (2, 3, 3, 3)],
        WIDE,
        lambda x, w: F.conv2d(x, w, padding=5, dilation=5),
    ),
}


def solve(shapes, domain, build, seed):
    random = np.random.RandomState(seed)
    low, high = domain

    def draw(shape):
        numbers = low + (high - low) * random.random_sample(math.prod(shape))
        return torch.tensor(numbers.astype(np.float32).astype(np.float64).reshape(shape))

    inputs = [draw(shape).requires_grad_() for shape in shapes]
    y = build(*inputs)
    r = draw(tuple(y.shape))
    first = torch.autograd.grad((y * r).sum(), inputs, create_graph=True)
    penalty = sum(d.square().sum() / 2 for d in first)
    if penalty.requires_grad:
        second = torch.autograd.grad(penalty, inputs, allow_unused=True)
    else:
        second = [None] * len(inputs)
    result = {"y": y}
    result.update({f"d{i}": d for i, d in enumerate(first)})
    result.update({f"dd{i}": torch.zeros_like(x) if d is None else d for i, (x, d) in enumerate(zip(inputs, second))})
    return {name: value.detach().numpy().astype(np.float32) for name, value in result.items()}


def write_safetensors(path, arrays, metadata):
    header, blobs, at = {"__metadata__": metadata}, [], 0
    for name, array in arrays.items():
        blob = np.ascontiguousarray(array, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


if __name__ == "__main__":
    arrays, seeds = {}, {}
    for seed, (name, (shapes, domain, build)) in enumerate(CASES.items()):
        seeds[name] = seed
        for key, array in solve(shapes, domain, build, seed).items():
            arrays[f"{name}/{key}"] = array
    folder = os.path.dirname(os.path.abspath(__file__))
    write_safetensors(os.path.join(folder, "goldens.safetensors"), arrays, {"seeds": json.dumps(seeds)})
