/**
 * The three convolution ops for 3x3 kernels with stride 1 by Winograd's minimal filtering (Lavin and Gray, 2016, "Fast algorithms for
 * convolutional neural networks", F(4x4,3x3)), where that pays: 4x4 pixels of a result take 36 products per pair of channels instead of
 * 144. With a tile x of 6x6 pixels, and a kernel w,
 *
 *   y = A^T (G w G^T * B^T x B) A
 *
 * which is linear in x and in w, so that the transposed matrices give the other two ops. The 36 places of all tiles are 36 products of
 * matrices over channels, and tiles of dilated kernels are no dearer: their pixels lie apart.
 */
import type { Emitter } from "../emitter.ts";
import type { ConvAttrs } from "./convolution.ts";

/** Pixels of a tile of the result, and of the one that it reads, along an axis. */
const [OUT, IN] = [4, 6];
const PLACES = IN * IN;

type Matrix = readonly (readonly number[])[];
const transposed = (m: Matrix): number[][] => m[0].map((_, j) => m.map((row) => row[j]));
const flatOf = (m: Matrix): Float32Array => Float32Array.from(m.flat());

/** B^T [6,6] */
const READ: Matrix = [
  [4, 0, -5, 0, 1, 0],
  [0, -4, -4, 1, 1, 0],
  [0, 4, -4, -1, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 2, -1, -2, 1, 0],
  [0, 4, 0, -5, 0, 1],
];
/** A [6,4] */
const WRITE: Matrix = [
  [1, 0, 0, 0],
  [1, 1, 1, 1],
  [1, -1, 1, -1],
  [1, 2, 4, 8],
  [1, -2, 4, -8],
  [0, 0, 0, 1],
];
/** G [6,3] */
const KERNEL: Matrix = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
];
/** G for both axes of a kernel at once, [36,9]; and transposed. */
const KERNELS = KERNEL.flatMap((down) => KERNEL.map((across) => down.flatMap((a) => across.map((b) => a * b))));
const [TO_PLACES, TO_TAPS] = [flatOf(KERNELS), flatOf(transposed(KERNELS))];

/** Products that take as long as laying out one element of the 36 matrices, measured on a CPU. */
const LAYOUT = 50;
/** By what share of its time the way is worth its rounding, some five times that of plain sums, and its memory, twice the maps. */
const GAIN = 0.4;

/** Whether a convolution is faster in this way, and is so written for the CPU. */
export function winogradPays({ x: [N, I, H, W], w: [O, , R, S], y: [, , P, Q], stride, dilation }: ConvAttrs): boolean {
  if (R !== 3 || S !== 3 || stride !== 1) return false;
  const [down, across] = [P, Q].map((length) => tileStarts(length, dilation).length);
  const tiles = down * across;
  const products = PLACES * tiles * N * I * O;
  const transforms = N * IN * down * W * (I * (H + IN * across) + O * (P + IN * across)) + PLACES * 9 * I * O;
  const elements = PLACES * (tiles * N * (I + O) + I * O);
  return products + transforms + LAYOUT * elements < (1 - GAIN) * 9 * P * Q * N * I * O;
}

/** Whether an op is written in this way. */
export const byWinograd = ({ portable, fixedShapes }: Emitter, attrs: ConvAttrs): boolean =>
  fixedShapes && !portable && winogradPays(attrs);

/** Conv(x, w). */
export function winogradConv(emitter: Emitter, x: string, w: string, attrs: ConvAttrs): string {
  const write = writer(emitter, []);
  const kernels = write.transpose(spreadKernels(write, w, attrs), [0, 2, 1]);
  return collect(write, write.product(spread(write, x, attrs.x, reading(attrs)), kernels), attrs.y, writing(attrs));
}

/** ConvInputGradient(dy, w). */
export function winogradInputGradient(emitter: Emitter, dy: string, w: string, attrs: ConvAttrs): string {
  const write = writer(emitter, BACKWARD);
  const products = write.product(spread(write, dy, attrs.y, writing(attrs)), spreadKernels(write, w, attrs));
  return collect(write, products, attrs.x, reading(attrs));
}

/** ConvWeightGradient(x, dy). */
export function winogradWeightGradient(emitter: Emitter, x: string, dy: string, attrs: ConvAttrs): string {
  const write = writer(emitter, BACKWARD);
  const [O, I] = attrs.w;
  const turned = write.transpose(spread(write, dy, attrs.y, writing(attrs)), [0, 2, 1]);
  const products = write.product(turned, spread(write, x, attrs.x, reading(attrs))); // [36,O,I]
  const taps = write.product(write.matrix(TO_TAPS, 9, PLACES), write.reshape(products, [PLACES, O * I]));
  return write.whole(write.transpose(taps, [1, 0]), attrs.w);
}

/**
 * One more axis, of length 1, in front of all. ONNX Runtime keeps the memory of a result for a later one of the same shape, and computes
 * once what is written twice; a training step would thus keep what is laid out on the way forward, twice the maps and four times the
 * weights, until it comes back.
 */
const BACKWARD = [1];

