import type { Feeds } from "../../runtime/session.ts";
import { roundToHalves } from "../../tensor/half.ts";
import { randn } from "../../tensor/random.ts";
import { type AnyTensor, type DType, sizeOf } from "../../tensor/tensor.ts";
import { GeneratorError } from "../errors.ts";
import type { NoiseMode } from "../generator.ts";
import type { Sample } from "../latents.ts";
import type { FedPort, OnnxInputs } from "./signature.ts";

/** Settings of a run that all its samples share. */
export interface RunSettings {
  readonly truncationPsi: number;
  readonly noiseMode: NoiseMode;
}

/** The inputs of one run for these samples, as many as the run takes. */
export function feedsOf(
  inputs: OnnxInputs,
  samples: readonly Sample[],
  { truncationPsi, noiseMode }: RunSettings,
): Feeds {
  const feeds: Record<string, AnyTensor> = Object.create(null);
  const feed = (port: FedPort, fill: (data: Float32Array) => void): void => {
    const shape = port.shape.map((d) => (d === "batch" ? samples.length : d));
    const data = new Float32Array(sizeOf(shape));
    fill(data);
    feeds[port.name] = ofType(port.dtype, shape, data);
  };
  let first = 0;
  for (const port of inputs.latents) {
    const { size } = port;
    const start = first;
    first += size;
    feed(port, (data) => {
      samples.forEach(({ z, ws }, n) => {
        data.set(((inputs.space.kind === "z" ? z : ws) as Float32Array).subarray(start, start + size), n * size);
      });
    });
  }
  const { classes } = inputs;
  if (classes !== null)
    feed(classes, (data) => {
      samples.forEach(({ c }, n) => {
        if (classes.kind === "one-hot") data.set(c as Float32Array, n * classes.count);
        else data[n] = classIndex(c as Float32Array);
      });
    });
  if (inputs.truncation !== null) feed(inputs.truncation, (data) => data.fill(truncationPsi));
  inputs.noise.forEach((port, i) => {
    const area = port.resolution ** 2;
    feed(port, (data) => {
      if (noiseMode === "none") return;
      const fixed = noiseMode === "const" ? randn(i, area) : undefined;
      samples.forEach(({ random }, n) => {
        data.set(fixed ?? Float32Array.from({ length: area }, () => random.randn()), n * area);
      });
    });
  });
  for (const port of inputs.constants) feed(port, (data) => data.fill(port.value));
  return feeds;
}

function classIndex(c: Float32Array): number {
  const index = c.indexOf(1);
  if (index < 0 || c.some((v, i) => v !== (i === index ? 1 : 0)))
    throw new GeneratorError(
      "generate: this generator takes the number of a class: give c one-hot, of zeros and one 1",
    );
  return index;
}

function ofType(dtype: DType, shape: readonly number[], data: Float32Array): AnyTensor {
  switch (dtype) {
    case "float32":
      return { dtype, shape, data };
    case "float16":
      return { dtype, shape, data: roundToHalves(data) };
    case "float64":
      return { dtype, shape, data: Float64Array.from(data) };
    case "int64":
      return { dtype, shape, data: BigInt64Array.from(data, BigInt) };
    case "int32":
      return { dtype, shape, data: Int32Array.from(data) };
    case "bool":
      return { dtype, shape, data: Uint8Array.from(data) };
    default:
      throw new Error(`inputs of type ${dtype} are not fed`);
  }
}
