/** IEEE 754 half precision (binary16): numbers of 11 significant bits up to 65504, kept as raw bits in a Uint16Array. */

/** The largest finite half. */
export const LARGEST_HALF = 65504;

let table: Float32Array | undefined;

/** The value of each of the 65536 halves. */
export function halfTable(): Float32Array {
  if (table !== undefined) return table;
  table = new Float32Array(65536);
  for (let h = 0; h < 65536; h++) {
    const exponent = (h >> 10) & 31;
    const fraction = h & 1023;
    let magnitude = (1 + fraction / 1024) * 2 ** (exponent - 15);
    if (exponent === 0) magnitude = fraction * 2 ** -24;
    else if (exponent === 31) magnitude = fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
    table[h] = h & 0x8000 ? -magnitude : magnitude;
  }
  return table;
}

/** `out[i]` = the value of the half `bits[i]`, exactly: zeros, infinities and NaN included. */
export function widenHalves(bits: Uint16Array, out: Float32Array = new Float32Array(bits.length)): Float32Array {
  const values = halfTable();
  for (let i = 0; i < bits.length; i++) out[i] = values[bits[i]];
  return out;
}

/** The bits of `values`, rounded to the nearest half, ties to even. What is beyond the range becomes infinite. */
export function roundToHalves(values: Float32Array, out: Uint16Array = new Uint16Array(values.length)): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    const sign = (word >>> 16) & 0x8000;
    const magnitude = word & 0x7fffffff;
    // From 2^-14 to below 65520: re-bias the exponent by 112, add half of the last place less one, and one more for odd ones.
    if (magnitude >= 0x38800000 && magnitude < 0x477ff000) {
      out[i] = sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
    } else if (magnitude > 0x7f800000) out[i] = sign | 0x7e00;
    else if (magnitude >= 0x477ff000) out[i] = sign | 0x7c00;
    else out[i] = sign | roundToEven(Math.abs(values[i]) * 2 ** 24);
  }
  return out;
}

function roundToEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}
