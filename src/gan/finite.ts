import type { Tensor } from "../tensor/tensor.ts";
import { GeneratorError } from "./errors.ts";
import type { GenerateOptions, GenerateResult } from "./generator.ts";

/** The samples [N, ...] of a tensor that hold NaN or infinite values. */
export function samplesNotFinite({ shape, data }: Tensor): number[] {
  const size = data.length / shape[0];
  return Array.from({ length: shape[0] }, (_, n) => n).filter((n) => {
    for (let i = n * size; i < (n + 1) * size; i++) if (!Number.isFinite(data[i])) return true;
    return false;
  });
}

/** Throws GeneratorError that names the seeds whose images or maps hold NaN or infinite values. */
export function refuseNotFinite({ seeds }: GenerateOptions, { image, features }: GenerateResult): void {
  const wrong = new Set([image, ...features.values()].flatMap(samplesNotFinite));
  if (wrong.size === 0) return;
  const samples = [...wrong].sort((a, b) => a - b);
  const named = samples.map((n) => (seeds === undefined ? n : seeds[n])).join(", ");
  throw new GeneratorError(
    `the generator gives NaN or infinite values for ${seeds === undefined ? "sample" : "seed"}${samples.length > 1 ? "s" : ""} ${named}; ` +
      (samples.length === image.shape[0] && samples.length > 1
        ? "its weights are damaged, or its numbers too small for half precision"
        : `leave ${samples.length > 1 ? "these" : "it"} out`),
  );
}
