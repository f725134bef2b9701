"""The rival of bench/deeplab.ts: DeepLabV3 on ResNet-50, its loss and its optimiser in PyTorch, without torchvision.

    python3 bench/deeplabTorch.py '{"side": 128, "batch": 4, "classes": 21, "steps": 5, "threads": 2, "seed": 0}'

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


def backbone(blocks=(3, 4, 6, 3)):
    layers = [conv_norm(3, 64, 7, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    inputs = 64
    # Stride, dilation of the first block, of the others.
    for stage, (stride, first, others) in enumerate([(1, 1, 1), (2, 1, 1), (1, 1, 2), (1, 2, 4)]):
        inner = 64 * 2**stage
        for i in range(blocks[stage]):
            layers.append(
                Bottleneck(inputs, inner, stride if i == 0 else 1, first if i == 0 else others, projected=i == 0)
            )
            inputs = 4 * inner
    return nn.Sequential(*layers)


class Pyramid(nn.Module):
    def __init__(self, inputs=2048, channels=256, rates=(12, 24, 36)):
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


net = nn.Sequential(
    backbone(), Pyramid(), conv_norm(256, 256, 3), nn.ReLU(inplace=True), nn.Conv2d(256, recipe["classes"], 1)
).train()
optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
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
    if step > 0:
        wall.append((time.perf_counter() - start) * 1e3)
        cpu.append((time.process_time() - before) * 1e3)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"wall": wall, "cpu": cpu, "megabytes": peak, "loss": loss.item(), "version": torch.__version__}))
