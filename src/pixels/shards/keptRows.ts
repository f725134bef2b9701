/**
 * Rows that were fetched once and are kept. SVMs are solved on rows of few pixels, the same ones again and again, and where rows lie with
 * others, each costs its way. Kept as caches of processors do: every pixel has one place, which it shares with few others, or with none.
 */

import { type Pixels, withMembers } from "../pixels.ts";
import { checkIndex } from "../ranges.ts";

/**
 * `own`, whose rows are fetched only where they are not among the last ones fetched, of which `bytes` are kept. Where these are all there are, passes are
 * no longer dear: each is a way there and back, and rows, which few passes would need more of, cost none.
 */
export function withKeptRows(own: Pixels, bytes: number): Pixels {
  const { pixels, channels } = own;
  const places = Math.min(pixels, Math.floor(bytes / (channels * Float32Array.BYTES_PER_ELEMENT)));
  if (places < 1) return own;
  // Memory that is never written takes none.
  const kept = new Float32Array(places * channels);
  /** The pixel at each place, or -1. */
  const pixelAt = new Int32Array(places).fill(-1);
  const isKept = (n: number): boolean => pixelAt[n % places] === n;
  const row = (n: number): Float32Array => {
    const from = (n % places) * channels;
    return kept.subarray(from, from + channels);
  };
  return withMembers(own, {
    passCost: places === pixels ? "cheap" : own.passCost,
    async rows(index, out = new Float32Array(index.length * channels)) {
      checkIndex(index, pixels);
      const missing = index.filter((n) => !isKept(n));
      // Before anything is awaited: another call may take a place meanwhile.
      const positions = new Int32Array(missing.length);
      for (let i = 0, m = 0; i < index.length; i++)
        if (isKept(index[i])) out.set(row(index[i]), i * channels);
        else positions[m++] = i;
      if (missing.length === 0) return out;
      const fetched = await own.rows(missing, missing.length === index.length ? out : undefined);
      for (let m = 0; m < missing.length; m++) {
        const found = fetched.subarray(m * channels, (m + 1) * channels);
        if (fetched !== out) out.set(found, positions[m] * channels);
        row(missing[m]).set(found);
        pixelAt[missing[m] % places] = missing[m];
      }
      return out;
    },
  });
}
