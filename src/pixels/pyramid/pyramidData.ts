/** Features as levels of their own resolution, channel-last: what a pyramid stores. */

/** One layer at its own resolution, at most R. */
export interface PyramidLevel {
  readonly size: number;
  readonly channels: number;
  /** Where the layer's channels start among the D of all layers. */
  readonly first: number;
  /** Channel-last, [images, size, size, channels]. */
  readonly data: Float32Array;
}

/** What a pyramid is made of: plain data that can be given to another thread. */
export interface PyramidData {
  readonly images: number;
  readonly resolution: number;
  readonly levels: readonly PyramidLevel[];
}
