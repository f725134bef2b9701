/**
 * Rows that were fetched once and are kept. SVMs are solved on rows of few pixels, the same ones again and again, and where rows lie with
 * others, each costs its way.
 */

import { tensor } from "../../tensor/tensor.ts";
import { denseFeatures } from "../denseFeatures.ts";
import { type Pixels, withMembers } from "../pixels.ts";
import { checkIndex } from "../ranges.ts";

/** Features from which all rows are made, where these take less than the rows. */
export interface WholeMaps {
  readonly bytes: number;
  /** The same pixels, computed on here. */
  fetch(): Promise<Pixels>;
}

/** `own` with rows that are fetched once, of which `bytes` are kept: all of them, as rows or as `maps`, or the last ones fetched. */
export function withKeptRows(own: Pixels, bytes: number, maps?: WholeMaps): Pixels {
  if (maps !== undefined && maps.bytes <= bytes) return withAllRows(own, maps.fetch);
  const places = Math.floor(bytes / (own.channels * Float32Array.BYTES_PER_ELEMENT));
  if (places < 1) return own;
  return places < own.pixels ? withLastRows(own, places) : withAllRows(own, () => allRows(own));
}

/** Rows of a message, in numbers. */
const FETCHED = 1 << 24;

/** All rows, dense. */
async function allRows(own: Pixels): Promise<Pixels> {
  const { pixels, channels, blas } = own;
  const all = tensor([pixels, channels]);
  const each = Math.max(1, Math.floor(FETCHED / channels));
  for (let start = 0; start < pixels; start += each) {
    const end = Math.min(pixels, start + each);
    const index = Int32Array.from({ length: end - start }, (_, i) => start + i);
    await own.rows(index, all.data.subarray(start * channels, end * channels));
  }
  return denseFeatures(all, { blas });
}

/**
 * All rows are fetched when the first are asked for. What Newton's method asks, step after step, is computed from them: to ask those who hold the pixels would
 * be a way there and back each time, with numbers of all pixels. Passes are left to them, and are not dear: few passes would need more rows.
 */
function withAllRows(own: Pixels, fetch: () => Promise<Pixels>): Pixels {
  let fetched: Promise<Pixels> | undefined;
  const rows = (): Promise<Pixels> => {
    fetched ??= fetch();
    return fetched;
  };
  return withMembers(own, {
    passCost: "cheap",
    scores: async (...given) => (await rows()).scores(...given),
    gradient: async (...given) => (await rows()).gradient(...given),
    rows: async (...given) => (await rows()).rows(...given),
    rowSums: async (...given) => (await rows()).rowSums(...given),
  });
}

/** As caches of processors do: every pixel has one of `places`, which it shares with few others. */
function withLastRows(own: Pixels, places: number): Pixels {
  const { pixels, channels } = own;
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
