/** Gradients of whole networks against PyTorch in float64 (gradientGoldens.py, PyTorch 1.13), on the CPU in float32. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { NoisePort } from "../../../src/gan/family.ts";
import { grad } from "../../../src/graph/grad.ts";
import { graph } from "../../../src/graph/graph.ts";
import { add, constant, input } from "../../../src/graph/ops/index.ts";
import type { Value } from "../../../src/graph/value.ts";
import {
  fakeLoss,
  generatorLoss,
  pathLengths,
  pathPenalty,
  realLoss,
  squaredGradient,
} from "../../../src/nn/losses.ts";
import { type ParameterTable, trainedNames } from "../../../src/nn/parameters.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
import { compile } from "../../../src/runtime/session.ts";
import { RandomState } from "../../../src/tensor/random.ts";
import { sizeOf, type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { ganNetworks, mixedStyles } from "../../../src/train/gan/networks.ts";
import { ganRecipe } from "../../../src/train/gan/recipe.ts";

const BATCH = 4;
const Z = 24;
const PROJECTIONS = 4;
const PATH_AVERAGE = 0.3;
/** Errors are relative to the norm of the weight's own gradient; where that is zero, to this share of the largest one. */
const SMALL = 1e-3;
const recipe = ganRecipe(32, {
  channelBase: 512,
  channelMax: 32,
  zDim: Z,
  wDim: Z,
  mappingLayers: 2,
  batch: BATCH,
  groupSize: 4,
});
const networks = ganNetworks(recipe);
const { generator, discriminator } = networks;

/** Loss -> "loss" or weight -> numbers. */
const goldens = new Map<string, Map<string, number[]>>();
for (const line of readFileSync(resolve(import.meta.dirname, "gradientGoldens.tsv"), "utf8")
  .trim()
  .split("\n")) {
  const [loss, what, ...numbers] = line.split("\t");
  if (!goldens.has(loss)) goldens.set(loss, new Map());
  goldens.get(loss)!.set(what, numbers.map(Number));
}

function draw(random: RandomState, shape: readonly number[], centre = 0, spread = 1): Tensor {
  return tensor(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => centre + spread * random.randn()),
  );
}

/** As in gradientGoldens.py. */
function weights(table: ParameterTable, prefix: string, seed: number): Record<string, Tensor> {
  const random = new RandomState(seed);
  const start = (name: string): [number, number] => {
    if (name.endsWith("affine.bias")) return [1, 0.1];
    if (name.startsWith("mapping.")) return [0, name.endsWith("weight") ? 100 : 10];
    return [0, name.endsWith("bias") || name.endsWith("noise_strength") ? 0.1 : 1];
  };
  return Object.fromEntries(
    trainedNames(table)
      .sort()
      .map((name) => [prefix + name, draw(random, table.get(name)!.shape, ...start(name))]),
  );
}

function inputs(): Record<string, Tensor> {
  const random = new RandomState(3);
  const layers = generator.noise;
  const z = draw(random, [2 * BATCH, Z]);
  const numWs = generator.info.numWs;
  const mix = tensor(
    [BATCH, numWs, 1],
    Float32Array.from({ length: BATCH * numWs }, () => (random.randomSample() < 0.5 ? 1 : 0)),
  );
  const noise = layers.map(({ layer, resolution: r }) => [`noise/${layer}`, draw(random, [BATCH, 1, r, r])] as const);
  const reals = draw(random, [BATCH, 3, 32, 32], 0, 0.5);
  const pathNoise = draw(random, [BATCH, 3, 32, 32], 0, 1 / 32);
  return { z, mix, ...Object.fromEntries(noise), reals, pathNoise };
}

describe("a StyleGAN2 of 32 pixels", () => {
  const errors = new Map<string, { loss: number; worst: number; weight: string; weights: number }>();

  beforeAll(async () => {
    const noiseInput = ({ layer, resolution: r }: NoisePort): Value => input(`noise/${layer}`, [BATCH, 1, r, r]);
    const { ws } = mixedStyles(generator, input("z", [2 * BATCH, Z]), input("mix", [BATCH, generator.info.numWs, 1]));
    const fake = generator.synthesis({ ws }, "random", noiseInput).image;
    const reals = input("reals", [BATCH, 3, 32, 32]);
    const logits = (x: Value): Value => discriminator.logits(discriminator.features(x));
    const lengths = pathLengths(fake, ws, input("pathNoise", fake.shape));
    const losses: Record<string, [Value, ReadonlyMap<string, Value>, ParameterTable]> = {
      D: [
        add(realLoss(logits(reals)), fakeLoss(logits(fake))),
        networks.discriminatorWeights,
        networks.discriminatorTable,
      ],
      G: [generatorLoss(logits(fake)), networks.generatorWeights, networks.generatorTable],
      r1: [squaredGradient(logits(reals), reals), networks.discriminatorWeights, networks.discriminatorTable],
      path: [
        pathPenalty(lengths, constant([1], [PATH_AVERAGE])).penalty,
        networks.generatorWeights,
        networks.generatorTable,
      ],
    };
    const feeds = {
      ...weights(networks.generatorTable, "G/", 1),
      ...weights(networks.discriminatorTable, "D/", 2),
      ...inputs(),
    };
    const outputs: Record<string, Value> = {};
    for (const [name, [loss, values, table]] of Object.entries(losses)) {
      const names = trainedNames(table).sort();
      const gradients = grad(
        loss,
        names.map((n) => values.get(n)!),
      );
      outputs[name] = loss;
      names.forEach((n, i) => {
        outputs[`grad ${name}/${n}`] = gradients[i];
      });
    }
    const session = await compile(graph(outputs), { runtime: ortNode });
    const got = await session.run(feeds);
    await session.dispose();
    for (const [name, [, , table]] of Object.entries(losses)) {
      const names = trainedNames(table).sort();
      const expected = goldens.get(name)!;
      expect([...expected.keys()]).toEqual(["loss", ...names]);
      const [value] = expected.get("loss")!;
      const report = {
        loss: Math.abs((got[name].data as Float32Array)[0] - value) / value,
        worst: 0,
        weight: "",
        weights: names.length,
      };
      const floor = SMALL * Math.max(...names.map((n) => expected.get(n)![0]));
      const signs = new RandomState(4);
      for (const n of names) {
        const d = got[`grad ${name}/${n}`].data as Float32Array;
        const [norm, ...sums] = expected.get(n)!;
        let square = 0;
        for (let k = 0; k < PROJECTIONS; k++) {
          let sum = 0;
          for (const v of d) sum += signs.randomSample() < 0.5 ? -v : v;
          square += (sum - sums[k]) ** 2 / PROJECTIONS;
        }
        const error = Math.sqrt(square) / Math.max(norm, floor);
        if (!(error <= report.worst)) Object.assign(report, { worst: error, weight: n });
      }
      errors.set(name, report);
    }
  }, 60_000);

  it.each([
    ["D", 1e-5],
    ["G", 1e-5],
    ["r1", 1e-4],
    ["path", 1e-4],
  ])("loss %s has gradients within %d of PyTorch's, relative to each weight's", (name, bar) => {
    const { loss, worst, weight } = errors.get(name)!;
    expect(loss).toBeLessThan(bar);
    expect(worst, weight).toBeLessThan(bar);
  });
});
