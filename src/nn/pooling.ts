import { reduceMean } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { axisMatrix, resize } from "./resample.ts";

/** Means over all pixels of x [N,C,H,W]: [N,C,1,1]. */
export const globalAveragePool = (x: Value): Value => reduceMean(x, [2, 3]);

/**
 * Means of windows of kernel x kernel pixels, `stride` apart. Pixels of the padding count as zeros, or not at all with
 * `countPadding: false`.
 */
export function averagePool(
  x: Value,
  {
    kernel,
    stride = kernel,
    padding = 0,
    countPadding = true,
  }: { kernel: number; stride?: number; padding?: number; countPadding?: boolean },
): Value {
  const pooled = (length: number): number => Math.floor((length + 2 * padding - kernel) / stride) + 1;
  const matrix = (from: number, to: number): Value =>
    axisMatrix(from, to, (i, weigh) => {
      const start = i * stride - padding;
      const inside: number[] = [];
      for (let j = Math.max(0, start); j < Math.min(from, start + kernel); j++) inside.push(j);
      for (const j of inside) weigh(j, 1 / (countPadding ? kernel : inside.length));
    });
  return resize(x, [pooled(x.shape[2]), pooled(x.shape[3])], matrix);
}
