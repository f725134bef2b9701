import { toOnnx } from "../src/graph/emit.ts";
import { graph } from "../src/graph/graph.ts";
import {
  add,
  constant,
  conv,
  convTranspose,
  input,
  leakyRelu,
  matmul,
  reduceMean,
  reshape,
  tanh,
} from "../src/graph/ops/index.ts";
import type { Value } from "../src/graph/value.ts";

const weights = (shape: number[], scale: number): Value =>
  constant(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => scale * Math.sin(i * 1.7 + 1)),
  );

/**
 * A generator of a few thousand weights: z[4] -> 6 maps of 4x4 -> 5 maps of 8x8 -> image 3x8x8 in [-1,1]. With `classes` it is conditional: it
 * takes one of them, one-hot, as c[classes].
 */
export function tinyGenerator(last: (x: Value) => Value = tanh, classes = 0): Uint8Array {
  const z = input("z", [1, 4]);
  const latent = classes === 0 ? z : add(z, matmul(input("c", [1, classes]), weights([classes, 4], 1)));
  const base = leakyRelu(add(reshape(matmul(latent, weights([4, 96], 1)), [1, 6, 4, 4]), weights([1, 6, 4, 4], 2)));
  const up = leakyRelu(convTranspose(base, weights([6, 5, 4, 4], 0.3), { stride: 2, padding: 1 }));
  return toOnnx(graph({ image: last(conv(up, weights([3, 5, 3, 3], 0.3), { padding: 1 })) }), { dynamicBatch: true });
}

/** A model of features for tests of `--inception`: the mean colour of a picture of 5x5 pixels. */
export function meanColours(): Uint8Array {
  const picture = input("picture", [1, 3, 5, 5]);
  return toOnnx(graph({ mean: reshape(reduceMean(picture, [2, 3]), [1, 3]) }), { dynamicBatch: true });
}
