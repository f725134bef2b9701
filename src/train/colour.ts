/** Changes of colours as matrices, for values about 0 = grey. */

/** Rows of [red, green, blue, 1]: 3 x 4 numbers. */
export type ColourMatrix = readonly number[];

/** Leaves colours as they are. */
export const IDENTITY: ColourMatrix = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];
/** Adds a number to all three. */
export const translation = (by: number): ColourMatrix => [1, 0, 0, by, 0, 1, 0, by, 0, 0, 1, by];

/** Scales the grey part of a colour and what is left of it: g v v^T + r (I - v v^T), v the grey axis. */
export function alongGrey(grey: number, rest: number): ColourMatrix {
  const [same, other] = [(grey + 2 * rest) / 3, (grey - rest) / 3];
  return [0, 1, 2].flatMap((row) => [0, 1, 2, 3].map((k) => (k === 3 ? 0 : k === row ? same : other)));
}

/** Rotation about the grey axis (Rodrigues' formula). */
export function aboutGrey(angle: number): ColourMatrix {
  const cos = Math.cos(angle);
  const sin = Math.sin(angle) / Math.sqrt(3);
  const same = cos + (1 - cos) / 3;
  const [next, previous] = [(1 - cos) / 3 - sin, (1 - cos) / 3 + sin];
  return [0, 1, 2].flatMap((row) =>
    [0, 1, 2, 3].map((k) => (k === 3 ? 0 : k === row ? same : k === (row + 1) % 3 ? next : previous)),
  );
}

/** The 3 x 4 matrix that applies `second` after `first`. */
export function compose(second: ColourMatrix, first: ColourMatrix): ColourMatrix {
  return [0, 1, 2].flatMap((row) =>
    [0, 1, 2, 3].map((k) => {
      let sum = k === 3 ? second[row * 4 + 3] : 0;
      for (let j = 0; j < 3; j++) sum += second[row * 4 + j] * first[j * 4 + k];
      return sum;
    }),
  );
}
