"""Losses of a 32-pixel StyleGAN2 and their gradients, by PyTorch in float64.

    /usr/bin/python3 tests/train/gan/gradientGoldens.py

writes tests/train/gan/gradientGoldens.tsv. The model is written after the papers (Karras et al., 2018 to 2020) with the
weight names of NVIDIA's code. Weights and inputs come from RandomState, rounded to float32, name by name in sorted
order. A line holds the loss's name, then "loss" and its value, or a weight's name, the norm of its gradient g and four
sums of g with random signs, <g, u>: for an error e of the gradient, <e, u> has the variance |e|^2.
"""

import math
import os

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)

RESOLUTION, COLOURS, BATCH, GROUP = 32, 3, 4, 4
BASE, MOST = 512, 32
Z = W = 24
MAPPING = 2
RATE = 0.01  # learning-rate multiplier of the mapping network
PROJECTIONS = 4
PATH_AVERAGE, PATH_DECAY = 0.3, 0.01


def channels(r):
    return min(MOST, BASE // r)


def sizes():
    """Resolutions from 4 to the image's."""
    r = 4
    while r <= RESOLUTION:
        yield r
        r *= 2


def generator_shapes():
    shapes = {"synthesis.b4.const": (channels(4), 4, 4)}
    for i in range(MAPPING):
        shapes[f"mapping.fc{i}.weight"] = (W, Z if i == 0 else W)
        shapes[f"mapping.fc{i}.bias"] = (W,)
    for r in sizes():
        layers = [("conv1", channels(r), channels(r), 3), ("torgb", COLOURS, channels(r), 1)]
        if r > 4:
            layers.append(("conv0", channels(r), channels(r // 2), 3))
        for name, o, i, k in layers:
            full = f"synthesis.b{r}.{name}"
            shapes[f"{full}.weight"] = (o, i, k, k)
            shapes[f"{full}.bias"] = (o,)
            shapes[f"{full}.affine.weight"] = (i, W)
            shapes[f"{full}.affine.bias"] = (i,)
            if k == 3:
                shapes[f"{full}.noise_strength"] = ()
    return shapes


def discriminator_shapes():
    C = channels(4)
    shapes = {
        f"b{RESOLUTION}.fromrgb.weight": (channels(RESOLUTION), COLOURS, 1, 1),
        f"b{RESOLUTION}.fromrgb.bias": (channels(RESOLUTION),),
        "b4.conv.weight": (C, C + 1, 3, 3),
        "b4.conv.bias": (C,),
        "b4.fc.weight": (C, C * 16),
        "b4.fc.bias": (C,),
        "b4.out.weight": (1, C),
        "b4.out.bias": (1,),
    }
    for r in list(sizes())[1:]:
        i, o = channels(r), channels(r // 2)
        shapes[f"b{r}.conv0.weight"] = (i, i, 3, 3)
        shapes[f"b{r}.conv0.bias"] = (i,)
        shapes[f"b{r}.conv1.weight"] = (o, i, 3, 3)
        shapes[f"b{r}.conv1.bias"] = (o,)
        shapes[f"b{r}.skip.weight"] = (o, i, 1, 1)
    return shapes


def draw(random, shape, centre=0.0, spread=1.0):
    numbers = centre + spread * random.randn(math.prod(shape))
    return torch.tensor(numbers.astype(np.float32).astype(np.float64).reshape(shape))


def start(name):
    """Centre and spread of a weight: biases and noise strengths are away from zero, so that everything takes part."""
    if name.endswith("affine.bias"):
        return 1.0, 0.1
    if name.startswith("mapping."):
        return 0.0, 100.0 if name.endswith("weight") else 10.0
    if name.endswith("bias") or name.endswith("noise_strength"):
        return 0.0, 0.1
    return 0.0, 1.0


def weights(shapes, seed):
    random = np.random.RandomState(seed)
    return {name: draw(random, shapes[name], *start(name)).requires_grad_() for name in sorted(shapes)}


TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
FILTER = torch.outer(TAPS, TAPS)


def fir(x, before, after, gain=1.0, step=1):
    C = x.shape[1]
    x = F.pad(x, (before, after, before, after))
    return F.conv2d(x, (FILTER * gain).expand(C, 1, 4, 4), groups=C, stride=step)


def double(x):
    N, C, H, width = x.shape
    zeros = torch.zeros(N, C, H, 2, width, 2)
    zeros[:, :, :, 0, :, 0] = x
    return fir(zeros.reshape(N, C, 2 * H, 2 * width), 2, 1, 4)


def lrelu(x, gain=math.sqrt(2)):
    return F.leaky_relu(x, 0.2) * gain


def mapping(g, z):
    x = z / (z.square().mean(1, keepdim=True) + 1e-8).sqrt()
    for i in range(MAPPING):
        w, b = g[f"mapping.fc{i}.weight"], g[f"mapping.fc{i}.bias"]
        x = lrelu(F.linear(x, w * (RATE / math.sqrt(w.shape[1])), b * RATE))
    return x


def styled(g, name, x, w, up=False, demodulate=True):
    weight = g[f"{name}.weight"]
    style = F.linear(w, g[f"{name}.affine.weight"] / math.sqrt(W), g[f"{name}.affine.bias"])
    if not demodulate:
        style = style / math.sqrt(weight.shape[1])
    images = []
    for n in range(w.shape[0]):
        k = weight * style[n][None, :, None, None]
        if demodulate:
            k = k / (k.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        one = x[n : n + 1]
        if up:
            images.append(fir(F.conv_transpose2d(one, k.transpose(0, 1), stride=2), 1, 1, 4))
        else:
            images.append(F.conv2d(one, k, padding=k.shape[2] // 2))
    return torch.cat(images)


def synthesis(g, ws, noise):
    N = ws.shape[0]
    x = g["synthesis.b4.const"][None].expand(N, -1, -1, -1)
    image, index = None, 0
    for r in sizes():
        for layer in ("conv0", "conv1"):
            name = f"synthesis.b{r}.{layer}"
            if f"{name}.weight" not in g:
                continue
            x = styled(g, name, x, ws[:, index], up=layer == "conv0")
            x = x + noise[f"b{r}.{layer}"] * g[f"{name}.noise_strength"]
            x = lrelu(x + g[f"{name}.bias"][:, None, None])
            index += 1
        name = f"synthesis.b{r}.torgb"
        colour = styled(g, name, x, ws[:, index], demodulate=False) + g[f"{name}.bias"][:, None, None]
        image = colour if image is None else double(image) + colour
    return image


def discriminate(d, x):
    def conv(x, name, step=1, padding=0):
        w = d[f"{name}.weight"]
        return F.conv2d(x, w / math.sqrt(math.prod(w.shape[1:])), d[f"{name}.bias"], stride=step, padding=padding)

    x = lrelu(conv(x, f"b{RESOLUTION}.fromrgb"))
    for r in reversed(list(sizes())[1:]):
        w = d[f"b{r}.skip.weight"]
        skip = F.conv2d(fir(x, 1, 1, step=2), w / math.sqrt(w.shape[1]))
        x = lrelu(conv(x, f"b{r}.conv0", padding=1))
        x = lrelu(conv(fir(x, 2, 2), f"b{r}.conv1", step=2))
        x = (x + skip) / math.sqrt(2)
    N, C, H, width = x.shape
    groups = x.reshape(GROUP, N // GROUP, C, H, width)
    deviation = (groups.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))
    x = torch.cat([x, deviation.repeat(GROUP)[:, None, None, None].expand(N, 1, H, width)], 1)
    x = lrelu(conv(x, "b4.conv", padding=1)).flatten(1)
    x = lrelu(F.linear(x, d["b4.fc.weight"] / math.sqrt(x.shape[1]), d["b4.fc.bias"]))
    return F.linear(x, d["b4.out.weight"] / math.sqrt(C), d["b4.out.bias"])


def main():
    g, d = weights(generator_shapes(), 1), weights(discriminator_shapes(), 2)
    random = np.random.RandomState(3)
    layers = [f"b{r}.{c}" for r in sizes() for c in ("conv0", "conv1") if (r, c) != (4, "conv0")]
    z = draw(random, (2 * BATCH, Z))
    mix = torch.tensor((random.random_sample(BATCH * (len(layers) + 1)) < 0.5).astype(float)).reshape(BATCH, -1, 1)
    noise = {name: draw(random, (BATCH, 1, int(name[1:].split(".")[0]), int(name[1:].split(".")[0]))) for name in layers}
    reals = draw(random, (BATCH, COLOURS, RESOLUTION, RESOLUTION), spread=0.5).requires_grad_()
    path_noise = draw(random, (BATCH, COLOURS, RESOLUTION, RESOLUTION), spread=1 / RESOLUTION)

    w = mapping(g, z)
    ws = w[BATCH:, None] + mix * (w[:BATCH, None] - w[BATCH:, None])
    images = synthesis(g, ws, noise)
    fake, real = discriminate(d, images), discriminate(d, reals)
    (at_reals,) = torch.autograd.grad(real.sum(), reals, create_graph=True)
    (at_ws,) = torch.autograd.grad((images * path_noise).sum(), ws, create_graph=True)
    lengths = at_ws.square().sum(2).mean(1).sqrt()
    average = PATH_AVERAGE + PATH_DECAY * (lengths.mean() - PATH_AVERAGE)
    losses = {
        "D": (F.softplus(fake).mean() + F.softplus(-real).mean(), d),
        "G": (F.softplus(-fake).mean(), g),
        "r1": (at_reals.square().sum((1, 2, 3)).mean(), d),
        "path": ((lengths - average).square().mean(), g),
    }
    rows = []
    for name, (loss, parameters) in losses.items():
        rows.append([name, "loss", loss.item()])
        names = sorted(parameters)
        gradients = torch.autograd.grad(loss, [parameters[n] for n in names], retain_graph=True, allow_unused=True)
        signs = np.random.RandomState(4)
        for n, gradient in zip(names, gradients):
            flat = np.zeros(parameters[n].numel()) if gradient is None else gradient.numpy().ravel()
            sums = [flat @ np.where(signs.random_sample(flat.size) < 0.5, -1.0, 1.0) for _ in range(PROJECTIONS)]
            rows.append([name, n, np.linalg.norm(flat), *sums])
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gradientGoldens.tsv")
    with open(path, "w") as file:
        for name, what, *numbers in rows:
            file.write("\t".join([name, what, *(f"{x:.12g}" for x in numbers)]) + "\n")


if __name__ == "__main__":
    main()
