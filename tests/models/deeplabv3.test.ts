/** DeepLabV3 against PyTorch in float64 (deeplabv3.py, PyTorch 1.13, weights by torchvision's names). */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { readSafetensors } from "../../src/checkpoint/safetensors.ts";
import { toOnnx } from "../../src/graph/emit.ts";
import { grad } from "../../src/graph/grad.ts";
import { graph } from "../../src/graph/graph.ts";
import { add, constant, input, mul } from "../../src/graph/ops/index.ts";
import {
  type Deeplabv3Plan,
  deeplabv3Logits,
  deeplabv3On,
  deeplabv3Parameters,
  deeplabv3Resnet50,
  deeplabv3Training,
} from "../../src/models/deeplabv3.ts";
import { stageChannels } from "../../src/models/resnet.ts";
import { crossEntropy } from "../../src/nn/crossEntropy.ts";
import { parameterInputs, trainedNames } from "../../src/nn/parameters.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { compile } from "../../src/runtime/session.ts";
import { RandomState } from "../../src/tensor/random.ts";
import { sizeOf, type Tensor, tensor } from "../../src/tensor/tensor.ts";

/** max |got - expected| / max |expected| */
function error(got: Tensor, expected: Tensor): number {
  expect(got.shape).toEqual(expected.shape);
  const scale = expected.data.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  return got.data.reduce((worst, v, i) => Math.max(worst, Math.abs(v - expected.data[i])), 0) / scale;
}

describe.each([
  ["bottleneck", "deeplabv3.safetensors"],
  ["basic", "deeplabv3Basic.safetensors"],
] as const)("deeplabv3 on %s blocks", (block, file) => {
  const plan: Deeplabv3Plan = {
    backbone: { imageChannels: 3, width: 2, blocks: [1, 1, 2, 2], block, outputStride: 8 },
    classes: 3,
    channels: 4,
    rates: [3, 5, 9],
    auxiliary: true,
  };

  const { tensors, metadata } = readSafetensors(readFileSync(resolve(import.meta.dirname, file)));
  const golden = (name: string): Tensor => tensors.get(name)!.read() as Tensor;
  const bounds = new Map(Object.entries(JSON.parse(metadata["bounds"]) as Record<string, [number, number]>));
  const table = deeplabv3Parameters(plan);

  const random = new RandomState(0);
  const draw = (shape: readonly number[], low: number, high: number): Tensor =>
    tensor(
      shape,
      Float32Array.from({ length: sizeOf(shape) }, () => low + (high - low) * random.randomSample()),
    );
  const weightFeeds = Object.fromEntries(
    [...bounds].map(([name, range]) => [name, draw(table.get(name)!.shape, ...range)]),
  );
  const pictures = draw([3, 3, 40, 32], -2, 2);
  const labels = draw([3, 40, 32], 0, 4).data.map(Math.floor);
  const IGNORED = 3;

  it("has torchvision's names of weights, in their order", () => {
    expect([...table.keys()]).toEqual([...bounds.keys()]);
  });

  it("learns as in PyTorch: loss, gradients, running averages", async () => {
    const weights = parameterInputs(table);
    const { logits, auxiliary, statistics } = deeplabv3Training(plan, weights, input("pictures", pictures.shape));
    const counted = labels.filter((label) => label !== IGNORED).length;
    const [, classes, H, W] = logits.shape;
    const target = tensor(logits.shape);
    labels.forEach((label, i) => {
      const [n, pixel] = [Math.floor(i / (H * W)), i % (H * W)];
      if (label !== IGNORED) target.data[(n * classes + label) * H * W + pixel] = labels.length / counted;
    });
    const truth = constant(target.shape, target.data as Float32Array);
    const loss = add(crossEntropy(logits, truth), mul(crossEntropy(auxiliary!, truth), 0.5));
    const names = trainedNames(table);
    const gradients = grad(
      loss,
      names.map((name) => weights.get(name)!),
    );
    const named = names.map((name, i) => [`gradient/${name}`, gradients[i]] as const);
    const next = [...statistics].map(([name, value]) => [`next/${name}`, value] as const);
    expect(statistics.size).toBe(table.size - names.length);
    const session = await compile(graph({ loss, ...Object.fromEntries([...named, ...next]) }), { runtime: ortNode });
    const got = await session.run({ pictures, ...weightFeeds });
    await session.dispose();
    expect((got["loss"] as Tensor).data[0]).toBeCloseTo(golden("loss").data[0], 5);
    for (const [name] of [...named, ...next]) expect(error(got[name] as Tensor, golden(name)), name).toBeLessThan(1e-4);
  });

  it.each([false, true])(
    "gives the logits of PyTorch by the running averages, of each picture by itself (of open size: %s)",
    async (openSize) => {
      const weights = new Map(
        Object.entries(weightFeeds).map(([name, t]) => [name, constant(t.shape, t.data as Float32Array)]),
      );
      const { logits, auxiliary } = deeplabv3Logits(
        plan,
        weights,
        input("pictures", [1, ...(openSize ? [3, 64, 24] : pictures.shape.slice(1))]),
        { openSize },
      );
      const model = toOnnx(graph({ logits, auxiliary: auxiliary! }), { dynamicBatch: true, dynamicSize: openSize });
      const session = await ortNode.createSession(model, {});
      const got = await session.run({ pictures });
      await session.dispose();
      expect(error(got["logits"] as Tensor, golden("logits"))).toBeLessThan(1e-5);
      expect(error(got["auxiliary"] as Tensor, golden("auxiliary"))).toBeLessThan(1e-5);
    },
  );

  it("has maps of an eighth, a sixteenth or a thirty-second of the picture", () => {
    for (const outputStride of [8, 16, 32] as const) {
      const backbone = { ...plan.backbone, outputStride };
      const weights = parameterInputs(table);
      const { logits } = deeplabv3Logits({ ...plan, backbone }, weights, input("pictures", [1, 3, 64, 96]));
      expect(logits.shape).toEqual([1, 3, 64, 96]);
      expect(stageChannels(backbone, 3)).toBe(block === "basic" ? 16 : 64);
    }
  });

  it("refuses to learn from one picture", () => {
    const weights = parameterInputs(table);
    expect(() => deeplabv3Training(plan, weights, input("pictures", [1, 3, 40, 32]))).toThrow("two or more");
  });
});

it("deeplabv3 has the number of weights of torchvision's deeplabv3_resnet50, and of its ResNet-18", () => {
  const full = deeplabv3Parameters(deeplabv3Resnet50(21, { auxiliary: true }));
  const trained = trainedNames(full).reduce((sum, name) => sum + sizeOf(full.get(name)!.shape), 0);
  expect(trained).toBe(42_004_074); // as torchvision documents it
  expect(full.get("backbone.layer4.2.conv2.weight")!.shape).toEqual([512, 512, 3, 3]);
  const small = deeplabv3Parameters(deeplabv3On("resnet18", 8, 21));
  const backbone = trainedNames(small).filter((name) => name.startsWith("backbone."));
  // torchvision documents 11,689,512 with the classifier of 1000 classes: 512 weights and a bias each.
  expect(backbone.reduce((sum, name) => sum + sizeOf(small.get(name)!.shape), 0)).toBe(11_689_512 - 513_000);
});
