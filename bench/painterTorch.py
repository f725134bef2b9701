"""The rival of bench/painter.ts: both presets of `klish train painter` in PyTorch, networks, losses, optimisers and averages.

    python3 bench/painterTorch.py '{"plan": {...}, "adversary": {...}, "classes": 12, "resolution": 64, "batch": 8, ...}'

Takes a PainterRecipe with `steps` and `threads`. Both sides learn from the same paintings, each from the other's weights before the step, as ours
do. Prints one line of JSON: milliseconds of the clock and of the processors for every step but the first, and the peak memory.
"""

import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

recipe = json.loads(sys.argv[1])
torch.set_num_threads(recipe["threads"])
torch.set_flush_denormal(True)
torch.manual_seed(recipe["seed"])
plan, adversary = recipe["plan"], recipe["adversary"]
N, K, S = recipe["batch"], recipe["classes"], recipe["resolution"]
CLADE = plan["modulation"] == "clade"
D = plan["styleSize"]
PLACES = K if CLADE else 1


def conv(inputs, outputs, kernel=3, bias=True, stride=1, spectral=True, padding=None):
    layer = nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2 if padding is None else padding, bias=bias)
    return spectral_norm(layer) if spectral else layer


class Clade(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.scale = nn.Parameter(0.2 * torch.randn(channels, K))
        self.shift = nn.Parameter(0.2 * torch.randn(channels, K))
        self.style_scale = nn.Parameter(0.1 * torch.randn(channels, D))
        self.style_shift = nn.Parameter(0.1 * torch.randn(channels, D))

    def forward(self, x, mask, styles):
        x = x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-8)
        codes = styles.transpose(1, 2)
        flat = mask.flatten(2)
        scale = ((self.scale + self.style_scale @ codes) @ flat).view_as(x)
        shift = ((self.shift + self.style_shift @ codes) @ flat).view_as(x)
        return x * (scale + 1) + shift


