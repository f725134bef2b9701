import type { Opcode } from "./pickleLayout.ts";

/** Uniform on [0,1). */
export type Random = () => number;

/** mulberry32: small, and the same everywhere. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const below = (random: Random, n: number): number => Math.floor(random() * n);
export const pick = <T>(random: Random, items: readonly T[]): T => items[below(random, items.length)]!;

const concat = (...parts: readonly Uint8Array[]): Uint8Array => {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};

export const replaced = (bytes: Uint8Array, start: number, end: number, by: Uint8Array): Uint8Array =>
  concat(bytes.subarray(0, start), by, bytes.subarray(end));

/** Values at which lengths, counts and indices break. */
const EDGES = [0, 1, 2, 7, 8, 127, 128, 255, 256, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 53, 2 ** 63];

export function edgeBytes(random: Random, width: number): Uint8Array {
  const out = new Uint8Array(width);
  let value = BigInt(pick(random, EDGES));
  for (let i = 0; i < width; i++, value >>= 8n) out[i] = Number(value & 255n);
  return out;
}

const ascii = (text: string) => new TextEncoder().encode(text);
const ATTACKS: readonly Uint8Array[] = [
  ascii("cos\nsystem\n"),
  ascii("cbuiltins\nexec\n"),
  ascii("ctorch.storage\n_load_from_bytes\n"),
  ascii("ccollections\nOrderedDict\n)R"),
  ascii("cnumpy.core.multiarray\n_reconstruct\n"),
  ascii("ctorch_utils.persistence\n_reconstruct_persistent_obj\n"),
];

/** Every byte that begins a known opcode. */
const CODES = [..."(NJKMGXBCUT])}tasuqhjrcRbQ012e."]
  .map((c) => c.charCodeAt(0))
  .concat([0x80, 0x81, 0x85, 0x86, 0x87])
  .concat([0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95]);

/** One change to the structure of a pickle within `bytes`, whose opcodes are given. */
export function mutatePickle(bytes: Uint8Array, opcodes: readonly Opcode[], random: Random): Uint8Array {
  const one = pick(random, opcodes);
  const other = pick(random, opcodes);
  const code = (opcode: Opcode) => bytes.slice(opcode.start, opcode.end);
  switch (below(random, 8)) {
    case 0: // left out
      return replaced(bytes, one.start, one.end, new Uint8Array(0));
    case 1: // twice
      return replaced(bytes, one.end, one.end, code(one));
    case 2: // another one in its place
      return replaced(bytes, one.start, one.end, code(other));
    case 3: // another one before it
      return replaced(bytes, one.start, one.start, code(other));
    case 4: // a run copied elsewhere
      return replaced(
        bytes,
        one.start,
        one.start,
        bytes.slice(Math.min(one.start, other.start), Math.max(one.end, other.end)),
      );
    case 5: // another code, the argument stays
      return replaced(bytes, one.start, one.start + 1, Uint8Array.of(pick(random, CODES)));
    case 6: // an edge as length, count or index
      return one.end > one.argument
        ? replaced(bytes, one.argument, one.end, edgeBytes(random, Math.min(8, one.end - one.argument)))
        : replaced(
            bytes,
            one.start,
            one.start,
            concat(Uint8Array.of(pick(random, [0x4a, 0x8a, 0x68])), edgeBytes(random, 5)),
          );
    default:
      return replaced(bytes, one.start, one.start, pick(random, ATTACKS));
  }
}

/** One change that knows nothing of the format. */
export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const at = below(random, bytes.length);
  const out = bytes.slice();
  switch (below(random, 5)) {
    case 0:
      out[at]! ^= 1 << below(random, 8);
      return out;
    case 1:
      out[at] = below(random, 256);
      return out;
    case 2:
      return bytes.slice(0, at);
    case 3:
      return replaced(bytes, at, Math.min(bytes.length, at + 1 + below(random, 16)), new Uint8Array(0));
    default: {
      const width = pick(random, [1, 2, 4, 8]);
      return replaced(bytes, at, Math.min(bytes.length, at + width), edgeBytes(random, width));
    }
  }
}
