/**
 * A data set with known truth as one .npz for `klish evaluate clusters --features`: its layers (or points) and `truth`.
 *
 * npx tsx bench/fixtureNpz.ts <set> <file.npz>
 */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { zipSync } from "fflate";

const ROOT = resolve(import.meta.dirname, "../../shared/fixtures/klish");
const [name, file] = process.argv.slice(2);
if (name === undefined || file === undefined) throw new Error("usage: npx tsx bench/fixtureNpz.ts <set> <file.npz>");

interface Layer {
  readonly file: string;
  readonly dtype: "f16" | "f32";
  readonly shape: readonly number[];
}
const read = (path: string): Uint8Array => new Uint8Array(readFileSync(resolve(ROOT, name, path)));
const meta = JSON.parse(new TextDecoder().decode(read("meta.json")));
const layers: Layer[] = meta.layers?.length
  ? meta.layers
  : [{ file: "points.f32", dtype: "f32", shape: [meta.N, meta.D] }];

/** NumPy's format 1.0: a header padded to 64 bytes, then the numbers. */
function npy(descr: string, shape: readonly number[], data: Uint8Array): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(", ")},), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const header = new TextEncoder().encode(`${text.padEnd(length - 1)}\n`);
  const bytes = new Uint8Array(10 + length + data.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 255, length >> 8]);
  bytes.set(header, 10);
  bytes.set(data, 10 + length);
  return bytes;
}

const arrays = layers.map((layer, i): [string, Uint8Array] => [
  `layer${i}.npy`,
  npy(layer.dtype === "f16" ? "<f2" : "<f4", layer.shape, read(layer.file)),
]);
const truth = npy("|u1", [meta.N], read("truth.u8"));
writeFileSync(file, zipSync(Object.fromEntries([...arrays, ["truth.npy", truth]]), { level: 0 }));
