import { sizeOf } from "../../tensor/tensor.ts";
import type { Emitter } from "../emitter.ts";
import { apply, type Op, type Value } from "../value.ts";
import { scatterPixels } from "./gatherPixels.ts";
import { reshape } from "./reshape.ts";

export interface MaxPoolOptions {
  readonly kernel: number;
  /** Default `kernel`. */
  readonly stride?: number;
  /** Pixels around the map that never win; at most kernel / 2. Default 0. */
  readonly padding?: number;
}

type MaxPoolAttrs = Required<MaxPoolOptions>;

const pooledShape = ([{ shape }]: readonly Value[], { kernel, stride, padding }: MaxPoolAttrs): number[] => {
  if (shape.length !== 4 || padding * 2 > kernel)
    throw new RangeError(
      `MaxPool: expected [N,C,H,W], padding up to kernel / 2; got [${shape}], ${padding}, ${kernel}`,
    );
  const size = (length: number): number => Math.floor((length + 2 * padding - kernel) / stride) + 1;
  const y = [shape[0], shape[1], size(shape[2]), size(shape[3])];
  if (y[2] < 1 || y[3] < 1) throw new RangeError(`MaxPool: kernel ${kernel} is larger than the padded map [${shape}]`);
  return y;
};

export const maxPoolOp: Op<MaxPoolAttrs> = {
  name: "MaxPool",
  shape: pooledShape,
  emit: (emitter, inputs, attrs) => emitter.node("MaxPool", inputs, onnxAttributes(attrs)),
  // The index of the winner does not change with x, so pooling is a gathering of pixels, and its adjoint adds them up.
  gradient: (g, y) => {
    const [x] = y.inputs;
    const [N, C, H, W] = x.shape;
    const pixels = y.shape[2] * y.shape[3];
    const winners = reshape(apply(maxPoolIndexOp, [x], y.attrs), [N * C, pixels]);
    return reshape(scatterPixels(reshape(g, [N * C, 1, pixels]), winners, H * W), x.shape);
  },
  evaluate: ([x], attrs, y) => {
    const winners = winnersOf(x, attrs, y);
    const [, , H, W] = y.inputs[0].shape;
    const pixels = y.shape[2] * y.shape[3];
    return winners.map((winner, i) => x[Math.floor(i / pixels) * H * W + winner]);
  },
};

/** The pixel, h W + w, that wins each window; the first where several do. Whole numbers in float32. */
export const maxPoolIndexOp: Op<MaxPoolAttrs> = {
  name: "MaxPoolIndex",
  shape: pooledShape,
  emit: (emitter, [x], attrs, y) => {
    const [, , H, W] = y.inputs[0].shape;
    // ONNX Runtime 1.30's WebGPU provider fails on the second output of MaxPool.
    if (emitter.portable) return windowWinners(emitter, x, attrs, y);
    const indices = `${emitter.node("MaxPool", [x], onnxAttributes(attrs), 2)}/1`;
    // ONNX counts through the whole batch.
    return emitter.node("Cast", [emitter.node("Mod", [indices, emitter.int64([H * W])])], { to: { int: 1 } });
  },
  gradient: () => undefined,
  evaluate: ([x], attrs, y) => winnersOf(x, attrs, y),
};

/** Largest of each window of x [N,C,H,W], with windows `stride` apart: [N,C,P,Q]. */
export const maxPool = (x: Value, { kernel, stride = kernel, padding = 0 }: MaxPoolOptions): Value =>
  apply(maxPoolOp, [x], { kernel, stride, padding });

const onnxAttributes = ({ kernel, stride, padding }: MaxPoolAttrs) => ({
  kernel_shape: { ints: [kernel, kernel] },
  strides: { ints: [stride, stride] },
  pads: { ints: [padding, padding, padding, padding] },
});

/** Per tap the pixels that it reads, side by side; the largest tap; its pixel's number. */
function windowWinners(emitter: Emitter, x: string, { kernel, stride, padding }: MaxPoolAttrs, y: Value): string {
  const [, , , W] = y.inputs[0].shape;
  const [N, C, P, Q] = y.shape;
  const around = [0, 0, padding, padding, 0, 0, padding, padding];
  const lowest = emitter.float32([-3e38], []);
  const padded = padding === 0 ? x : emitter.node("Pad", [x, emitter.int64(around), lowest]);
  const taps: string[] = [];
  for (let r = 0; r < kernel; r++)
    for (let s = 0; s < kernel; s++) {
      const read = emitter.node("Slice", [
        padded,
        emitter.int64([r, s]),
        emitter.int64([r + (P - 1) * stride + 1, s + (Q - 1) * stride + 1]),
        emitter.int64([2, 3]),
        emitter.int64([stride, stride]),
      ]);
      taps.push(emitter.node("Reshape", [read, emitter.int64([N * C, 1, P * Q])]));
    }
  const side = emitter.node("Concat", taps, { axis: { int: 1 } });
  const winner = emitter.node("ArgMax", [side], { axis: { int: 1 }, keepdims: { int: 0 } });
  const tap = emitter.node("Cast", [winner], { to: { int: 1 } }); // [N*C,P*Q]
  const number = (value: number): string => emitter.float32([value], [1, 1]);
  // tap = r kernel + s, pixel = (p stride - padding + r) W + q stride - padding + s = start + tap + r (W - kernel)
  const row = emitter.node("Floor", [
    emitter.node("Mul", [emitter.node("Add", [tap, number(0.5)]), number(1 / kernel)]),
  ]);
  const start = Float32Array.from(
    { length: P * Q },
    (_, i) => (Math.floor(i / Q) * stride - padding) * W + (i % Q) * stride - padding,
  );
  const pixel = emitter.node("Add", [
    emitter.node("Add", [tap, emitter.float32(start, [1, P * Q])]),
    emitter.node("Mul", [row, number(W - kernel)]),
  ]);
  return emitter.node("Reshape", [pixel, emitter.int64([N, C, P, Q])]);
}

function winnersOf(x: Float64Array, { kernel, stride, padding }: MaxPoolAttrs, y: Value): Float64Array {
  const [, , H, W] = y.inputs[0].shape;
  const [N, C, P, Q] = y.shape;
  const winners = new Float64Array(sizeOf(y.shape));
  for (let map = 0; map < N * C; map++)
    for (let p = 0; p < P; p++)
      for (let q = 0; q < Q; q++) {
        let winner = -1;
        for (let h = Math.max(0, p * stride - padding); h < Math.min(H, p * stride - padding + kernel); h++)
          for (let w = Math.max(0, q * stride - padding); w < Math.min(W, q * stride - padding + kernel); w++)
            if (winner < 0 || x[map * H * W + h * W + w] > x[map * H * W + winner]) winner = h * W + w;
        winners[(map * P + p) * Q + q] = winner;
      }
  return winners;
}
