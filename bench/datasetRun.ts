/**
 * A whole dataset, from start to verified end, as a user makes it: `npx tsx bench/datasetRun.ts <generator.onnx> [--count 50000]
 * [--project <folder with labels>] [--outdir <folder>] [--format <name>]`. Without a project the generator is clustered first (64 images,
 * K = 14, fresh labels; not timed). Prints time, throughput, bytes on disk and peak memory of each command; the folder stays.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";

const MAIN = resolve(import.meta.dirname, "../src/cli/main.ts");
const args = process.argv.slice(2);
const option = (name: string, otherwise: string): string => {
  const at = args.indexOf(name);
  return at < 0 ? otherwise : args.splice(at, 2)[1];
};
const base = mkdtempSync(join(tmpdir(), "klish-dataset-run-"));
const count = option("--count", "50000");
const outdir = option("--outdir", join(base, "set"));
const format = option("--format", "");
let project = option("--project", "");
const [network] = args;

interface Ran {
  readonly seconds: number;
  /** Largest resident set in MB; NaN where the system does not tell. */
  readonly peak: number;
  readonly lines: readonly string[];
}

/** Runs `klish`; throws where it fails. */
function klish(...words: string[]): Promise<Ran> {
  const start = performance.now();
  const child = spawn(process.execPath, ["--import", "tsx", MAIN, ...words], { stdio: ["ignore", "pipe", "inherit"] });
  let [output, peak] = ["", Number.NaN];
  const watch = setInterval(() => {
    try {
      const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
      if (kilobytes !== undefined) peak = Number(kilobytes) / 1024;
    } catch {
      // No /proc, or the process has just ended.
    }
  }, 200);
  child.stdout.on("data", (text) => {
    output += text;
  });
  return new Promise((done, failed) => {
    child.on("close", (code) => {
      clearInterval(watch);
      const seconds = (performance.now() - start) / 1000;
      if (code === 0) done({ seconds, peak, lines: output.trim().split("\n") });
      else failed(new Error(`klish ${words.join(" ")} ended with ${code}\n${output}`));
    });
  });
}

/** Bytes of the folder's files, a file with several links once. */
function bytesBelow(folder: string): number {
  const seen = new Set<number>();
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const { size, ino } = statSync(join(entry.parentPath, entry.name));
    if (!seen.has(ino)) bytes += size;
    seen.add(ino);
  }
  return bytes;
}

if (project === "") {
  if (network === undefined || !existsSync(network)) throw new Error("give a generator, or --project <folder>");
  project = join(base, "project");
  const cluster = ["--network", network, "--outdir", project, "--images", "64", "--init-clusters", "40"];
  await klish("cluster", ...cluster, "--provider", "cpu", "--quiet");
  await klish("label", "cut", project, "14", "--provider", "cpu", "--quiet", "--no-preview");
}
console.log(`${cpus()[0]?.model}, ${availableParallelism()} threads; ${count} samples in ${outdir}`);
console.log("| command | seconds | samples/s | peak MB | says |");
console.log("| --- | --- | --- | --- | --- |");
const row = (name: string, { seconds, peak, lines }: Ran): void =>
  console.log(
    `| ${name} | ${seconds.toFixed(1)} | ${(Number(count) / seconds).toFixed(1)} | ${peak.toFixed(0)} | ${lines[0]} |`,
  );
const request = ["--project", project, "--outdir", outdir, "--count", count, "--provider", "cpu"];
row("dataset", await klish("dataset", ...request, "--quiet"));
row("dataset verify", await klish("dataset", "verify", outdir, "--provider", "cpu", "--quiet"));
if (format !== "") row(`dataset --format ${format}`, await klish("dataset", ...request, "--format", format, "--quiet"));
console.log(`${(bytesBelow(outdir) / 1e6).toFixed(1)} MB on disk`);
