import { afterAll, describe, expect, it } from "vitest";
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
import { type GanRecipe, type GanTrainer, ganRecipe, type TrainingState } from "../../../src/train/gan/trainer.ts";

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
  it("continues from a state to the same numbers, regularisers, averages and augmentation included", async () => {
    const whole = await train();
    for (let i = 0; i < 3; i++) await whole.step(discs(i));
    const state = whole.state();
    const resumed = await train(state);
    for (let i = 3; i < 7; i++) expect(await resumed.step(discs(i))).toEqual(await whole.step(discs(i)));
    const [a, b] = [whole.state(), resumed.state()];
    expect(b.scalars).toEqual(a.scalars);
    for (const [name, t] of a.tensors) expect(b.tensors.get(name), name).toEqual(t);
    expect(JSON.parse(JSON.stringify(state.scalars))).toEqual(state.scalars);
  });

  it("state is a copy: further steps do not change it", async () => {
    const trainer = await train();
    await trainer.step(discs(0));
    const state = trainer.state();
    const before = state.tensors.get("D/b4.out.weight")!.data.slice();
    for (let i = 0; i < 3; i++) await trainer.step(discs(i));
    expect(state.tensors.get("D/b4.out.weight")!.data).toEqual(before);
  });

  it("its generator opens as any other and makes the image that sample makes", async () => {
    const trainer = await train();
    for (let i = 0; i < 2; i++) await trainer.step(discs(i));
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

  it("learns: the discriminator tells discs from noise, the generator follows", async () => {
    const quick = await train(
      undefined,
      ganRecipe(16, { ...tiny, augment: null, learningRate: 0.01, pathLengthInterval: 0 }),
    );
    const z = tensor([4, tiny.zDim], randn(5, 4 * tiny.zDim));
    const meanOf = ({ data }: Tensor): number => data.reduce((sum, v) => sum + v, 0) / data.length;
    const reports = [];
    for (let i = 0; i < 150; i++) reports.push(await quick.step(discs(i)));
    const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
    const losses = reports.map((r) => r.lossD);
    expect(mean(losses.slice(100))).toBeLessThan(mean(losses.slice(0, 5)));
    // The pictures are dark for four fifths: a generator that follows is dark, too.
    expect(meanOf(await quick.sample(z))).toBeLessThan(-0.1);
    expect(quick.images).toBe(600);
    expect(reports[0].r1).toBeGreaterThan(0);
    expect(reports[1].r1).toBeUndefined();
  });

  it("moves p up while D is sure of the real images, and down otherwise", async () => {
    const sure = await train(undefined, { ...recipe, augment: { ...recipe.augment!, target: -1 } });
    const unsure = await train(undefined, { ...recipe, augment: { ...recipe.augment!, target: 1 } });
    for (let i = 0; i < 5; i++) {
      await sure.step(discs(i));
      await unsure.step(discs(i));
    }
    // Four steps of four images at 100 images for 1.
    expect((await sure.step(discs(5))).augmentP).toBeCloseTo(0.46, 6);
    expect((await unsure.step(discs(5))).augmentP).toBeCloseTo(0.14, 6);
  });

  it("refuses images of another shape and states of another recipe", async () => {
    const trainer = await train();
    await expect(trainer.step(tensor([2, 3, 16, 16]))).rejects.toThrow(/\[2,3,16,16\].*\[4,3,16,16\]/);
    await expect(train(trainer.state(), { ...recipe, channelMax: 4 })).rejects.toThrow(/another recipe/);
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
    const tables = { ...Object.fromEntries(initialTensors(generatorTable, 1)), ...{} } as Record<string, Tensor>;
    const discriminatorValues = initialTensors(networks.discriminatorTable, 2);
    const feeds = new Map<string, ArrayLike<number>>();
    for (const [name, { shape }] of g.inputs) {
      const [network, weight] = [name.slice(0, 2), name.slice(2)];
      const stored = network === "G/" ? tables[weight] : network === "D/" ? discriminatorValues.get(weight) : undefined;
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
