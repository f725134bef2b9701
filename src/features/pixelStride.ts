import { RandomState } from "../tensor/random.ts";

/**
 * Indices of a stratified subset of pixels: one pixel, at a random place, of every `stride` x `stride` cell of every
 * image (fewer at the far border). The place is jittered because a fixed stride aliases with the phases of a
 * generator's upsampling. Pixel index = (image * resolution + row) * resolution + column.
 */
export function stridedPixels(images: number, resolution: number, stride: number, seed: number): Int32Array {
  const cells = Math.ceil(resolution / stride);
  const random = new RandomState(seed);
  const index = new Int32Array(images * cells * cells);
  let at = 0;
  for (let image = 0; image < images; image++)
    for (let row = 0; row < cells; row++)
      for (let column = 0; column < cells; column++) {
        const y = row * stride + random.randint(Math.min(stride, resolution - row * stride));
        const x = column * stride + random.randint(Math.min(stride, resolution - column * stride));
        index[at++] = (image * resolution + y) * resolution + x;
      }
  return index;
}
