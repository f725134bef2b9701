/**
 * The class of every pixel of generated images, at any resolution, from a generator's inner maps.
 *
 * Score maps of class k: S_k = sum_l U_l (F_l w_kl) + b_k, with F_l the layer's maps at their own resolution, U_l the bilinear
 * resize (align_corners = true). Resizing is linear over pixels and scoring over channels, so they commute: K score maps are
 * resized, never the channels. The resize is separable: S = sum_l Y_l (F_l w_l) X_l^T, and the sum over the layers is one
 * product of the rows [Y_1 ... Y_L] with the stacked [T_1; ...; T_L], T_l = (F_l w_l) X_l^T.
 */

import type { LayerInfo } from "../gan/generator.ts";
import type { NetworkRuntime } from "../gan/networkGenerator.ts";
import { graph } from "../graph/graph.ts";
import { add, concat, constant, conv, input, matmul } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { linearMap } from "../numeric/bilinear.ts";
import type { LinearClassifier } from "../pixels/linearClassifier.ts";
import { compile } from "../runtime/session.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What the classifier says of N images of R x R pixels. */
export interface PixelClasses {
  /** argmax_k of the scores, the first class winning a tie; [N,R,R]. */
  readonly clusters: Uint8Array;
  /** Best score minus second best: how sure it is; [N,R,R]. */
  readonly margin: Float32Array;
}

/** Classifies every pixel of inner maps, as a graph. */
export interface PixelClassifier {
  /** `features` as a generator returns them: layer name -> [N,C,h,h]. */
  classify(features: ReadonlyMap<string, Tensor>): Promise<PixelClasses>;
  dispose(): Promise<void>;
}

/** Clusters are counted in a byte, and 255 means "ignore". */
const MOST_CLASSES = 255;

/** Where the classifier runs, and for images of which size. */
export interface PixelClassifierSettings extends NetworkRuntime {
  /**
   * Side of the generator's images, where `resolution` is smaller: scores are then averaged over the pixels that a smaller one covers, so
   * that classes lie where the picture has them when it is made smaller. Default `resolution`.
   */
  readonly imageResolution?: number;
}

/**
 * Compiles a classifier over `layers` (in the order in which its channels were learned) for images of `resolution`. Throws RangeError
 * when the channels do not fit.
 */
export async function pixelClassifier(
  { k, channels, weight, bias }: LinearClassifier,
  layers: readonly LayerInfo[],
  resolution: number,
  { runtime, provider, threads, imageResolution = resolution }: PixelClassifierSettings,
): Promise<PixelClassifier> {
  const total = layers.reduce((sum, layer) => sum + layer.channels, 0);
  if (total !== channels)
    throw new RangeError(
      `the classifier has ${channels} channels, the layers ${layers.map((l) => l.name)} have ${total}`,
    );
  if (k > MOST_CLASSES) throw new RangeError(`masks hold at most ${MOST_CLASSES} clusters, the classifier has ${k}`);
  const scores = scoreGraph(weight, bias, layers, { from: imageResolution, to: resolution });
  const session = await compile(graph({ scores }), {
    runtime,
    provider,
    dynamicBatch: true,
    ...(threads === undefined ? {} : { threads }),
  });
  return {
    async classify(features) {
      const feeds = Object.fromEntries(layers.map(({ name }, i) => [inputName(i), features.get(name) as Tensor]));
      return best((await session.run(feeds))["scores"] as Tensor);
    },
    dispose: () => session.dispose(),
  };
}

const inputName = (i: number): string => `layer${i}`;

/** [1,K,R,R]. */
function scoreGraph(
  weight: Float32Array,
  bias: Float32Array,
  layers: readonly LayerInfo[],
  { from, to: R }: { readonly from: number; readonly to: number },
): Value {
  const k = bias.length;
  const channels = weight.length / k;
  const native: Value[] = [];
  const stacked: Value[] = [];
  const rows: number[][] = Array.from({ length: R }, () => []);
  let first = 0;
  for (const [i, { channels: C, resolution: h }] of layers.entries()) {
    const w = new Float32Array(k * C);
    for (let c = 0; c < k; c++) w.set(weight.subarray(c * channels + first, c * channels + first + C), c * C);
    first += C;
    const kernel = constant([k, C, 1, 1], w);
    let scores = conv(input(inputName(i), [1, C, h, h]), kernel);
    // The weights of a resize sum to one, so the bias can be added once, to the smallest maps.
    if (i === 0) scores = add(scores, constant([1, k, 1, 1], bias));
    if (h === R && from === R) {
      native.push(scores);
      continue;
    }
    const resize = from === R ? resizeMatrix(h, R) : product(areaMatrix(from, R), resizeMatrix(h, from), from);
    stacked.push(matmul(scores, constant([h, R], transposed(resize, R, h))));
    for (let y = 0; y < R; y++) rows[y].push(...resize.subarray(y * h, (y + 1) * h));
  }
  if (stacked.length > 0) {
    const tall = stacked.length === 1 ? stacked[0] : concat(stacked, 2);
    native.push(matmul(constant([R, rows[0].length], Float32Array.from(rows.flat())), tall));
  }
  return native.reduce(add);
}

/** [to, from]: at most two weights a row. */
function resizeMatrix(from: number, to: number): Float32Array {
  const { low, fraction } = linearMap(from, to);
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    matrix[i * from + low[i]] += 1 - fraction[i];
    if (from > 1) matrix[i * from + low[i] + 1] += fraction[i];
  }
  return matrix;
}

/** [to, from]: the mean of the pixels that each of fewer ones covers, by how much it covers of them. */
function areaMatrix(from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from);
  const step = from / to;
  for (let i = 0; i < to; i++)
    for (let j = Math.floor(i * step); j < Math.min(from, (i + 1) * step); j++)
      matrix[i * from + j] = (Math.min(j + 1, (i + 1) * step) - Math.max(j, i * step)) / step;
  return matrix;
}

/** [rows,inner] x [inner,columns]. */
function product(a: Float32Array, b: Float32Array, inner: number): Float32Array {
  const [rows, columns] = [a.length / inner, b.length / inner];
  const result = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < inner; k++) {
      const factor = a[i * inner + k];
      if (factor !== 0) for (let j = 0; j < columns; j++) result[i * columns + j] += factor * b[k * columns + j];
    }
  return result;
}

function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = matrix[i * columns + j];
  return result;
}

/** Pixels that are compared at a time: their best and second best stay in the processor's cache. */
const CHUNK = 4096;

function best({ shape, data }: Tensor): PixelClasses {
  const [N, K, H, W] = shape;
  const area = H * W;
  const clusters = new Uint8Array(N * area);
  const margin = new Float32Array(N * area);
  const top = new Float32Array(CHUNK);
  const second = new Float32Array(CHUNK);
  for (let n = 0; n < N; n++)
    for (let start = 0; start < area; start += CHUNK) {
      const count = Math.min(CHUNK, area - start);
      const to = n * area + start;
      const from = n * K * area + start;
      for (let p = 0; p < count; p++) top[p] = data[from + p];
      second.fill(Number.NEGATIVE_INFINITY);
      for (let c = 1; c < K; c++) {
        const at = from + c * area;
        for (let p = 0; p < count; p++) {
          const s = data[at + p];
          if (s > top[p]) {
            second[p] = top[p];
            top[p] = s;
            clusters[to + p] = c;
          } else if (s > second[p]) second[p] = s;
        }
      }
      for (let p = 0; p < count; p++) margin[to + p] = top[p] - second[p];
    }
  return { clusters, margin };
}
