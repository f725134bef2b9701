"""The rival of bench/deeplab.ts and bench/segmenter.ts: their networks, loss and optimisers in PyTorch, without torchvision.

    python3 bench/deeplabTorch.py '{"side": 128, "batch": 4, "classes": 21, "steps": 5, "threads": 2, "seed": 0}'

`backbone` ("resnet50") may be "resnet18", with `outputStride` 8 or 16; "network": "unet" has `channels` instead. "optimizer": "adamw"
takes `weightDecay` and keeps averages by `averageDecay`; the default is gradient descent with momentum. With `use` the network
without training is timed too.

Prints one line of JSON: milliseconds of the clock and of the processors for every step but the first, and the peak memory.
"""

import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

recipe = json.loads(sys.argv[1])
torch.set_num_threads(recipe["threads"])
torch.set_flush_denormal(True)
torch.manual_seed(recipe["seed"])


def conv_norm(inputs, outputs, kernel, stride=1, dilation=1):
    padding = dilation * (kernel - 1) // 2
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, bias=False), nn.BatchNorm2d(outputs)
    )


class Basic(nn.Module):
    def __init__(self, inputs, inner, stride, dilation, projected):
        super().__init__()
        self.a = conv_norm(inputs, inner, 3, stride, dilation)
        self.b = conv_norm(inner, inner, 3, 1, dilation)
        self.shortcut = conv_norm(inputs, inner, 1, stride) if projected else nn.Identity()

    def forward(self, x):
        y = self.b(F.relu(self.a(x), inplace=True))
        y += self.shortcut(x)
        return F.relu(y, inplace=True)


class Bottleneck(nn.Module):
    def __init__(self, inputs, inner, stride, dilation, projected):
        super().__init__()
        self.a = conv_norm(inputs, inner, 1)
        self.b = conv_norm(inner, inner, 3, stride, dilation)
        self.c = conv_norm(inner, 4 * inner, 1)
        self.shortcut = conv_norm(inputs, 4 * inner, 1, stride) if projected else nn.Identity()

    def forward(self, x):
        y = F.relu(self.a(x), inplace=True)
        y = F.relu(self.b(y), inplace=True)
        y = self.c(y)
        y += self.shortcut(x)
        return F.relu(y, inplace=True)


def backbone(block, blocks, expansion, output_stride):
    layers = [conv_norm(3, 64, 7, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    inputs, reached, dilation = 64, 4, 1
    for stage, count in enumerate(blocks):
        inner, before, stride = 64 * 2**stage, dilation, 1 if stage == 0 else 2
        if reached * stride > output_stride:
            dilation, stride = dilation * stride, 1
        reached *= stride
        for i in range(count):
            first = i == 0
            projected = first and (stride > 1 or inputs != expansion * inner)
            layers.append(block(inputs, inner, stride if first else 1, before if first else dilation, projected))
            inputs = expansion * inner
    return nn.Sequential(*layers)


class Pyramid(nn.Module):
    def __init__(self, inputs, channels, rates):
        super().__init__()
        self.near = conv_norm(inputs, channels, 1)
        self.around = nn.ModuleList([conv_norm(inputs, channels, 3, 1, rate) for rate in rates])
        self.whole = conv_norm(inputs, channels, 1)
        self.project = conv_norm(channels * (len(rates) + 2), channels, 1)

    def forward(self, x):
        branches = [self.near(x)] + [branch(x) for branch in self.around]
        branches = [F.relu(y, inplace=True) for y in branches]
        mean = F.relu(self.whole(F.adaptive_avg_pool2d(x, 1)), inplace=True)
        branches.append(F.interpolate(mean, size=x.shape[2:], mode="bilinear", align_corners=False))
        return F.relu(self.project(torch.cat(branches, 1)), inplace=True)


class Unet(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        pair = lambda inputs, outputs: nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, 1, 1), nn.LeakyReLU(0.1), nn.Conv2d(outputs, outputs, 3, 1, 1), nn.LeakyReLU(0.1)
        )
        self.down = nn.ModuleList([pair(3 if i == 0 else channels[i - 1], c) for i, c in enumerate(channels)])
        self.up = nn.ModuleList([pair(channels[i + 1] + c, c) for i, c in enumerate(channels[:-1])])
        self.classes = nn.Conv2d(channels[0], classes, 1)

    def forward(self, x):
        skips = []
        for i, block in enumerate(self.down):
            x = block(x if i == 0 else F.avg_pool2d(x, 2))
            skips.append(x)
        for i in reversed(range(len(self.up))):
            x = F.interpolate(x, size=skips[i].shape[2:], mode="bilinear", align_corners=False)
            x = self.up[i](torch.cat([x, skips[i]], 1))
        return self.classes(x)


def deeplab(name, output_stride, classes):
    block, blocks, expansion, channels = {
        "resnet18": (Basic, (2, 2, 2, 2), 1, 128),
        "resnet50": (Bottleneck, (3, 4, 6, 3), 4, 256),
    }[name]
    rates = [rate * 16 // output_stride for rate in (6, 12, 18)]
    return nn.Sequential(
        backbone(block, blocks, expansion, output_stride),
        Pyramid(512 * expansion, channels, rates),
        conv_norm(channels, channels, 3),
        nn.ReLU(inplace=True),
        nn.Conv2d(channels, classes, 1),
    )


if recipe.get("network") == "unet":
    net = Unet(recipe["channels"], recipe["classes"]).train()
else:
    net = deeplab(recipe.get("backbone", "resnet50"), recipe.get("outputStride", 8), recipe["classes"]).train()
if recipe.get("optimizer") == "adamw":
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=recipe["weightDecay"])
else:
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
if "averageDecay" in recipe:
    averages = [value.detach().clone() for value in net.state_dict().values() if value.is_floating_point()]
shape = (recipe["batch"], recipe["side"], recipe["side"])
pictures = torch.randn(shape[0], 3, *shape[1:])
labels = torch.randint(0, recipe["classes"], shape)
labels[torch.rand(shape) < 0.1] = 255

wall, cpu = [], []
for step in range(recipe["steps"]):
    start, before = time.perf_counter(), time.process_time()
    optimizer.zero_grad(set_to_none=True)
    logits = F.interpolate(net(pictures), size=shape[1:], mode="bilinear", align_corners=False)
    loss = F.cross_entropy(logits, labels, ignore_index=255)
    loss.backward()
    optimizer.step()
    if "averageDecay" in recipe:
        with torch.no_grad():
            values = [value for value in net.state_dict().values() if value.is_floating_point()]
            torch._foreach_mul_(averages, recipe["averageDecay"])
            torch._foreach_add_(averages, values, alpha=1 - recipe["averageDecay"])
    if step > 0:
        wall.append((time.perf_counter() - start) * 1e3)
        cpu.append((time.process_time() - before) * 1e3)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
result = {"wall": wall, "cpu": cpu, "megabytes": peak, "loss": loss.item(), "version": torch.__version__}
if recipe.get("use"):
    net.eval()
    result["use"] = []
    for step in range(recipe["steps"]):
        start = time.perf_counter()
        with torch.no_grad():
            F.interpolate(net(pictures), size=shape[1:], mode="bilinear", align_corners=False)
        if step > 0:
            result["use"].append((time.perf_counter() - start) * 1e3)
print(json.dumps(result))
