import { RandomState } from "../tensor/random.ts";

/**
 * Indices of a stratified subset of pixels: one pixel, at a random place, of every `stride` x `stride` cell of every
 * image (fewer at the far border). The place is jittered because a fixed stride aliases with the phases of a
 * generator's upsampling. Pixel index = (image * resolution + row) * resolution + column.
 */
export function stridedPixels(images: number, resolution: number, stride: number, seed: number): Int32Array {
  const cells = Math.ceil(resolution / stride);
  const bounds = Int32Array.from({ length: cells + 1 }, (_, i) => Math.min(resolution, i * stride));
  return jittered(images, resolution, bounds, bounds, seed);
}

/**
 * The same for about `count` pixels in all: every image is cut into a grid of nearly equal, nearly square cells and gives one pixel of
 * each. At least one pixel of each image, at most all. The number that it comes to is `gridPixels(...)`.
 */
export function stratifiedPixels(images: number, resolution: number, count: number, seed: number): Int32Array {
  const { rows, columns } = stratifiedGrid(images, resolution, count);
  const bounds = (cells: number) =>
    Int32Array.from({ length: cells + 1 }, (_, i) => Math.floor((i * resolution) / cells));
  return jittered(images, resolution, bounds(rows), bounds(columns), seed);
}

/** How many pixels `stratifiedPixels` takes. */
export function gridPixels(images: number, resolution: number, count: number): number {
  const { rows, columns } = stratifiedGrid(images, resolution, count);
  return images * rows * columns;
}

/** The grid that `stratifiedPixels` lays over every image. */
export function stratifiedGrid(
  images: number,
  resolution: number,
  count: number,
): { readonly rows: number; readonly columns: number } {
  const cells = Math.min(resolution ** 2, Math.max(1, count / images));
  const rows = Math.max(1, Math.min(resolution, Math.round(Math.sqrt(cells))));
  return { rows, columns: Math.max(1, Math.min(resolution, Math.round(cells / rows))) };
}

/** One pixel of each cell between the `vertical` and `horizontal` bounds, of every image. */
function jittered(
  images: number,
  resolution: number,
  vertical: Int32Array,
  horizontal: Int32Array,
  seed: number,
): Int32Array {
  const random = new RandomState(seed);
  const index = new Int32Array(images * (vertical.length - 1) * (horizontal.length - 1));
  let at = 0;
  for (let image = 0; image < images; image++)
    for (let row = 0; row + 1 < vertical.length; row++)
      for (let column = 0; column + 1 < horizontal.length; column++) {
        const y = vertical[row] + random.randint(vertical[row + 1] - vertical[row]);
        const x = horizontal[column] + random.randint(horizontal[column + 1] - horizontal[column]);
        index[at++] = (image * resolution + y) * resolution + x;
      }
  return index;
}
