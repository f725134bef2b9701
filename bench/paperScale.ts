/**
 * The paper's own setting: a StyleGAN2 of the full shape of FFHQ's (config-f, 1024 px, random weights), its last five resolutions (992
 * channels) at 256 x 256, K0 = 100, every pixel or some.
 *
 *     npx tsx bench/paperScale.ts <folder> [--images 256] [--pixels n] [--memory GB] [--clusters 100] [--tolerance 1e-3]
 *
 * Time, memory and disk are what it measures: random weights have no parts. The network is written to <folder>/network.safetensors, the
 * project to <folder>/project. A killed run continues with the same command; <folder>/phases.json adds up the time of all of them.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportSafetensors } from "../src/gan/exportNetwork.ts";
import { clusterJob } from "../src/project/cluster/clusterJob.ts";
import { randomNetwork } from "./randomNetwork.ts";

const args = process.argv.slice(2);
const value = (flag: string, otherwise: number): number => {
  const at = args.indexOf(flag);
  return at < 0 ? otherwise : Number(args.splice(at, 2)[1]);
};
const images = value("--images", 256);
const pixels = value("--pixels", 0);
const memory = value("--memory", 4);
const clusters = value("--clusters", 100);
const tolerance = value("--tolerance", 1e-3);
const threads = value("--threads", 2);
const [folder] = args;
if (folder === undefined) throw new Error("give a folder");

mkdirSync(folder, { recursive: true });
const network = join(folder, "network.safetensors");
if (!existsSync(network)) writeFileSync(network, exportSafetensors(randomNetwork(1024, 512)));

interface Phase {
  seconds: number;
  cpu: number;
  peak: number;
}
const log = join(folder, "phases.json");
const phases: Record<string, Phase> = existsSync(log) ? JSON.parse(readFileSync(log, "utf8")) : {};
let last = performance.now();
let lastCpu = process.cpuUsage();
let peak = 0;
const sampler = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 500);
let shown = 0;
const note = (name: string, done: number, total: number, text: string): void => {
  const now = performance.now();
  const { user, system } = process.cpuUsage(lastCpu);
  peak = Math.max(peak, process.memoryUsage.rss());
  phases[name] ??= { seconds: 0, cpu: 0, peak: 0 };
  const phase = phases[name];
  phase.seconds += (now - last) / 1000;
  phase.cpu += (user + system) / 1e6;
  phase.peak = Math.max(phase.peak, peak);
  last = now;
  lastCpu = process.cpuUsage();
  peak = 0;
  if (now - shown < 5000 && done !== total) return;
  shown = now;
  writeFileSync(log, JSON.stringify(phases));
  console.log(`${(now / 1000).toFixed(0)} s  ${name} ${done}/${total} ${text}`);
};

const outdir = join(folder, "project");
await clusterJob(
  {
    network,
    outdir,
    latent: "normal",
    seeds: Array.from({ length: images }, (_, i) => i),
    class: null,
    truncationPsi: null,
    truncationCutoff: null,
    noiseMode: "const",
    layers: "auto",
    resolution: 256,
    pixelStride: 1,
    pixels: pixels || null,
    initialClusters: clusters,
    seed: 0,
    criterion: "paper",
    balance: 0,
    filter: false,
    tolerance,
    minClusters: 2,
    minIou: null,
    memory: memory * 1e9,
    keepFeatures: true,
    provider: "cpu",
    threads,
    command: "bench/paperScale.ts",
  },
  { onProgress: ({ phase, done, total, note: text = "" }) => note(phase, done, total, text) },
);
clearInterval(sampler);
writeFileSync(log, JSON.stringify(phases));

const clustered = pixels || images * 256 ** 2;
console.log(`\n| phase | wall s | CPU s | peak RSS, GB | pixels/s |\n| --- | --- | --- | --- | --- |`);
let total = 0;
for (const [name, { seconds, cpu, peak: most }] of Object.entries(phases)) {
  total += seconds;
  const rate = Math.round(clustered / seconds);
  console.log(`| ${name} | ${seconds.toFixed(1)} | ${cpu.toFixed(1)} | ${(most / 1e9).toFixed(2)} | ${rate} |`);
}
const features = join(outdir, "features");
const disk = existsSync(features)
  ? readdirSync(features).reduce((sum, name) => sum + statSync(join(features, name)).size, 0)
  : 0;
console.log(
  `| all | ${total.toFixed(0)} | | | ${Math.round(clustered / total)} |\n\nfeatures on disk: ${(disk / 1e9).toFixed(2)} GB`,
);
