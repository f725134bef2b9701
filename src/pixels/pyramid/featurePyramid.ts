/** Pyramids made from the feature maps of a generator. */

import { addResized, linearMap } from "../../numeric/bilinear.ts";
import { type Blas, plainBlas } from "../../numeric/blas.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Pixels } from "../pixels.ts";
import { pyramidFeatures } from "./pyramid.ts";
import type { PyramidData, PyramidLevel } from "./pyramidData.ts";

/** At which resolution the pixels lie, and what computes. */
export interface FeaturePyramidOptions {
  /** R: every image gives R x R pixels to cluster. */
  readonly resolution: number;
  readonly blas?: Blas;
}

/**
 * The features of a generator: `layers` of square maps [N,C,h,h] (NCHW, one N for all) that stand for the D = sum of C channels of
 * N R^2 pixels, were each layer resized to R x R (bilinear, align_corners = true, no antialias) and their channels concatenated
 * in layer order. Pixel index = (image * R + row) * R + column.
 *
 * The dense matrix is never made. Resizing is linear and acts on pixels, a classifier is linear and acts on channels, so they
 * commute: scores are computed at each layer's own resolution and their K maps resized, and the gradient by the adjoint. Only a
 * layer larger than R is resized beforehand, once. The layers are copied.
 *
 * Throws RangeError when shapes do not fit, or a value is NaN or infinite.
 */
export function featurePyramid(layers: readonly Tensor[], options: FeaturePyramidOptions): Pixels {
  const { resolution, blas = plainBlas() } = options;
  const builder = pyramidBuilder({
    images: layers[0]?.shape[0] ?? 0,
    layers: layers.map(({ shape }) => ({ channels: shape[1], size: shape[2] })),
    resolution,
  });
  builder.add(0, layers);
  return pyramidFeatures(builder.finish(), blas);
}

export interface PyramidBuilderOptions {
  /** N, the images that will be added. */
  readonly images: number;
  /** C and h of each layer. */
  readonly layers: readonly { readonly channels: number; readonly size: number }[];
  /** R. */
  readonly resolution: number;
  /** Keep the data where other threads can read them. Default false. */
  readonly shared?: boolean;
}

/** Gathers a pyramid from batches of images, so that the layers are never held whole beside it. */
export interface PyramidBuilder {
  /** Copies `layers`, each [n,C,h,h] float32, as the images `first` to `first + n`. Throws RangeError for other shapes, or NaN. */
  add(first: number, layers: readonly Tensor[]): void;
  /** The data of all images. Throws RangeError when images are missing. */
  finish(): PyramidData;
}

/** An empty pyramid, to be filled. Throws RangeError for impossible shapes. */
export function pyramidBuilder({ images, layers, resolution, shared = false }: PyramidBuilderOptions): PyramidBuilder {
  if (layers.length === 0) throw new RangeError("featurePyramid: expected at least one layer");
  if (!Number.isInteger(resolution) || resolution < 1)
    throw new RangeError(`featurePyramid: resolution must be a positive integer, got ${resolution}`);
  const levels: PyramidLevel[] = [];
  let channels = 0;
  for (const [i, layer] of layers.entries()) {
    if (!(images * layer.channels * layer.size > 0))
      throw new RangeError(
        `featurePyramid: layer ${i} must be float32 [images, channels, size, size], got [${images},${layer.channels},${layer.size},${layer.size}]`,
      );
    const size = Math.min(layer.size, resolution);
    const length = images * size * size * layer.channels;
    const data = shared
      ? new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT))
      : new Float32Array(length);
    levels.push({ size, channels: layer.channels, first: channels, data });
    channels += layer.channels;
  }
  const added = new Uint8Array(images);
  return {
    add(first, maps) {
      if (maps.length !== layers.length)
        throw new RangeError(`featurePyramid: expected ${layers.length} layers, got ${maps.length}`);
      const n = maps[0].shape[0];
      for (const [i, map] of maps.entries()) addMaps(levels[i], map, i, first, n, layers[i].size);
      added.fill(1, first, first + n);
    },
    finish() {
      const missing = added.indexOf(0);
      if (missing >= 0) throw new RangeError(`featurePyramid: image ${missing} was not added`);
      return { images, resolution, levels };
    },
  };
}

/** Checks one layer of `n` images, resizes it down to the level's size where it is larger, and makes it channel-last. */
function addMaps(level: PyramidLevel, layer: Tensor, index: number, first: number, n: number, side: number): void {
  const { size, channels, data } = level;
  const [images, , height, width] = layer.shape;
  if (
    layer.dtype !== "float32" ||
    layer.shape.length !== 4 ||
    images !== n ||
    layer.shape[1] !== channels ||
    height !== side ||
    width !== side
  )
    throw new RangeError(
      `featurePyramid: layer ${index} must be float32 [${n},${channels},${side},${side}], got ${layer.dtype} [${layer.shape}]`,
    );
  if (layer.data.length !== n * channels * side * side)
    throw new RangeError(
      `featurePyramid: layer ${index}: shape [${layer.shape}] does not fit ${layer.data.length} elements`,
    );
  const area = size * size;
  if (!(first >= 0 && (first + n) * area * channels <= data.length))
    throw new RangeError(
      `featurePyramid: images ${first} to ${first + n} are outside the ${data.length / (area * channels)}`,
    );
  const source = linearMap(side, size);
  const plane = new Float32Array(area);
  for (let image = 0; image < n; image++)
    for (let c = 0; c < channels; c++) {
      const from = (image * channels + c) * side * side;
      for (let i = from; i < from + side * side; i++)
        if (!Number.isFinite(layer.data[i])) {
          const row = Math.floor((i - from) / side);
          throw new RangeError(
            `featurePyramid: layer ${index}, image ${first + image}, channel ${c}, row ${row}, column ${(i - from) % side} is ` +
              `${layer.data[i]}; expected finite features`,
          );
        }
      let values = layer.data;
      let at = from;
      if (size !== side) {
        plane.fill(0);
        addResized(layer.data, from, 1, source, plane, 0);
        values = plane;
        at = 0;
      }
      for (let pixel = 0; pixel < area; pixel++)
        data[((first + image) * area + pixel) * channels + c] = values[at + pixel];
    }
}
