"""A StyleGAN2 forward pass in PyTorch, as bench/generator.ts compares with: random weights, constant noise, skip
architecture. Reads a line, makes a batch of images, prints the milliseconds; until the end of its input."""

import math
import sys
import time

import torch
import torch.nn.functional as F

resolution, most_channels, batch, threads = map(int, sys.argv[1:5])
fused = sys.argv[5] == "fused"
torch.set_num_threads(threads)
torch.set_grad_enabled(False)
torch.set_flush_denormal(True)
torch.manual_seed(0)

WIDTH = 512
GAIN = math.sqrt(2)
FIR = torch.outer(torch.tensor([1.0, 3, 3, 1]), torch.tensor([1.0, 3, 3, 1])) / 64 * 4


def channels(r):
    return min(32768 // r, most_channels)


def layer(r, inputs, outputs, size):
    return {
        "weight": torch.randn(outputs, inputs, size, size),
        "bias": torch.randn(outputs) * 0.1,
        "style": (torch.randn(inputs, WIDTH) / math.sqrt(WIDTH), torch.ones(inputs)),
        "noise": torch.randn(1, 1, r, r) * 0.1,
    }


mapping = [(torch.randn(WIDTH, WIDTH) / math.sqrt(WIDTH), torch.zeros(WIDTH)) for _ in range(8)]
const = torch.randn(1, channels(4), 4, 4)
blocks = []
for r in (4 * 2**i for i in range(int(math.log2(resolution)) - 1)):
    conv0 = layer(r, channels(r // 2), channels(r), 3) if r > 4 else None
    blocks.append((conv0, layer(r, channels(r), channels(r), 3), layer(r, channels(r), 3, 1)))


def smooth(x, padding):
    count = x.shape[1]
    return F.conv2d(F.pad(x, padding), FIR.expand(count, 1, 4, 4), groups=count)


def enlarge(image):
    n, c, h, w = image.shape
    spread = image.new_zeros(n, c, h, 2, w, 2)
    spread[:, :, :, 0, :, 0] = image
    return smooth(spread.view(n, c, 2 * h, 2 * w), (2, 1, 2, 1))


def modulated(x, row, w, up, demodulate):
    weight = row["weight"]
    style = F.linear(w, *row["style"])
    n, padding = len(x), weight.shape[2] // 2
    if not demodulate:
        style = style / math.sqrt(weight.shape[1])
    if fused:
        each = weight[None] * style[:, None, :, None, None]
        if demodulate:
            each = each * (each.square().sum((2, 3, 4), keepdim=True) + 1e-8).rsqrt()
        x = x.expand(n, -1, -1, -1).reshape(1, -1, *x.shape[2:])
        if up:
            kernel = each.transpose(1, 2).reshape(-1, weight.shape[0], *weight.shape[2:])
            x = smooth(F.conv_transpose2d(x, kernel, stride=2, groups=n), (1, 1, 1, 1))
        else:
            x = F.conv2d(x, each.reshape(-1, *weight.shape[1:]), padding=padding, groups=n)
        return x.view(n, -1, *x.shape[2:])
    x = x * style[:, :, None, None]
    if up:
        x = smooth(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2), (1, 1, 1, 1))
    else:
        x = F.conv2d(x, weight, padding=padding)
    if demodulate:
        x = x * (F.linear(style.square(), weight.square().sum((2, 3))) + 1e-8).rsqrt()[:, :, None, None]
    return x


def convolve(x, row, w, up=False):
    x = modulated(x, row, w, up, True).add_(row["noise"]).add_(row["bias"][None, :, None, None])
    return F.leaky_relu_(x, 0.2).mul_(GAIN)


def generate(z):
    w = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
    for weight, bias in mapping:
        w = F.leaky_relu(F.linear(w, weight, bias), 0.2) * GAIN
    x, image = const.expand(len(z), -1, -1, -1), None
    for conv0, conv1, torgb in blocks:
        if conv0 is not None:
            x = convolve(x, conv0, w, up=True)
        x = convolve(x, conv1, w)
        colours = modulated(x, torgb, w, False, False) + torgb["bias"][None, :, None, None]
        image = colours if image is None else enlarge(image) + colours
    return image


for _ in sys.stdin:
    z = torch.randn(batch, WIDTH)
    start = time.perf_counter()
    generate(z)
    print((time.perf_counter() - start) * 1000, flush=True)
