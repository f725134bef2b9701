/**
 * The run-length coding of Label Studio's brush labels (thi.ng's rle-pack): an RGBA picture as a bit stream. Header: 32 bits of length,
 * 5 of word size - 1, four times 4 of run sizes - 1. Then runs: a 1, two bits of size class, length - 1 in that many bits, the word;
 * or a 0, size class and length (the same way), and as many words.
 */
import type { LabelMap } from "./labelMap.ts";
import type { Area } from "./painter.ts";

const WORD_BITS = 8;
/** Bits of a run's length, by size class: a run takes the first that holds it. */
const RUN_BITS = [3, 4, 8, 16] as const;

/** The labels of one class, all four bytes 255 inside it and 0 outside. */
export function brushRle({ data }: LabelMap, label: number): Uint8Array {
  const bits = bitWriter();
  bits.put(data.length * 4, 32);
  bits.put(WORD_BITS - 1, 5);
  for (const size of RUN_BITS) bits.put(size - 1, 4);
  for (let i = 0; i < data.length; ) {
    const inside = data[i] === label;
    let end = i + 1;
    while (end < data.length && (data[end] === label) === inside) end++;
    for (let left = (end - i) * 4; left > 0; ) {
      const run = Math.min(left, 2 ** RUN_BITS[3]);
      const size = RUN_BITS.findIndex((b) => run <= 2 ** b);
      bits.put(1, 1);
      bits.put(size, 2);
      bits.put(run - 1, RUN_BITS[size]);
      bits.put(inside ? 255 : 0, WORD_BITS);
      left -= run;
    }
    i = end;
  }
  return bits.bytes();
}

function bitWriter(): { put(value: number, bits: number): void; bytes(): Uint8Array } {
  const bytes: number[] = [];
  let used = 0;
  return {
    put(value, count) {
      for (let bit = count - 1; bit >= 0; bit--, used++) {
        if (used % 8 === 0) bytes.push(0);
        bytes[bytes.length - 1] |= ((value >>> bit) & 1) << (7 - (used % 8));
      }
    },
    bytes: () => Uint8Array.from(bytes),
  };
}

/**
 * What a brush marks in a picture of `pixels` pixels: those whose alpha is not 0. Throws RangeError for bytes of another size, or cut short;
 * the latter when it is painted.
 */
export function brushArea(rle: ArrayLike<number>, pixels: number): Area {
  let at = 0;
  const take = (count: number): number => {
    if (at + count > rle.length * 8) throw new RangeError("the brush's run lengths are cut short");
    let value = 0;
    for (let i = 0; i < count; i++, at++) value = value * 2 + ((rle[at >> 3] >> (7 - (at & 7))) & 1);
    return value;
  };
  const length = take(32);
  if (length !== pixels * 4) throw new RangeError(`the brush has ${length / 4} pixels, expected ${pixels}`);
  const bits = take(5) + 1;
  const sizes = [0, 1, 2, 3].map(() => take(4) + 1);
  return (fill) => {
    for (let i = 0; i < length; ) {
      const repeated = take(1) === 1;
      const run = take(sizes[take(2)]) + 1;
      if (i + run > length) throw new RangeError("the brush's run lengths are too long");
      const end = i + run;
      if (repeated) {
        // The pixels whose fourth byte, the alpha, lies within the run.
        if (take(bits) !== 0) fill(i >> 2, (end >> 2) - (i >> 2));
      } else for (let byte = i; byte < end; byte++) if (take(bits) !== 0 && byte % 4 === 3) fill(byte >> 2, 1);
      i = end;
    }
  };
}
