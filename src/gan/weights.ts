import type { StateDict } from "../checkpoint/stateDict.ts";
import { sameShape } from "../tensor/tensor.ts";
import { GeneratorError } from "./errors.ts";

/** Hands out a state dict's weights once each, checked, so that a file with too few, too many or odd ones is refused. */
export interface WeightReader {
  has(name: string): boolean;
  /** The weight's values as float32. Throws GeneratorError when it is missing, of another shape, or not finite. */
  take(name: string, shape: readonly number[]): Float32Array;
  /** The weight's shape; undefined when there is none. */
  shapeOf(name: string): readonly number[] | undefined;
  /** Throws GeneratorError when a weight was left over that `ignored` does not cover. */
  finish(ignored: RegExp): void;
}

export function weightReader(network: string, weights: StateDict): WeightReader {
  const left = new Set(weights.keys());
  return {
    has: (name) => weights.has(name),
    shapeOf: (name) => weights.get(name)?.shape,
    take(name, shape) {
      const stored = weights.get(name);
      if (stored === undefined) throw new GeneratorError(`${network}: the weight ${name} is missing from the file`);
      if (!sameShape(stored.shape, shape))
        throw new GeneratorError(`${network}: ${name} has shape [${stored.shape}], expected [${shape}]`);
      left.delete(name);
      const { data } = stored.read();
      const values = data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number>, Number);
      const bad = values.findIndex((v) => !Number.isFinite(v));
      if (bad >= 0)
        throw new GeneratorError(
          `${network}: ${name} holds ${values[bad]} at element ${bad}; the file is damaged or the training diverged`,
        );
      return values;
    },
    finish(ignored) {
      const odd = [...left].filter((name) => !ignored.test(name));
      if (odd.length > 0)
        throw new GeneratorError(
          `${network}: ${odd.length} weights of the file are not part of this network: ${odd.slice(0, 5).join(", ")}${odd.length > 5 ? ", …" : ""}`,
        );
    },
  };
}
