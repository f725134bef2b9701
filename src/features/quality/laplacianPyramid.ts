/**
 * Laplacian pyramids (Burt and Adelson, 1983): a picture as details at ever lower resolutions. Filter outer(b, b) with
 * b = [1, 4, 6, 4, 1] / 16, borders mirrored at the last pixel.
 */

/** One plane of numbers, [side,side]. */
export interface Plane {
  readonly data: Float32Array;
  readonly side: number;
}

const TAPS = [1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16];
/** Least side of the lowest level. */
const LEAST_SIDE = 16;

/** Sides of the levels: the plane's own, and halved (rounded up) down to 16 or a little more. */
export function pyramidSides(side: number): number[] {
  const sides = [side];
  for (let next = halved(side); next >= LEAST_SIDE; next = halved(next)) sides.push(next);
  return sides;
}

/** Levels of a plane, the highest resolution first: what each adds to the next, enlarged; the last is the plane, shrunk. */
export function laplacianPyramid(plane: Plane): Plane[] {
  const levels: Plane[] = [];
  let current = plane;
  for (const _ of pyramidSides(plane.side).slice(1)) {
    const next = shrunk(current);
    const smooth = enlarged(next, current.side);
    levels.push({ data: current.data.map((v, i) => v - smooth.data[i]), side: current.side });
    current = next;
  }
  levels.push(current);
  return levels;
}

const halved = (side: number): number => Math.ceil(side / 2);

/** Reflects an index at the first and the last pixel: -1 is 1. */
const mirrored = (i: number, length: number): number => {
  const period = Math.max(1, 2 * (length - 1));
  const j = Math.abs(i) % period;
  return j < length ? j : period - j;
};

/** Smoothed, every second pixel. */
const shrunk = ({ data, side }: Plane): Plane => {
  const to = halved(side);
  return bothAxes(data, side, to, (i) => TAPS.map((weight, t) => [mirrored(2 * i + t - 2, side), weight] as const));
};

/** Zeros between the pixels, smoothed, times 4. */
const enlarged = ({ data, side }: Plane, to: number): Plane =>
  bothAxes(data, side, to, (i) =>
    TAPS.flatMap((weight, t) => {
      const place = mirrored(i + t - 2, to);
      return place % 2 === 0 ? [[place / 2, 2 * weight] as const] : [];
    }),
  );

/** Applies a linear map of lines, `from` numbers to `to`, along the rows and then along the columns. */
function bothAxes(
  data: Float32Array,
  from: number,
  to: number,
  weightsOf: (i: number) => readonly (readonly [number, number])[],
): Plane {
  const weights = Array.from({ length: to }, (_, i) => weightsOf(i));
  const rows = new Float32Array(from * to);
  for (let y = 0; y < from; y++)
    for (let x = 0; x < to; x++) {
      let sum = 0;
      for (const [at, weight] of weights[x]) sum += weight * data[y * from + at];
      rows[y * to + x] = sum;
    }
  const out = new Float32Array(to * to);
  for (let y = 0; y < to; y++)
    for (const [at, weight] of weights[y]) for (let x = 0; x < to; x++) out[y * to + x] += weight * rows[at * to + x];
  return { data: out, side: to };
}
