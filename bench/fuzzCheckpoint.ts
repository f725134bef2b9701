/**
 * Changes good checkpoints at random, knowing their structure, and reads them: every file must load or be refused with a
 * CheckpointError, quickly; and a zip archive, whose records have checksums, must give the same tensors if it loads.
 * `npx tsx bench/fuzzCheckpoint.ts [--runs 200000] [--seed 1] [--only run]`.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { zipSync } from "fflate";
import { readCheckpoint } from "../src/checkpoint/readCheckpoint.ts";
import { writeSafetensors } from "../src/checkpoint/safetensors.ts";
import { CheckpointError } from "../src/checkpoint/stateDict.ts";
import { readZip } from "../src/checkpoint/zip.ts";
import { tensor } from "../src/tensor/tensor.ts";
import {
  numpyArray,
  tinyLegacy,
  tinyNvidia,
  tinyState,
  tinyTensorflow,
  tinyTraining,
  tinyZip,
} from "../tests/checkpoint/tinyFiles.ts";
import { below, mutateBytes, mutatePickle, pick, type Random, randomOf } from "./fuzz/mutate.ts";
import { type Opcode, pickleLayout } from "./fuzz/pickleLayout.ts";

const MAX_MILLISECONDS = 2000;
const MAX_CHANGES = 4;
/** Of the files beside the repository, only those that are small enough for many runs. */
const MAX_FIXTURE_BYTES = 60_000;

interface Seed {
  readonly name: string;
  mutate(random: Random): { readonly bytes: Uint8Array; readonly checksummed: boolean };
}

const args = process.argv.slice(2);
const option = (flag: string, otherwise: number): number =>
  args.includes(flag) ? Number(args[args.indexOf(flag) + 1]) : otherwise;
const runs = option("--runs", 200_000);
const seed = option("--seed", 1);
const only = option("--only", -1);

const goodFiles = files();
const seeds = goodFiles.flatMap(([name, bytes]) => copies(name, bytes));
const digestOfGood = new Map(goodFiles.map(([name, bytes]) => [name, digestOf(bytes)]));
console.log(`seed ${seed}, ${runs} runs over ${seeds.length} files`);
let loaded = 0;
let slowest = 0;
let failures = 0;
const started = performance.now();
if (only >= 0) attempt(only);
else for (let run = 0; run < runs; run++) attempt(run);
console.log(
  `${loaded} loaded, the others were refused; ${failures} failures; slowest ${slowest.toFixed(0)} ms; ` +
    `${((performance.now() - started) / 1000).toFixed(0)} s; peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`,
);
process.exitCode = failures > 0 ? 1 : 0;

function attempt(run: number): void {
  const random = randomOf(seed * 0x9e3779b1 + run);
  const file = pick(random, seeds);
  const { bytes, checksummed } = file.mutate(random);
  const start = performance.now();
  try {
    const digest = digestOf(bytes);
    loaded++;
    if (checksummed && digest !== digestOfGood.get(file.name)) report(run, file, "loads with other tensors");
  } catch (error) {
    if (!(error instanceof CheckpointError))
      report(run, file, error instanceof Error ? `${error.stack}` : String(error));
  }
  const milliseconds = performance.now() - start;
  slowest = Math.max(slowest, milliseconds);
  if (milliseconds > MAX_MILLISECONDS) report(run, file, `took ${milliseconds.toFixed(0)} ms`);
}

function report(run: number, file: Seed, what: string): void {
  failures++;
  console.log(`run ${run} (${file.name}): ${what}`);
}

/** Names, shapes and values of all tensors. */
function digestOf(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (const [network, tensors] of readCheckpoint(bytes).networks)
    for (const [name, lazy] of tensors) {
      const { dtype, shape, data } = lazy.read();
      lines.push(
        `${network}/${name} ${dtype} [${shape}] ${data.length < 64 ? data.join() : `${data[0]} ${data.at(-1)} ${sum(data)}`}`,
      );
    }
  return lines.join("\n");
}

function sum(data: Iterable<number | bigint>): number {
  let total = 0;
  for (const value of data) total += Number(value);
  return total;
}

function files(): [string, Uint8Array][] {
  const found: [string, Uint8Array][] = [
    ["tiny NVIDIA pickle", tinyNvidia()],
    ["tiny TensorFlow pickle", tinyTensorflow()],
    ["tiny TensorFlow pickle in Fortran order", tinyTensorflow(numpyArray([2, 2], [1, 2, 3, 4], true))],
    ["tiny plain pickle", tinyState()],
    ["tiny legacy .pth", tinyLegacy()],
    ["tiny training .pt", tinyTraining()],
    ["tiny zip .pth", tinyZip()],
    [
      "tiny safetensors",
      writeSafetensors(
        new Map([
          ["a", tensor([2, 2])],
          ["b", tensor([3])],
        ]),
        { family: "x" },
      ),
    ],
  ];
  for (const folder of ["bad", "dtype"]) {
    const path = resolve(import.meta.dirname, "../../shared/fixtures/checkpoints", folder);
    for (const name of existsSync(path) ? readdirSync(path) : []) {
      const bytes = new Uint8Array(readFileSync(resolve(path, name)));
      if (/^(accept|dtypes).*\.(pkl|pth)$/.test(name) && bytes.length <= MAX_FIXTURE_BYTES) found.push([name, bytes]);
    }
  }
  return found;
}

/** Small files are read faster, so they are taken more often. */
function copies(name: string, bytes: Uint8Array): Seed[] {
  return new Array<Seed>(bytes.length < 10_000 ? 8 : 1).fill(seedOf(name, bytes));
}

function seedOf(name: string, bytes: Uint8Array): Seed {
  if (bytes[0] === 0x50) return zipSeed(name, bytes);
  const opcodes = allOpcodes(bytes);
  const mutate = (random: Random) => {
    let changed =
      opcodes.length > 0 && random() < 0.7 ? mutatePickle(bytes, opcodes, random) : mutateBytes(bytes, random);
    for (let more = random() < 0.6 ? 0 : below(random, MAX_CHANGES); more > 0; more--) {
      const again = opcodes.length > 0 && random() < 0.5 ? allOpcodes(changed) : [];
      changed = again.length > 0 ? mutatePickle(changed, again, random) : mutateBytes(changed, random);
    }
    return { bytes: changed, checksummed: false };
  };
  return { name, mutate };
}

/** Half of the runs change the archive, whose checksums stay; half change the pickle in it and seal it again. */
function zipSeed(name: string, bytes: Uint8Array): Seed {
  const records = Object.fromEntries([...readZip(bytes)].map(([record, { read }]) => [record, new Uint8Array(read())]));
  const object = Object.keys(records).find((record) => record.endsWith("/data.pkl"))!;
  const pickle = seedOf(`${name}: data.pkl`, records[object]!);
  const mutate = (random: Random) => {
    if (random() < 0.5) {
      let changed = mutateBytes(bytes, random);
      if (random() < 0.3) changed = mutateBytes(changed, random);
      return { bytes: changed, checksummed: true };
    }
    return { bytes: zipSync({ ...records, [object]: pickle.mutate(random).bytes }, { level: 0 }), checksummed: false };
  };
  return { name, mutate };
}

/** Of the pickle and, where it is a torch stream, of those that follow. */
function allOpcodes(bytes: Uint8Array): Opcode[] {
  const opcodes: Opcode[] = [];
  for (let part = 0, at = 0; part < 5 && bytes[at] === 0x80; part++) {
    const layout = pickleLayout(bytes, at);
    opcodes.push(...layout.slice(1));
    at = layout.at(-1)?.end ?? bytes.length;
  }
  return opcodes;
}
