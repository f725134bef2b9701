/** Levels, of 255, that rounding may move a channel by. */
const ROUNDING = 4;
/** Share of the channels that may be further off: where a class begins, a pixel may fall either way. */
const OFF = 1e-3;

/** Whether two processors painted the same picture. */
export function sameEnough(a: Uint8ClampedArray, b: Uint8ClampedArray): boolean {
  if (a.length !== b.length) return false;
  let off = 0;
  for (let i = 0; i < a.length; i++) if (Math.abs(a[i] - b[i]) > ROUNDING) off++;
  return off <= OFF * a.length;
}
