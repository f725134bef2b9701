import { describe, expect, it } from "vitest";
import { CheckpointError } from "../../src/checkpoint/stateDict.ts";
import { graph } from "../../src/graph/graph.ts";
import { constant, input } from "../../src/graph/ops/index.ts";
import { smallChannels, unetLogits, unetParameters, unetPlan } from "../../src/models/unet.ts";
import { initialTensors, parameterInputs } from "../../src/nn/parameters.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { compile } from "../../src/runtime/session.ts";
import { sizeOf, type Tensor, tensor } from "../../src/tensor/tensor.ts";

const plan = { imageChannels: 3, classes: 5, channels: [4, 6, 8] };

describe("unet", () => {
  it("gives a logit of every class for every pixel, of any number of pictures, by the picture alone", async () => {
    const weights = initialTensors(unetParameters(plan), 0);
    const constants = new Map([...weights].map(([name, { shape, data }]) => [name, constant(shape, data)]));
    const logits = unetLogits(plan, constants, input("pictures", [1, 3, 16, 16]));
    const session = await compile(graph({ logits }), { runtime: ortNode, dynamicBatch: true });
    const pictures = tensor([3, 3, 16, 16]);
    pictures.data.forEach((_, i) => {
      pictures.data[i] = Math.sin(i * 0.37);
    });
    const together = (await session.run({ pictures }))["logits"] as Tensor;
    expect(together.shape).toEqual([3, 5, 16, 16]);
    const second = tensor([1, 3, 16, 16], pictures.data.slice(3 * 256, 6 * 256));
    const alone = (await session.run({ pictures: second }))["logits"] as Tensor;
    const difference = alone.data.map((x, i) => Math.abs(x - together.data[5 * 256 + i]));
    expect(Math.max(...difference)).toBeLessThan(1e-5);
    await session.dispose();
  });

  it("stays below a megabyte in its small size", () => {
    const table = unetParameters({ imageChannels: 3, classes: 12, channels: smallChannels });
    const numbers = [...table.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    expect(4 * numbers).toBeLessThan(1e6);
  });

  it("knows its plan from its weights, and refuses others", () => {
    const weights = initialTensors(unetParameters(plan), 0);
    expect(unetPlan(weights)).toEqual(plan);
    const cut = new Map([...weights].filter(([name]) => name !== "up1.1.bias"));
    expect(() => unetPlan(cut)).toThrow(CheckpointError);
    expect(() => unetPlan(new Map())).toThrow("not a segmenter of klish");
  });

  it("refuses pictures whose side does not halve often enough", () => {
    const weights = parameterInputs(unetParameters(plan));
    expect(() => unetLogits(plan, weights, input("p", [1, 3, 18, 18]))).toThrow("multiples of 4");
  });
});
