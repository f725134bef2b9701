"""A tiny DeepLabV3 in float64 PyTorch, with torchvision's names of weights: losses, gradients, running averages, logits.

    /usr/bin/python3 tests/models/deeplabv3.py

writes tests/models/deeplabv3.safetensors, on a ResNet of bottleneck blocks, and deeplabv3Basic.safetensors, of basic blocks: `loss`, `gradient/<name>`, the running averages after the step as `next/<name>`, and
with the averages as they were before, `logits` and `auxiliary`. What goes in is drawn by numpy's RandomState(0).random_sample, one
after another: the weights, float32, in the order and between the bounds of the file's metadata, the pictures between -2
and 2, the labels of 0 to 3, where 3 is ignored.
"""

import json
import os
import struct

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
WIDTH, BLOCKS, CLASSES, CHANNELS, RATES = 2, (1, 1, 2, 2), 3, 4, (3, 5, 9)


def write(file_name, basic):
    random = np.random.RandomState(0)
    weights, bounds, running = {}, {}, {}


    def draw(name, shape, low, high):
        values = (low + (high - low) * random.random_sample(shape)).astype(np.float32)
        weights[name] = torch.tensor(values.astype(np.float64))
        bounds[name] = [low, high]


    def make_conv(name, outputs, inputs, kernel):
        bound = (6 / (outputs * kernel * kernel)) ** 0.5
        draw(f"{name}.weight", (outputs, inputs, kernel, kernel), -bound, bound)


    def make_norm(name, channels):
        for part, low, high in [("weight", 0.5, 1.5), ("bias", -0.5, 0.5), ("running_mean", -0.5, 0.5), ("running_var", 0.5, 2)]:
            draw(f"{name}.{part}", (channels,), low, high)


    def pair(conv, norm, outputs, inputs, kernel):
        make_conv(conv, outputs, inputs, kernel)
        make_norm(norm, outputs)


    pair("backbone.conv1", "backbone.bn1", WIDTH, 3, 7)
    channels = WIDTH


    def projected(stage, i):
        # A basic block of the first stage keeps size and channels.
        return i == 0 and not (basic and stage == 0)


    for stage, count in enumerate(BLOCKS):
        inner = WIDTH * 2**stage
        for i in range(count):
            at = f"backbone.layer{stage + 1}.{i}"
            if basic:
                outputs = inner
                pair(f"{at}.conv1", f"{at}.bn1", inner, channels, 3)
                pair(f"{at}.conv2", f"{at}.bn2", inner, inner, 3)
            else:
                outputs = 4 * inner
                pair(f"{at}.conv1", f"{at}.bn1", inner, channels, 1)
                pair(f"{at}.conv2", f"{at}.bn2", inner, inner, 3)
                pair(f"{at}.conv3", f"{at}.bn3", outputs, inner, 1)
            if projected(stage, i):
                pair(f"{at}.downsample.0", f"{at}.downsample.1", outputs, channels, 1)
            channels = outputs
    pair("classifier.0.convs.0.0", "classifier.0.convs.0.1", CHANNELS, channels, 1)
    for i in range(3):
        pair(f"classifier.0.convs.{i + 1}.0", f"classifier.0.convs.{i + 1}.1", CHANNELS, channels, 3)
    pair("classifier.0.convs.4.1", "classifier.0.convs.4.2", CHANNELS, channels, 1)
    pair("classifier.0.project.0", "classifier.0.project.1", CHANNELS, 5 * CHANNELS, 1)
    pair("classifier.1", "classifier.2", CHANNELS, CHANNELS, 3)
    make_conv("classifier.4", CLASSES, CHANNELS, 1)
    draw("classifier.4.bias", (CLASSES,), -0.5, 0.5)
    pair("aux_classifier.0", "aux_classifier.1", channels // 8, channels // 2, 3)
    make_conv("aux_classifier.4", CLASSES, channels // 8, 1)
    draw("aux_classifier.4.bias", (CLASSES,), -0.5, 0.5)
    pictures = torch.tensor((4 * random.random_sample((3, 3, 40, 32)) - 2).astype(np.float32).astype(np.float64))
    labels = torch.tensor((random.random_sample((3, 40, 32)) * (CLASSES + 1)).astype(np.int64))


    def network(training):
        def norm(x, name):
            mean, var = weights[f"{name}.running_mean"], weights[f"{name}.running_var"]
            if training:
                mean, var = mean.clone(), var.clone()
                running[f"{name}.running_mean"], running[f"{name}.running_var"] = mean, var
            return F.batch_norm(x, mean, var, weights[f"{name}.weight"], weights[f"{name}.bias"], training)

        def block(x, conv, bn, stride=1, dilation=1):
            weight = weights[f"{conv}.weight"]
            return norm(F.conv2d(x, weight, None, stride, dilation * (weight.shape[2] // 2), dilation), bn)

        x = F.max_pool2d(block(pictures, "backbone.conv1", "backbone.bn1", 2).relu(), 3, 2, 1)
        for stage, (stride, first, others) in enumerate([(1, 1, 1), (2, 1, 1), (1, 1, 2), (1, 2, 4)]):
            for i in range(BLOCKS[stage]):
                at = f"backbone.layer{stage + 1}.{i}"
                s, d = (stride, first) if i == 0 else (1, others)
                if basic:
                    y = block(x, f"{at}.conv1", f"{at}.bn1", s, d).relu()
                    y = block(y, f"{at}.conv2", f"{at}.bn2", 1, d)
                else:
                    y = block(x, f"{at}.conv1", f"{at}.bn1").relu()
                    y = block(y, f"{at}.conv2", f"{at}.bn2", s, d).relu()
                    y = block(y, f"{at}.conv3", f"{at}.bn3")
                x = (y + (block(x, f"{at}.downsample.0", f"{at}.downsample.1", s) if projected(stage, i) else x)).relu()
            if stage == 2:
                middle = x
        at = "classifier.0.convs"
        branches = [block(x, f"{at}.0.0", f"{at}.0.1").relu()]
        branches += [block(x, f"{at}.{i + 1}.0", f"{at}.{i + 1}.1", 1, rate).relu() for i, rate in enumerate(RATES)]
        mean = block(F.adaptive_avg_pool2d(x, 1), f"{at}.4.1", f"{at}.4.2").relu()
        branches.append(F.interpolate(mean, size=x.shape[2:], mode="bilinear", align_corners=False))
        y = block(torch.cat(branches, 1), "classifier.0.project.0", "classifier.0.project.1").relu()
        y = block(y, "classifier.1", "classifier.2").relu()
        z = block(middle, "aux_classifier.0", "aux_classifier.1").relu()
        heads = [(y, "classifier.4"), (z, "aux_classifier.4")]
        return [
            F.interpolate(F.conv2d(v, weights[f"{n}.weight"], weights[f"{n}.bias"]), size=(40, 32), mode="bilinear")
            for v, n in heads
        ]


    arrays = {}
    trained = [name for name in weights if "running" not in name]
    for name in trained:
        weights[name].requires_grad_()
    logits, auxiliary = network(True)
    loss = F.cross_entropy(logits, labels, ignore_index=CLASSES) + 0.5 * F.cross_entropy(auxiliary, labels, ignore_index=CLASSES)
    arrays["loss"] = loss.reshape(1)
    for name, gradient in zip(trained, torch.autograd.grad(loss, [weights[name] for name in trained])):
        arrays[f"gradient/{name}"] = gradient
    arrays.update({f"next/{name}": value for name, value in running.items()})
    with torch.no_grad():
        arrays["logits"], arrays["auxiliary"] = network(False)

    header, blobs, at = {"__metadata__": {"bounds": json.dumps(bounds)}}, [], 0
    for name, array in arrays.items():
        blob = np.ascontiguousarray(array.detach().numpy(), "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), file_name), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


write("deeplabv3.safetensors", False)
write("deeplabv3Basic.safetensors", True)
