/** A seed for a step and a use: murmur's finaliser over the three numbers. */
export function mixSeed(seed: number, step: number, stream: number): number {
  let h = seed >>> 0;
  for (const part of [step, stream]) {
    h = Math.imul(h ^ part, 0x9e3779b1) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 0;
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) >>> 0;
    h = (h ^ (h >>> 16)) >>> 0;
  }
  return h;
}
