/** Attempts on datasets: changed folders are checked and exported, which must end in faults or clean errors, and agree. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { checkDataset } from "../../src/dataset/check.ts";
import { FAULTS } from "../../src/dataset/faults.ts";
import type { DatasetSink } from "../../src/dataset/format.ts";
import { formats, layouts } from "../../src/dataset/formats/index.ts";
import { insidePath } from "../../src/dataset/insidePath.ts";
import { layoutSource } from "../../src/project/dataset/layoutSource.ts";
import { probe } from "../../src/project/dataset/probe.ts";
import { exportJob } from "../../src/project/dataset/store.ts";
import { verifyJob } from "../../src/project/dataset/verify.ts";
import { ProjectError } from "../../src/project/storage/files.ts";
import { memoryFolder } from "../../tests/contracts/datasetFormat.ts";
import { handmadeDataset } from "../../tests/project/dataset/handmade.ts";
import { datasetSeeds } from "./datasetSeeds.ts";
import { below, pick, type Random, randomOf } from "./mutate.ts";
import { type Files, mutateFiles } from "./mutateDataset.ts";

/** Of the processor for one attempt, so that others on the machine do not count; and by the clock, where one waits for ever. */
const MAX_CPU_MILLISECONDS = 2000;
const MAX_MILLISECONDS = 60_000;
/** One of so many attempts is made on a folder of klish's own, on the disk. */
const OWN = 20;

export interface FuzzResult {
  readonly runs: number;
  /** Those that were checked without an error, and exported. */
  readonly clean: number;
  readonly failures: readonly string[];
  /** Milliseconds of the processor. */
  readonly slowest: number;
}

/** Makes attempts `from` up to `to` of a seed; the same ones every time. `timed`: whether a slow one is a failure. */
export async function fuzzDatasets(
  seed: number,
  from: number,
  to: number,
  { timed, progress }: { timed: boolean; progress?: (run: number) => void },
): Promise<FuzzResult> {
  const folders = [...(await datasetSeeds())];
  const room = await mkdtemp(join(tmpdir(), "klish-fuzz-"));
  const failures: string[] = [];
  let clean = 0;
  let slowest = 0;
  try {
    const own = await readFolder(await handmadeDataset(join(room, "good")));
    for (let run = from; run < to; run++) {
      progress?.(run);
      const random = randomOf(seed * 0x9e3779b1 + run);
      const isOwn = below(random, OWN) === 0;
      const [name, files] = isOwn ? (["dataset of klish", own] as const) : pick(random, folders);
      const changed = mutateFiles(files, random);
      const start = performance.now();
      const before = process.cpuUsage();
      try {
        if (isOwn) await attemptOwn(changed, random, room);
        else if (await attemptForeign(changed, random)) clean++;
      } catch (error) {
        failures.push(`run ${run} (${name}): ${error instanceof Error ? error.stack : String(error)}`);
      }
      const { user, system } = process.cpuUsage(before);
      const cpu = (user + system) / 1000;
      slowest = Math.max(slowest, cpu);
      if (timed && (cpu > MAX_CPU_MILLISECONDS || performance.now() - start > MAX_MILLISECONDS))
        failures.push(`run ${run} (${name}): took ${cpu.toFixed(0)} ms of the processor`);
    }
  } finally {
    await rm(room, { recursive: true, force: true });
  }
  return { runs: to - from, clean, failures, slowest };
}

/** Checks and exports a foreign folder. True where both succeed; rejects where one crashes, or they disagree. */
async function attemptForeign(files: Files, random: Random): Promise<boolean> {
  const folder = memoryFolder(files);
  const format = pick(random, formats);
  let errors: string[] | undefined;
  try {
    const { faults } = await checkDataset(folder, layouts, probe);
    errors = faults
      .filter(({ kind }) => FAULTS[kind].severity === "error")
      .map((f) => `${f.kind} ${f.path}: ${f.found}`);
    for (const { path, found } of faults)
      if (typeof path !== "string" || typeof found !== "string" || path.length + found.length > 2 ** 20)
        throw new Error("a fault that is no line of text");
  } catch (error) {
    if (!(error instanceof RangeError) || !error.message.startsWith("no images with masks")) throw error;
  }
  let refused: string | undefined;
  const written = new Map<string, number>();
  try {
    const source = await layoutSource("set", folder, null, "fuzz", {});
    const writer = format.writer(source.info, memorySink(written));
    for await (const sample of source.samples()) await writer.add(sample);
    await writer.finish();
  } catch (error) {
    if (!isClean(error)) throw error;
    refused = (error as Error).message;
  }
  if (refused === undefined && (errors === undefined || errors.length > 0))
    throw new Error(`export took what check calls an error: ${errors?.[0] ?? "no layout"}`);
  return refused === undefined;
}

/** Errors that say what is wrong with the input. */
const isClean = (error: unknown): boolean =>
  error instanceof ProjectError ||
  (error instanceof RangeError && /^(no images|no dataset format)/.test(error.message));

/** Refuses paths that leave the folder and files that are written twice; keeps the names. */
function memorySink(written: Map<string, number>): DatasetSink {
  const put = (path: string, bytes: number, more: boolean): void => {
    insidePath(path);
    if (!more && written.has(path)) throw new Error(`${path} is written twice`);
    written.set(path, (written.get(path) ?? 0) + bytes);
  };
  return {
    file: async (path, content) => put(path, content.length, false),
    append: async (path, content) => put(path, content.length, true),
    original: async (path, sample, part) => put(path, sample[part].length, false),
  };
}

/** Exports and verifies a dataset of klish's own that was changed. Rejects where one crashes, or writes anywhere else. */
async function attemptOwn(files: Files, random: Random, room: string): Promise<void> {
  const home = join(room, "work");
  await mkdir(join(home, "set"), { recursive: true });
  try {
    for (const [path, content] of files) {
      await mkdir(dirname(join(home, "set", path)), { recursive: true });
      await writeFile(join(home, "set", path), content);
    }
    const from = [join(home, "set")];
    const format = pick(random, formats).name;
    const before = (await readdir(home, { recursive: true })).sort();
    for (const job of [
      () => exportJob({ from, fromFormat: null, recipe: null, format, outdir: join(home, "out"), name: "set" }, {}),
      () => verifyJob({ dataset: from[0], remake: 0, projects: [], network: null, provider: "cpu", threads: 1 }, {}),
    ])
      try {
        await job();
      } catch (error) {
        if (!isClean(error)) throw error;
      }
    const after = (await readdir(home, { recursive: true })).filter((path) => !/^out(\/|$)/.test(path)).sort();
    if (after.join() !== before.join())
      throw new Error(`other files than before: ${after.filter((p) => !before.includes(p)).join()}`);
    if ((await readdir(room)).sort().join() !== "good,work") throw new Error("files beside the folder");
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** All files below a folder. */
async function readFolder(folder: string): Promise<Files> {
  const files = new Map<string, Uint8Array>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) {
      const path = join(entry.parentPath, entry.name);
      files.set(path.slice(folder.length + 1), new Uint8Array(await readFile(path)));
    }
  return files;
}