class Spade(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.hidden = conv(K, plan["hidden"], spectral=False)
        self.affine = conv(plan["hidden"], 2 * channels, spectral=False)

    def forward(self, x, mask, styles):
        scale, shift = self.affine(F.relu(self.hidden(mask))).chunk(2, 1)
        return self.norm(x) * (scale + 1) + shift


Norm = Clade if CLADE else Spade


class Block(nn.Module):
    def __init__(self, inputs, outputs, enlarge):
        super().__init__()
        inner, self.enlarge = min(inputs, outputs), enlarge
        self.norms = nn.ModuleList([Norm(inputs), Norm(inner)])
        self.convs = nn.ModuleList(
            [conv(inputs, inner, spectral=plan["spectral"]), conv(inner, outputs, spectral=plan["spectral"])]
        )
        self.shortcut = None
        if inputs != outputs:
            self.norms.append(Norm(inputs))
            self.shortcut = conv(inputs, outputs, 1, bias=False, spectral=plan["spectral"])

    def forward(self, x, mask, styles):
        if self.enlarge:
            x = F.interpolate(x, scale_factor=2, mode="nearest")
        there = F.adaptive_avg_pool2d(mask, x.shape[2:])
        near = x if self.shortcut is None else self.shortcut(self.norms[2](x, there, styles))
        y = self.convs[0](F.leaky_relu(self.norms[0](x, there, styles), 0.2))
        return near + self.convs[1](F.leaky_relu(self.norms[1](y, there, styles), 0.2))


class Painter(nn.Module):
    def __init__(self):
        super().__init__()
        blocks, channels = [], plan["start"]
        for block in plan["blocks"]:
            blocks.append(Block(channels, block["channels"], block["enlarge"]))
            channels = block["channels"]
        self.blocks = nn.ModuleList(blocks)
        self.first = S // 2 ** sum(block["enlarge"] for block in plan["blocks"])
        if CLADE:
            self.start = conv(K, plan["start"], spectral=False)
        else:
            self.start = nn.Linear(D, plan["start"] * self.first**2)
        self.colours = conv(channels, 3, spectral=plan["spectral"])
        layers, inputs = [], 3
        for layer in plan["encoder"]:
            layers.append(conv(inputs, layer["channels"], stride=layer["stride"], spectral=plan["spectral"]))
            inputs = layer["channels"]
        self.encoder = nn.ModuleList(layers)
        self.code = nn.Linear(inputs, D)
        if not CLADE:
            self.spread = nn.Linear(inputs, D)

    def encode(self, x, mask):
        for layer in self.encoder:
            x = F.leaky_relu(layer(x), 0.2)
        if not CLADE:
            mean = x.mean((2, 3))[:, None]
            return self.code(mean), self.spread(mean)
        there = F.adaptive_avg_pool2d(mask, x.shape[2:]).flatten(2)
        means = there @ x.flatten(2).transpose(1, 2) / (there.sum(2, keepdim=True) + 1e-6)
        return self.code(means), None

    def paint(self, mask, styles):
        if CLADE:
            x = self.start(F.adaptive_avg_pool2d(mask, self.first))
        else:
            x = self.start(styles[:, 0]).view(N, -1, self.first, self.first)
        for block in self.blocks:
            x = block(x, mask, styles)
        return torch.tanh(self.colours(F.leaky_relu(x, 0.2)))


class Residual(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv0, self.conv1 = conv(inputs, outputs), conv(outputs, outputs)
        self.shortcut = conv(inputs, outputs, 1, bias=False)

    def inner(self, x):
        return self.conv1(F.leaky_relu(self.conv0(x), 0.2))


class Oasis(nn.Module):
    def __init__(self):
        super().__init__()
        C = adversary["channels"]
        self.down = nn.ModuleList([Residual(3 if i == 0 else C[i - 1], c) for i, c in enumerate(C)])
        self.up = nn.ModuleList(
            [Residual(c if i == len(C) - 1 else 2 * c, C[0] if i == 0 else C[i - 1]) for i, c in enumerate(C)]
        )
        self.classes = conv(C[0], K + 1, 1, spectral=False)

    def forward(self, x):
        skips = []
        for i, block in enumerate(self.down):
            inner = block.inner(x if i == 0 else F.leaky_relu(x, 0.2))
            x = F.avg_pool2d(inner, 2) + block.shortcut(F.avg_pool2d(x, 2))
            skips.append(x)
        for i in reversed(range(len(self.up))):
            both = x if i == len(self.up) - 1 else torch.cat([x, skips[i]], 1)
            enlarged = F.interpolate(F.leaky_relu(both, 0.2), scale_factor=2, mode="nearest")
            near = F.interpolate(self.up[i].shortcut(both), scale_factor=2, mode="nearest")
            x = self.up[i].inner(enlarged) + near
        return self.classes(F.leaky_relu(x, 0.2))


class Patches(nn.Module):
    def __init__(self):
        super().__init__()
        width, layers = adversary["width"], adversary["layers"]
        at = lambda layer: width * min(8, 2**layer)
        self.scales = nn.ModuleList()
        for _ in range(adversary["scales"]):
            convs = nn.ModuleList()
            for i in range(layers):
                stride = 1 if i == layers - 1 else 2
                inputs = K + 3 if i == 0 else at(i - 1)
                convs.append(conv(inputs, at(i), 4, bias=i == 0, stride=stride, spectral=i > 0, padding=2))
            convs.append(conv(at(layers - 1), 1, 4, spectral=False, padding=2))
            self.scales.append(convs)

    def forward(self, pictures, mask):
        x, judged = torch.cat([mask, pictures], 1), []
        for i, convs in enumerate(self.scales):
            if i > 0:
                x = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
            y, features = x, []
            for j, layer in enumerate(convs[:-1]):
                y = layer(y)
                y = F.leaky_relu(y if j == 0 else F.instance_norm(y), 0.2)
                features.append(y)
            judged.append((features, convs[-1](y)))
        return judged


painter = Painter().train()
judge = (Oasis() if adversary["kind"] == "oasis" else Patches()).train()
betas, rates = tuple(recipe["betas"]), recipe["learningRate"]
optimizers = [
    torch.optim.Adam(painter.parameters(), lr=rates["painter"], betas=betas),
    torch.optim.Adam(judge.parameters(), lr=rates["adversary"], betas=betas),
]
averages = [value.detach().clone() for value in painter.state_dict().values() if value.is_floating_point()]

labels = torch.arange(S).view(1, S, 1).add(torch.arange(N).view(N, 1, 1)).expand(N, S, S) * K // (S + N)
mask = F.one_hot(labels, K).permute(0, 3, 1, 2).float()
real = torch.rand(N, 3, S, S) * 2 - 1
own = torch.zeros(N, 1, 1, 1)
own_count = N - round(N * recipe["otherStyles"])
own[:own_count] = N / own_count
sources = torch.eye(N).repeat(PLACES, 1, 1)
class_weights = torch.ones(1, K, 1, 1)
mixed_count = max(1, N // 4) if adversary["kind"] == "oasis" and adversary["labelMix"] > 0 else 0
cut = (torch.rand(mixed_count, 1, S, S) < 0.5).float()


def oasis_losses(painted):
    logits_real, logits_painted = judge(real), judge(painted)
    logs_real, logs_painted = logits_real.log_softmax(1), logits_painted.log_softmax(1)
    told = -(mask * class_weights * logs_real[:, :K]).sum() / (N * S * S) - logs_painted[:, K].mean()
    if mixed_count > 0:
        n = mixed_count
        mixed = judge(torch.where(cut > 0, real[:n], painted[:n]))
        told = told + adversary["labelMix"] * (
            (mixed - torch.where(cut > 0, logits_real[:n], logits_painted[:n])).square().mean()
        )
    return -(mask * class_weights * logs_painted[:, :K]).sum() / (N * S * S), told


def patch_losses(painted):
    of_real, of_painted = judge(real, mask), judge(painted, mask)
    scales = len(of_real)
    loss, told = 0, 0
    for (features_real, logits_real), (features_painted, logits_painted) in zip(of_real, of_painted):
        loss = loss - logits_painted.mean() / scales
        for a, b in zip(features_real, features_painted):
            loss = loss + recipe["featureMatching"] / scales * ((b - a.detach()).abs() * own).mean()
        told = told + (F.relu(1 - logits_real).mean() + F.relu(1 + logits_painted).mean()) / scales
    return loss, told


losses = oasis_losses if adversary["kind"] == "oasis" else patch_losses
wall, cpu = [], []
for step in range(recipe["steps"]):
    start, before = time.perf_counter(), time.process_time()
    means, spread = painter.encode(real, mask)
    codes = means if spread is None else means + torch.exp(0.5 * spread) * torch.randn_like(means)
    styles = (sources @ codes.transpose(0, 1)).transpose(0, 1)
    painted = painter.paint(mask, styles)
    loss, told = losses(painted)
    if recipe["colours"] > 0:
        loss = loss + recipe["colours"] * ((painted - real).abs() * own).mean()
    if spread is not None:
        loss = loss - recipe["divergence"] * 0.5 / N * (1 + spread - means.square() - spread.exp()).sum()
    # One graph, as ours: both gradients from the same passes.
    of_painter = torch.autograd.grad(loss, list(painter.parameters()), retain_graph=True)
    of_judge = torch.autograd.grad(told, list(judge.parameters()))
    for network, gradients in ((painter, of_painter), (judge, of_judge)):
        for parameter, gradient in zip(network.parameters(), gradients):
            parameter.grad = gradient
    for optimizer in optimizers:
        optimizer.step()
    if recipe["averageDecay"] > 0:
        with torch.no_grad():
            values = [value for value in painter.state_dict().values() if value.is_floating_point()]
            torch._foreach_mul_(averages, 0.999)
            torch._foreach_add_(averages, values, alpha=0.001)
    if step > 0:
        wall.append((time.perf_counter() - start) * 1e3)
        cpu.append((time.process_time() - before) * 1e3)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"wall": wall, "cpu": cpu, "megabytes": peak, "loss": loss.item(), "version": torch.__version__}))
