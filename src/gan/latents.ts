import { RandomState } from "../tensor/random.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { GeneratorError } from "./errors.ts";
import type { GenerateOptions, GeneratorInfo, LatentDistribution } from "./generator.ts";

/** The stream of a seed from which its latent, and then its noise, is drawn. */
export function latentOfSeed(
  seed: number,
  zDim: number,
  latent: LatentDistribution,
): { z: Float32Array; random: RandomState } {
  const random = new RandomState(seed);
  const draw = latent === "normal" ? () => random.randn() : () => 2 * random.randomSample() - 1;
  return { z: Float32Array.from({ length: zDim }, draw), random };
}

/** One sample's input, whatever the caller gave: seeds, z or ws. */
export interface Sample {
  readonly z?: Float32Array;
  /** [numWs * wDim] */
  readonly ws?: Float32Array;
  readonly c?: Float32Array;
  /** Where the sample's random noise comes from: its seed's stream after z, or a stream of its index. */
  readonly random: RandomState;
}

/** Checks the options against the generator and spreads them over samples. */
export function samplesOf(options: GenerateOptions, info: GeneratorInfo): Sample[] {
  const { seeds, z, ws, c } = options;
  if ([seeds, z, ws].filter((given) => given !== undefined).length !== 1)
    throw new GeneratorError("generate: give exactly one of seeds, z and ws");
  const { zDim, cDim, numWs, wDim } = info;
  if (zDim === 0 && ws === undefined)
    throw new GeneratorError(
      `generate: this generator starts from w [N,${numWs},${wDim}], not from z: its mapping network is missing, so seeds have no images. ` +
        "Export it with its mapping network, or give ws",
    );
  let samples: Sample[];
  if (seeds !== undefined) samples = seeds.map((seed) => latentOfSeed(seed, zDim, info.latent));
  else if (z !== undefined) {
    checkShape("z", z, [null, zDim]);
    samples = rows(z, zDim).map((row, i) => ({ z: row, random: new RandomState(i) }));
  } else {
    if (numWs === 0) throw new GeneratorError(`generate: ${info.family} has no ws, give z or seeds`);
    checkShape("ws", ws as Tensor, [null, numWs, wDim]);
    samples = rows(ws as Tensor, numWs * wDim).map((row, i) => ({ ws: row, random: new RandomState(i) }));
  }
  if (samples.length === 0) throw new GeneratorError("generate: no sample was asked for");
  if (cDim === 0) {
    if (c !== undefined) throw new GeneratorError("generate: this network is not conditional, leave c out");
    return samples;
  }
  // Where there is a z, the class has its part in making w.
  if (ws !== undefined && zDim > 0) return samples;
  if (c === undefined)
    throw new GeneratorError(
      `the generator is conditional: choose one of its classes 0 to ${cDim - 1} with --class (in code: c [N,${cDim}], one-hot)`,
    );
  checkShape("c", c, [null, cDim]);
  const labels = rows(c, cDim);
  if (labels.length !== 1 && labels.length !== samples.length)
    throw new GeneratorError(
      `generate: c has ${labels.length} rows for ${samples.length} samples; give one row, or one for each`,
    );
  return samples.map((sample, i) => ({ ...sample, c: labels[labels.length === 1 ? 0 : i] }));
}

/**
 * A one-hot label [1, cDim].
 *
 * @example
 * console.log([...oneHot(1, 3).data]); // [ 0, 1, 0 ]
 */
export function oneHot(index: number, cDim: number): Tensor {
  if (!Number.isInteger(index) || index < 0 || index >= cDim)
    throw new GeneratorError(
      cDim === 0
        ? "a class was given, but this network is not conditional"
        : `class ${index} does not exist: the network has classes 0 to ${cDim - 1}`,
    );
  const label = tensor([1, cDim]);
  label.data[index] = 1;
  return label;
}

function rows(t: Tensor, width: number): Float32Array[] {
  return Array.from({ length: t.data.length / width }, (_, i) => t.data.subarray(i * width, (i + 1) * width));
}

function checkShape(name: string, t: Tensor, expected: readonly (number | null)[]): void {
  const fits = t.shape.length === expected.length && expected.every((d, i) => d === null || d === t.shape[i]);
  if (!fits)
    throw new GeneratorError(
      `generate: ${name} has shape [${t.shape}], expected [${expected.map((d) => d ?? "N").join(",")}]`,
    );
  if (!t.data.every(Number.isFinite)) throw new GeneratorError(`generate: ${name} holds NaN or infinite values`);
}
