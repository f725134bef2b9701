/** The class of every pixel of generated images, at any resolution, from a generator's inner maps: a graph for any `PixelModel`. */

import type { LayerInfo } from "../gan/generator.ts";
import type { NetworkRuntime } from "../gan/networkGenerator.ts";
import { graph } from "../graph/graph.ts";
import { constant, input } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { isLinear, networkOf, type PixelModel, pixelScores } from "../models/pixelModel.ts";
import type { PixelScores } from "../models/pixelNetwork.ts";
import { type AxisResize, bilinearAxis, pyramidView, upsamplings } from "../nn/pyramidMaps.ts";
import { resample } from "../nn/resample.ts";
import { compile } from "../runtime/session.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What the classifier says of N images of R x R pixels. */
export interface PixelClasses {
  /** argmax_k of the scores, the first class winning a tie; [N,R,R]. */
  readonly clusters: Uint8Array;
  /** Best score minus second best: how sure it is; [N,R,R]. */
  readonly margin: Float32Array;
  /** Of models that vote: how much the voters differ, in nats; [N,R,R]. */
  readonly disagreement?: Float32Array;
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
  model: PixelModel,
  layers: readonly LayerInfo[],
  resolution: number,
  { runtime, provider, threads, imageResolution = resolution }: PixelClassifierSettings,
): Promise<PixelClassifier> {
  const { k, channels } = model;
  const total = layers.reduce((sum, layer) => sum + layer.channels, 0);
  if (total !== channels)
    throw new RangeError(
      `the classifier has ${channels} channels, the layers ${layers.map((l) => l.name)} have ${total}`,
    );
  if (k > MOST_CLASSES) throw new RangeError(`masks hold at most ${MOST_CLASSES} clusters, the classifier has ${k}`);
  const maps = layers.map(({ channels: C, resolution: h }, i) => input(inputName(i), [1, C, h, h]));
  const { scores, disagreement } = scoreGraph(model, maps, { from: imageResolution, to: resolution });
  const session = await compile(graph({ scores, ...(disagreement && { disagreement }) }), {
    runtime,
    provider,
    dynamicBatch: isLinear(model),
    ...(threads === undefined ? {} : { threads }),
  });
  const run = async (feeds: Readonly<Record<string, Tensor>>): Promise<PixelClasses> => {
    const found = await session.run(feeds);
    const differ = found["disagreement"]?.data as Float32Array | undefined;
    return { ...best(found["scores"] as Tensor), ...(differ && { disagreement: differ }) };
  };
  return {
    async classify(features) {
      const feeds = layers.map(({ name }, i) => [inputName(i), features.get(name) as Tensor] as const);
      if (isLinear(model)) return run(Object.fromEntries(feeds));
      // A network has hundreds of maps as large as the picture: one picture at a time.
      const found: PixelClasses[] = [];
      for (let n = 0; n < feeds[0][1].shape[0]; n++)
        found.push(await run(Object.fromEntries(feeds.map(([name, maps]) => [name, picture(maps, n)]))));
      return gathered(found);
    },
    dispose: () => session.dispose(),
  };
}

const inputName = (i: number): string => `layer${i}`;

/** Maps [1,C,h,h] of one of several pictures. */
function picture({ dtype, shape: [, ...shape], data }: Tensor, n: number): Tensor {
  const length = shape.reduce((a, b) => a * b);
  return { dtype, shape: [1, ...shape], data: data.subarray(n * length, (n + 1) * length) };
}

function gathered(found: readonly PixelClasses[]): PixelClasses {
  const joined = (parts: readonly Float32Array[]): Float32Array => {
    const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  };
  const differ = found.flatMap(({ disagreement }) => (disagreement === undefined ? [] : [disagreement]));
  return {
    clusters: Uint8Array.from(found.flatMap(({ clusters }) => [...clusters])),
    margin: joined(found.map(({ margin }) => margin)),
    ...(differ.length > 0 && { disagreement: joined(differ) }),
  };
}

interface Sides {
  /** Of the generator's images, and of the label maps. */
  readonly from: number;
  readonly to: number;
}

/** Scores [1,K,R,R]. */
function scoreGraph(model: PixelModel, maps: readonly Value[], { from, to: R }: Sides): PixelScores {
  if (isLinear(model)) {
    const axis: AxisResize = (h) => {
      if (from !== R) return product(areaMatrix(from, R), bilinearAxis(h, from), from);
      return upsamplings.bilinear(R)(h);
    };
    return pixelScores(model, pyramidView(maps, R, axis));
  }
  const upsampling = upsamplings[networkOf(model).upsampling];
  const { scores, disagreement } = pixelScores(model, pyramidView(maps, from, upsampling(from)));
  if (from === R) return { scores, ...(disagreement && { disagreement }) };
  const area = constant([R, from], areaMatrix(from, R));
  const smaller = (x: Value): Value => resample(x, area, area);
  return { scores: smaller(scores), ...(disagreement && { disagreement: smaller(disagreement) }) };
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
