/** Pictures with the class of every pixel, as trainings take them. */
import { type Tensor, tensor } from "../tensor/tensor.ts";

/** A picture with the class of every pixel, squares of the recipe's resolution. */
export interface Example {
  /** [S,S,3] */
  readonly rgb: Uint8Array;
  /** [S,S]; 255: no class. Of a picture without labels everything but 255 says only that the picture is there. */
  readonly labels: Uint8Array;
}

/** RGB bytes [S,S,3] as planes [3,S,S] in [-1,1]. */
export function planesOf(rgb: Uint8Array, side: number): Float32Array {
  const area = side * side;
  return Float32Array.from({ length: 3 * area }, (_, i) => rgb[(i % area) * 3 + Math.floor(i / area)] / 127.5 - 1);
}

/** Planes [3,S,S] in [-1,1] as RGB bytes [S,S,3]; what is beyond is cut off. */
export function rgbOf(planes: ArrayLike<number>): Uint8Array {
  const area = planes.length / 3;
  return Uint8Array.from({ length: 3 * area }, (_, i) => {
    const value = planes[(i % 3) * area + Math.floor(i / 3)];
    return Math.round((Math.min(1, Math.max(-1, value)) + 1) * 127.5);
  });
}

/** Planes [3,S,S] of pictures as one tensor [N,3,S,S]. */
export function stacked(planes: readonly Float32Array[], side: number): Tensor {
  const result = tensor([planes.length, 3, side, side]);
  for (const [n, picture] of planes.entries()) result.data.set(picture, n * picture.length);
  return result;
}
