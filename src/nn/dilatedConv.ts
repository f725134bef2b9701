import { convAttrs } from "../graph/ops/convolution.ts";
import {
  add,
  concat,
  constant,
  conv,
  expand,
  matmul,
  pad,
  reshape,
  slice,
  transpose,
  withGradient,
} from "../graph/ops/index.ts";
import { winogradPays } from "../graph/ops/winograd.ts";
import type { Value } from "../graph/value.ts";

/** A kernel tap by the way from an output pixel to the pixel that it reads. */
interface Tap {
  readonly down: number;
  readonly right: number;
}

/**
 * Below this share of products with pixels, and not with the zeros around, taps are computed one by one; and below that one where the
 * others take fewer products.
 */
const [SPARSE, SPARSER] = [0.7, 0.35];

/**
 * Correlates x [N,I,H,W] with w [O,I,k,k], k odd, whose taps lie `dilation` apart, padded so that the size stays; and adds a
 * bias [O]. Where dilation is not small against the map, most taps read little but padding (with rate 24 on a map of 16
 * pixels all but the middle one): then each is a product of its own, over those pixels alone that it reads.
 */
export function dilatedConv(
  x: Value,
  w: Value,
  { dilation = 1, bias }: { readonly dilation?: number; readonly bias?: Value } = {},
): Value {
  const [, , H, W] = x.shape;
  const [O, I, k] = w.shape;
  const middle = (k - 1) / 2;
  const taps = Array.from({ length: k * k }, (_, t) => ({
    down: (Math.floor(t / k) - middle) * dilation,
    right: ((t % k) - middle) * dilation,
  }));
  const read = taps.reduce((sum, { down, right }) => sum + pixels(H, down) * pixels(W, right), 0);
  const options = { dilation, padding: middle * dilation };
  const dense = winogradPays(convAttrs("Conv", x.shape, w.shape, options)) ? SPARSER : SPARSE;
  if (read > dense * taps.length * H * W) return conv(x, w, { ...options, ...(bias && { bias }) });

  const live = taps.flatMap((tap, t) => (pixels(H, tap.down) * pixels(W, tap.right) > 0 ? [{ ...tap, t }] : []));
  const weights = split(reshape(w, [O * I, k * k]), live).map((weight) => reshape(weight, [O, I, 1, 1]));
  const y = withGradient(sumOfTaps(x, live, weights), [x, w], (g) => {
    const back = live.map(opposite);
    const turned = weights.map((weight) => transpose(weight, [1, 0, 2, 3]));
    // Channels first, so that one product takes in all samples.
    const [from, to] = [x, g].map((v) => transpose(v, [1, 0, 2, 3]));
    const gradients = live.map((tap, i) =>
      matmul(flat(readBy(back[i], to)), transpose(flat(readBy(tap, from)), [1, 0])),
    );
    return [sumOfTaps(g, back, turned), reshape(joined(gradients, live, k * k), w.shape)];
  });
  return bias === undefined ? y : add(y, reshape(bias, [1, O, 1, 1]));
}

/** Columns [length,1] of w [length,taps], those of the live taps. */
function split(w: Value, live: readonly { readonly t: number }[]): Value[] {
  const [length] = w.shape;
  if (live.length === 1) return [slice(w, [0, live[0].t], [length, 1])];
  // Rows are cut faster than columns.
  const rows = transpose(w, [1, 0]);
  return live.map(({ t }) => reshape(slice(rows, [t, 0], [1, length]), [length, 1]));
}

/** The gradient of the weight, [O,I,taps], from those of the live taps, [O,I] each. */
function joined(gradients: readonly Value[], live: readonly { readonly t: number }[], taps: number): Value {
  const [O, I] = gradients[0].shape;
  if (live.length === 1) return pad(reshape(gradients[0], [O * I, 1]), [0, live[0].t], [0, taps - 1 - live[0].t]);
  const none = expand(constant([1, 1], [0]), [O, I]);
  const all = Array.from({ length: taps }, (_, t) => gradients[live.findIndex((tap) => tap.t === t)] ?? none);
  // Row by row and then turned is faster than joined along the last axis.
  return transpose(reshape(concat(all, 1), [O, taps, I]), [0, 2, 1]);
}

/** How many of `length` pixels in a row have one at this distance. */
const pixels = (length: number, distance: number): number => Math.max(0, length - Math.abs(distance));

const opposite = ({ down, right }: Tap): Tap => ({ down: -down, right: -right });

/** [A,B,h,w] -> [A,B*h*w] */
const flat = (v: Value): Value => reshape(v, [v.shape[0], v.shape[1] * v.shape[2] * v.shape[3]]);

/** The pixels of x [A,B,H,W] that some output pixel reads through the tap. */
function readBy({ down, right }: Tap, x: Value): Value {
  const [A, B, H, W] = x.shape;
  if (down === 0 && right === 0) return x;
  return slice(x, [0, 0, Math.max(0, down), Math.max(0, right)], [A, B, pixels(H, down), pixels(W, right)]);
}

/** sum over taps of weight [O,I,1,1] times the pixels of x that the tap reads, each where it is read. Taps come row by row. */
function sumOfTaps(x: Value, taps: readonly Tap[], weights: readonly Value[]): Value {
  const rows = new Map<number, Value>();
  for (const [i, tap] of taps.entries()) {
    const product = conv(readBy(tap, x), weights[i]);
    const wide = pad(product, [0, 0, 0, Math.max(0, -tap.right)], [0, 0, 0, Math.max(0, tap.right)]);
    const before = rows.get(tap.down);
    rows.set(tap.down, before === undefined ? wide : add(before, wide));
  }
  return [...rows]
    .map(([down, row]) => pad(row, [0, 0, Math.max(0, -down), 0], [0, 0, Math.max(0, down), 0]))
    .reduce((sum, row) => add(sum, row));
}
