"""The rival of bench/train.ts: the same networks, losses and optimiser in PyTorch, timed phase by phase.

    python3 bench/trainTorch.py '{"resolution": 64, ...}' steps threads

Prints one line of JSON: milliseconds of the clock and of the processors for each phase, the least of all steps, and the peak
memory. Convolutions are modulated by scaling activations, which is the faster form on a CPU.
"""

import json
import math
import resource
import sys
import time

import torch
import torch.nn.functional as F

recipe, steps = json.loads(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(int(sys.argv[3]))
torch.set_flush_denormal(True)
torch.manual_seed(0)
R, N, Z, W = recipe["resolution"], recipe["batch"], recipe["zDim"], recipe["wDim"]
TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
FIR = torch.outer(TAPS, TAPS)[None, None]
LR_MULTIPLIER = 0.01


def channels(r):
    return min(recipe["channelMax"], recipe["channelBase"] // r)


def fir(x, pad, gain=1.0, stride=1):
    c = x.shape[1]
    return F.conv2d(F.pad(x, (pad, pad, pad, pad)), (FIR * gain).expand(c, 1, 4, 4), groups=c, stride=stride)


def up_image(x):
    c = x.shape[1]
    return F.conv_transpose2d(x, (FIR * 4).expand(c, 1, 4, 4), groups=c, stride=2, padding=1)


class Store(torch.nn.ParameterDict):
    def make(self, name, shape, deviation=1.0, fill=None):
        key = name.replace(".", "/")
        self[key] = torch.nn.Parameter(torch.full(shape, fill) if fill is not None else torch.randn(shape) * deviation)

    def of(self, name):
        return self[name.replace(".", "/")]


G, D = Store(), Store()
for i in range(recipe["mappingLayers"]):
    G.make(f"fc{i}.w", (W, Z if i == 0 else W), 1 / LR_MULTIPLIER)
    G.make(f"fc{i}.b", (W,), fill=0.0)
G.make("const", (1, channels(4), 4, 4))
resolutions = [4 * 2**i for i in range(int(math.log2(R)) - 1)]


def make_layer(name, o, i, k):
    G.make(f"{name}.w", (o, i, k, k))
    G.make(f"{name}.b", (o,), fill=0.0)
    G.make(f"{name}.aw", (i, W))
    G.make(f"{name}.ab", (i,), fill=1.0)
    if k == 3:
        G.make(f"{name}.s", (1,), fill=0.0)


for r in resolutions:
    if r > 4:
        make_layer(f"{r}.conv0", channels(r), channels(r // 2), 3)
    make_layer(f"{r}.conv1", channels(r), channels(r), 3)
    make_layer(f"{r}.rgb", 3, channels(r), 1)


def mapping(z):
    x = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
    for i in range(recipe["mappingLayers"]):
        w = G.of(f"fc{i}.w")
        x = F.linear(x, w * (LR_MULTIPLIER / math.sqrt(w.shape[1])), G.of(f"fc{i}.b") * LR_MULTIPLIER)
        x = F.leaky_relu(x, 0.2) * math.sqrt(2)
    return x


def layer(name, x, w, up=False):
    kernel = G.of(f"{name}.w")
    o, i, k, _ = kernel.shape
    style = F.linear(w, G.of(f"{name}.aw") / math.sqrt(W), G.of(f"{name}.ab"))
    if k == 1:
        return F.conv2d(x * (style / math.sqrt(i))[:, :, None, None], kernel) + G.of(f"{name}.b")[:, None, None]
    x = x * style[:, :, None, None]
    if up:
        x = fir(F.conv_transpose2d(x, kernel.transpose(0, 1), stride=2), 1, 4.0)
    else:
        x = F.conv2d(x, kernel, padding=1)
    demodulation = (style.square() @ kernel.square().sum((2, 3)).t() + 1e-8).rsqrt()
    x = x * demodulation[:, :, None, None]
    x = x + torch.randn(x.shape[0], 1, x.shape[2], x.shape[3]) * G.of(f"{name}.s")
    return F.leaky_relu(x + G.of(f"{name}.b")[:, None, None], 0.2) * math.sqrt(2)


def styles(n):
    layers = 2 * len(resolutions)
    w1, w2 = mapping(torch.randn(2 * n, Z)).chunk(2)
    cut = torch.randint(1, layers, (n, 1, 1))
    return torch.where(torch.arange(layers)[None, :, None] < cut, w1[:, None], w2[:, None])


def synthesis(ws):
    x, image, at = G.of("const").expand(ws.shape[0], -1, -1, -1), None, 0
    for r in resolutions:
        if r > 4:
            x = layer(f"{r}.conv0", x, ws[:, at], up=True)
            at += 1
        x = layer(f"{r}.conv1", x, ws[:, at])
        at += 1
        rgb = layer(f"{r}.rgb", x, ws[:, at])
        image = rgb if image is None else up_image(image) + rgb
    return image


D.make("rgb.w", (channels(R), 3, 1, 1))
D.make("rgb.b", (channels(R),), fill=0.0)
for r in resolutions[:0:-1]:
    i, o = channels(r), channels(r // 2)
    D.make(f"{r}.conv0.w", (i, i, 3, 3))
    D.make(f"{r}.conv0.b", (i,), fill=0.0)
    D.make(f"{r}.conv1.w", (o, i, 3, 3))
    D.make(f"{r}.conv1.b", (o,), fill=0.0)
    D.make(f"{r}.skip.w", (o, i, 1, 1))
C = channels(4)
D.make("conv.w", (C, C + 1, 3, 3))
D.make("conv.b", (C,), fill=0.0)
D.make("fc.w", (C, C * 16))
D.make("fc.b", (C,), fill=0.0)
D.make("out.w", (1, C))
D.make("out.b", (1,), fill=0.0)


def scaled(name):
    w = D.of(name)
    return w / math.sqrt(w[0].numel())


def discriminator(x):
    def act(y, gain=1.0):
        return F.leaky_relu(y, 0.2) * (math.sqrt(2) * gain)

    x = act(F.conv2d(x, scaled("rgb.w"), D.of("rgb.b")))
    for r in resolutions[:0:-1]:
        skip = F.conv2d(fir(x, 1, stride=2), scaled(f"{r}.skip.w")) * math.sqrt(0.5)
        x = act(F.conv2d(x, scaled(f"{r}.conv0.w"), D.of(f"{r}.conv0.b"), padding=1))
        y = F.conv2d(fir(x, 2), scaled(f"{r}.conv1.w"), D.of(f"{r}.conv1.b"), stride=2)
        x = act(y, math.sqrt(0.5)) + skip
    n, g = x.shape[0], recipe["groupSize"]
    y = x.reshape(g, n // g, C, 4, 4)
    y = ((y - y.mean(0)).square().mean(0) + 1e-8).sqrt().mean((1, 2, 3)).reshape(-1, 1, 1, 1).repeat(g, 1, 4, 4)
    x = act(F.conv2d(torch.cat([x, y], 1), scaled("conv.w"), D.of("conv.b"), padding=1))
    x = act(F.linear(x.flatten(1), scaled("fc.w"), D.of("fc.b")))
    return F.linear(x, scaled("out.w"), D.of("out.b"))


optimizers = {
    "D": torch.optim.Adam(D.parameters(), lr=recipe["learningRate"], betas=(0, 0.99)),
    "G": torch.optim.Adam(G.parameters(), lr=recipe["learningRate"], betas=(0, 0.99)),
}
average = [p.detach().clone() for p in G.parameters()]


def update(network, loss):
    optimizers[network].zero_grad(set_to_none=True)
    loss.backward()
    optimizers[network].step()


def phase_g():
    D.requires_grad_(False)
    update("G", F.softplus(-discriminator(synthesis(styles(N)))).mean())
    D.requires_grad_(True)
    with torch.no_grad():
        for a, p in zip(average, G.parameters()):
            a.lerp_(p, 0.01)


def phase_d():
    with torch.no_grad():
        fake = synthesis(styles(N))
    real = torch.randn(N, 3, R, R)
    update("D", F.softplus(discriminator(fake)).mean() + F.softplus(-discriminator(real)).mean())


def phase_r1():
    real = torch.randn(N, 3, R, R, requires_grad=True)
    (gradient,) = torch.autograd.grad(discriminator(real).sum(), [real], create_graph=True)
    update("D", gradient.square().sum((1, 2, 3)).mean() * 0.5)


def phase_path():
    n = N // 2
    ws = styles(n)
    image = synthesis(ws)
    (gradient,) = torch.autograd.grad((image * torch.randn_like(image) / R).sum(), [ws], create_graph=True)
    lengths = gradient.square().sum(2).mean(1).sqrt()
    update("G", (lengths - lengths.mean().detach()).square().mean())


best = {}
for step in range(steps):
    for name, phase in [("r1", phase_r1), ("path", phase_path), ("G", phase_g), ("D", phase_d)]:
        wall, cpu = time.perf_counter(), time.process_time()
        phase()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if step > 0:
            known = best.setdefault(name, {"wall": math.inf, "cpu": math.inf})
            known["wall"] = min(known["wall"], wall * 1e3)
            known["cpu"] = min(known["cpu"], cpu * 1e3)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"phases": best, "megabytes": peak, "version": torch.__version__}))
