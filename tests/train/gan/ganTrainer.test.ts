import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportSafetensors } from "../../../src/gan/exportNetwork.ts";
import { openGeneratorBytes } from "../../../src/gan/openGenerator.ts";
import { grad } from "../../../src/graph/grad.ts";
import { evaluateGraph, graph } from "../../../src/graph/graph.ts";
import { input } from "../../../src/graph/ops/index.ts";
import { fakeLoss, generatorLoss, realLoss } from "../../../src/nn/losses.ts";
import { initialTensors } from "../../../src/nn/parameters.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
import { RandomState, randn } from "../../../src/tensor/random.ts";
import { sizeOf, type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { ganTrainer } from "../../../src/train/gan/ganTrainer.ts";
import { ganNetworks, mixedStyles } from "../../../src/train/gan/networks.ts";
import { adversarialStep } from "../../../src/train/gan/oneStage.ts";
import { type GanRecipe, ganRecipe } from "../../../src/train/gan/recipe.ts";
import type { GanTrainer, StepReport } from "../../../src/train/gan/trainer.ts";
import { TrainingError, type TrainingState } from "../../../src/train/trainer.ts";

const tiny = {
  channelBase: 64,
  channelMax: 6,
  zDim: 6,
  wDim: 5,
  mappingLayers: 1,
  batch: 4,
  groupSize: 2,
} satisfies Partial<GanRecipe>;
const recipe = ganRecipe(16, {
  ...tiny,
  r1Interval: 2,
  pathLengthInterval: 3,
  augment: { target: 0.6, kimg: 0.1, initial: 0.3, kinds: ["xflip", "translate", "rotate", "hue"] },
  seed: 7,
});
const trainers: GanTrainer[] = [];
const train = async (state?: TrainingState, of = recipe): Promise<GanTrainer> => {
  const made = await ganTrainer(of, { runtime: ortNode, threads: 1, ...(state && { state }) });
  trainers.push(made);
  return made;
};
afterAll(() => Promise.all(trainers.map((t) => t.dispose())));

/** Pictures of a bright disc on dark ground, at random places. */
function discs(seed: number): Tensor {
  const random = new RandomState(seed);
  const t = tensor([4, 3, 16, 16]);
  for (let n = 0; n < 4; n++) {
    const [cx, cy] = [4 + 8 * random.randomSample(), 4 + 8 * random.randomSample()];
    for (let c = 0; c < 3; c++)
      for (let y = 0; y < 16; y++)
        for (let x = 0; x < 16; x++)
          t.data[((n * 3 + c) * 16 + y) * 16 + x] = Math.hypot(x - cx, y - cy) < 4 ? 0.8 - 0.3 * c : -0.7;
  }
  return t;
}

describe("ganTrainer", () => {
  // Trainers take seconds to compile, so the tests share one.
  let trainer: GanTrainer;
  beforeAll(async () => {
    trainer = await train();
  });

  it("continues from a state to the same numbers, regularisers, averages and augmentation included", async () => {
    for (let i = 0; i < 3; i++) await trainer.step(discs(i));
    const state = trainer.state();
    const resumed = await train(state);
    const reports: StepReport[] = [];
    for (let i = 3; i < 7; i++) {
      reports.push(await trainer.step(discs(i)));
      expect(await resumed.step(discs(i))).toEqual(reports.at(-1));
    }
    const [a, b] = [trainer.state(), resumed.state()];
    expect(b.scalars).toEqual(a.scalars);
    for (const [name, t] of a.tensors) expect(b.tensors.get(name), name).toEqual(t);
    // A state is a copy, and its scalars are JSON.
    expect(state.tensors.get("D/b4.out.weight")).not.toEqual(a.tensors.get("D/b4.out.weight"));
    expect(JSON.parse(JSON.stringify(state.scalars))).toEqual({ ...state.scalars, step: 3, images: 12 });
    // R1 in every second step, path length in every third, p adapted in every fourth: by 16 images of 100 for 1.
    expect(reports.map((r) => [r.r1 !== undefined, r.pathLength !== undefined])).toEqual([
      [false, true],
      [true, false],
      [false, false],
      [true, true],
    ]);
    expect([0, 1].map((i) => Math.abs(reports[i].augmentP - 0.3))).toEqual([0, expect.closeTo(0.16, 6)]);
  });

  it("its generator opens as any other and makes the image that sample makes", async () => {
    const z = tensor([2, recipe.zDim], randn(3, 2 * recipe.zDim));
    const sampled = await trainer.sample(z, { truncationPsi: 0.7 });
    expect(sampled.shape).toEqual([2, 3, 16, 16]);
    const opened = await openGeneratorBytes(exportSafetensors(trainer.generator()), {
      runtime: ortNode,
      provider: "cpu",
    });
    const { image } = await opened.generate({ z, truncationPsi: 0.7 });
    await opened.dispose();
    expect(image).toEqual(sampled);
    await trainer.step(discs(2));
    expect(await trainer.sample(z, { truncationPsi: 0.7 })).not.toEqual(sampled);
  });

  it("refuses images of another shape and states of another recipe", async () => {
    await expect(trainer.step(tensor([2, 3, 16, 16]))).rejects.toThrow(/\[2,3,16,16\].*\[4,3,16,16\]/);
    await expect(train(trainer.state(), { ...recipe, channelMax: 4 })).rejects.toThrow(/another recipe/);
  });

  it("stops when numbers are no longer finite", async () => {
    const state = trainer.state();
    state.tensors.get("G/synthesis.b4.const")!.data[0] = Number.NaN;
    await expect((await train(state)).step(discs(0))).rejects.toThrow(TrainingError);
  });

  it("learns: the discriminator tells discs from noise, the generator follows", async () => {
    const quick = await train(
      undefined,
      ganRecipe(16, { ...tiny, augment: null, learningRate: 0.01, pathLengthInterval: 0 }),
    );
    const z = tensor([4, tiny.zDim], randn(5, 4 * tiny.zDim));
    const losses: number[] = [];
    for (let i = 0; i < 150; i++) losses.push((await quick.step(discs(i))).lossD);
    const mean = (list: ArrayLike<number>): number => Array.from(list).reduce((a, b) => a + b, 0) / list.length;
    expect(mean(losses.slice(100))).toBeLessThan(mean(losses.slice(0, 5)));
    // The pictures are dark for four fifths: a generator that follows is dark, too.
    expect(mean((await quick.sample(z)).data)).toBeLessThan(-0.1);
    expect(quick.images).toBe(600);
  });
});

describe("adversarialStep", () => {
  const N = 4;
  /** Gradients of the one pass, and of the losses by themselves. */
  function compare(groupSize: number) {
    const networks = ganNetworks({ ...recipe, groupSize, resolution: 16, channelMax: 3 });
    const { generator, discriminator, discriminatorWeights: weightsD, generatorTable } = networks;
    const weightsG = new Map(
      [...networks.generatorWeights].filter(([name]) => generatorTable.get(name)!.trained ?? true),
    );
    const { ws } = mixedStyles(generator, input("z", [2 * N, recipe.zDim]), input("mix", [N, generator.info.numWs, 1]));
    const fake = generator.synthesis({ ws }, "none", () => input("unused", [1])).image;
    const real = input("real", [N, 3, 16, 16]);
    const one = adversarialStep(discriminator, weightsD, weightsG, real, fake);
    const of = (images: typeof fake) => discriminator.logits(discriminator.features(images));
    const outputs: Record<string, typeof fake> = {};
    const plainD = [grad(realLoss(of(real)), [...weightsD.values()]), grad(fakeLoss(of(fake)), [...weightsD.values()])];
    [...weightsD.keys()].forEach((name, i) => {
      outputs[`one/D/${name}`] = one.gradientsD.get(name)!;
      outputs[`real/D/${name}`] = plainD[0][i];
      outputs[`fake/D/${name}`] = plainD[1][i];
    });
    const plainG = grad(generatorLoss(of(fake)), [...weightsG.values()]);
    [...weightsG.keys()].forEach((name, i) => {
      outputs[`one/G/${name}`] = one.gradientsG.get(name)!;
      outputs[`plain/G/${name}`] = plainG[i];
    });
    const g = graph(outputs);
    const generatorValues = initialTensors(generatorTable, 1);
    const discriminatorValues = initialTensors(networks.discriminatorTable, 2);
    const feeds = new Map<string, ArrayLike<number>>();
    for (const [name, { shape }] of g.inputs) {
      const [network, weight] = [name.slice(0, 2), name.slice(2)];
      const stored =
        network === "G/" ? generatorValues.get(weight) : network === "D/" ? discriminatorValues.get(weight) : undefined;
      feeds.set(name, stored?.data ?? randn(name.length, sizeOf(shape)));
    }
    const results = evaluateGraph(g, feeds);
    const error = (got: Float64Array, expected: Float64Array): number => {
      const scale = Math.max(...expected.map(Math.abs), 1e-12);
      return Math.max(...got.map((v, i) => Math.abs(v - expected[i]))) / scale;
    };
    const worst = (network: string, names: Iterable<string>, expected: (name: string) => Float64Array): number =>
      Math.max(...[...names].map((name) => error(results.get(`one/${network}/${name}`)!, expected(name))));
    const sum = (name: string): Float64Array =>
      results.get(`real/D/${name}`)!.map((v, i) => v + results.get(`fake/D/${name}`)![i]);
    return {
      G: worst("G", weightsG.keys(), (name) => results.get(`plain/G/${name}`)!),
      top: worst("D", discriminator.logitWeights, sum),
      D: worst("D", weightsD.keys(), sum),
    };
  }

  it("gives the gradients of the two losses", () => {
    const alone = compare(1);
    expect(alone.G).toBeLessThan(1e-5);
    expect(alone.D).toBeLessThan(1e-5);
  });

  it("in groups, G's gradient and that of D's last layers stay exact", () => {
    const grouped = compare(2);
    expect(grouped.G).toBeLessThan(1e-5);
    expect(grouped.top).toBeLessThan(1e-5);
    expect(grouped.D).toBeLessThan(0.5);
  });
});