/** Writes nodes whose shapes begin with `front`, which the others leave out. */
interface Writer {
  reshape(t: string, shape: readonly number[]): string;
  transpose(t: string, perm: readonly number[]): string;
  product(a: string, b: string): string;
  matrix(data: Float32Array, rows: number, columns: number): string;
  /** Without `front`: what an op gives. */
  whole(t: string, shape: readonly number[]): string;
}

const writer = (emitter: Emitter, front: readonly number[]): Writer => ({
  reshape: (t, shape) => emitter.node("Reshape", [t, emitter.int64([...front, ...shape])]),
  transpose: (t, perm) =>
    emitter.node("Transpose", [t], { perm: { ints: [...front.keys(), ...perm.map((axis) => axis + front.length)] } }),
  product: (a, b) => emitter.node("MatMul", [a, b]),
  matrix: (data, rows, columns) => emitter.float32(data, [rows, columns]),
  whole: (t, shape) => emitter.node("Reshape", [t, emitter.int64(shape)]),
});

/** G w G^T of every pair of channels: [36,O,I]. */
function spreadKernels(write: Writer, w: string, { w: [O, I] }: ConvAttrs): string {
  const taps = write.transpose(write.reshape(w, [O * I, 9]), [1, 0]);
  return write.reshape(write.product(write.matrix(TO_PLACES, PLACES, 9), taps), [PLACES, O, I]);
}

/** x [N,C,H,W] as the places of its tiles, along both axes: [36,tiles*N,C]. */
function spread(write: Writer, x: string, [N, C, H, W]: readonly number[], [rows, columns]: Axes): string {
  // Pixels first: then both products run over all samples and channels at once, and channels end up side by side.
  const pixels = write.transpose(write.reshape(x, [N * C, H * W]), [1, 0]);
  const [down, across] = [rows.tiles, columns.tiles];
  const lines = write.product(write.matrix(rows.spread, IN * down, H), write.reshape(pixels, [H, W * N * C]));
  const split = write.reshape(lines, [IN * down, W, N * C]);
  const both = write.product(write.matrix(columns.spread, IN * across, W), split);
  const places = write.transpose(write.reshape(both, [IN, down, IN, across * N * C]), [0, 2, 1, 3]);
  return write.reshape(places, [PLACES, down * across * N, C]);
}

/** The adjoint of `spread`: from the places of tiles [36,tiles*N,C] to sums [N,C,H,W]. */
function collect(write: Writer, places: string, [N, C, H, W]: readonly number[], [rows, columns]: Axes): string {
  const [down, across] = [rows.tiles, columns.tiles];
  const split = write.transpose(write.reshape(places, [IN, IN, down, across * N * C]), [0, 2, 1, 3]);
  const both = write.reshape(split, [IN * down, IN * across, N * C]);
  const lines = write.reshape(write.product(write.matrix(columns.collect, W, IN * across), both), [
    IN * down,
    W * N * C,
  ]);
  const pixels = write.product(write.matrix(rows.collect, H, IN * down), lines);
  return write.whole(write.transpose(write.reshape(pixels, [H * W, N * C]), [1, 0]), [N, C, H, W]);
}

/** From the pixels of an axis to the places of its tiles, [6*tiles,pixels], place by place; and transposed. */
interface Axis {
  readonly tiles: number;
  readonly spread: Float32Array;
  readonly collect: Float32Array;
}
type Axes = readonly [rows: Axis, columns: Axis];

/** By B^T: what tiles read of x. */
const reading = ({ x, y, padding, dilation }: ConvAttrs): Axes => [
  axis(READ, x[2], tileStarts(y[2], dilation), dilation, padding),
  axis(READ, x[3], tileStarts(y[3], dilation), dilation, padding),
];

/** By A: what tiles take of dy. */
const writing = ({ y, dilation }: ConvAttrs): Axes => [
  axis(WRITE, y[2], tileStarts(y[2], dilation), dilation, 0),
  axis(WRITE, y[3], tileStarts(y[3], dilation), dilation, 0),
];

/** The first pixel of every tile of a result; the others follow `dilation` apart. */
function tileStarts(length: number, dilation: number): number[] {
  const starts: number[] = [];
  for (let first = 0; first < Math.min(dilation, length); first++)
    for (let start = first; start < length; start += OUT * dilation) starts.push(start);
  return starts;
}

/** An array is the same constant only as long as it is the same array. */
const known = new Map<string, Axis>();

/** Place r of a tile has the weights tile[r] of its pixels, which begin `padding` before its start; those outside are zero. */
function axis(tile: Matrix, length: number, starts: readonly number[], dilation: number, padding: number): Axis {
  const key = JSON.stringify([tile, length, starts, dilation, padding]);
  const before = known.get(key);
  if (before !== undefined) return before;
  const rows = tile.flatMap((weights) =>
    starts.map((start) => {
      const row = new Array<number>(length).fill(0);
      for (const [i, weight] of weights.entries()) {
        const pixel = start - padding + i * dilation;
        if (pixel >= 0 && pixel < length) row[pixel] = weight;
      }
      return row;
    }),
  );
  const made = { tiles: starts.length, spread: flatOf(rows), collect: flatOf(transposed(rows)) };
  known.set(key, made);
  return made;
}
