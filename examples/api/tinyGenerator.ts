/** A generator of a few thousand weights as ONNX, such as anybody's export: z [n,4] to images [n,3,8,8] in [-1,1]. */
import {
  add,
  constant,
  conv,
  convTranspose,
  graph,
  input,
  leakyRelu,
  matmul,
  reshape,
  tanh,
  toOnnx,
} from "klish/graph";

const weights = (...shape: number[]) =>
  constant(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i * 1.7 + 1) / Math.sqrt(shape[1])),
  );

const maps = reshape(matmul(input("z", [1, 4]), weights(4, 96)), [1, 6, 4, 4]);
const small = leakyRelu(add(maps, weights(1, 6, 4, 4)));
const large = leakyRelu(convTranspose(small, weights(6, 5, 4, 4), { stride: 2, padding: 1 }));
const image = tanh(conv(large, weights(3, 5, 3, 3), { padding: 1 }));

/** The file's bytes. */
export const tinyGenerator = toOnnx(graph({ image }), { dynamicBatch: true });
