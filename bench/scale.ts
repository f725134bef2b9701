/**
 * Clustering in shards: what it costs against one process, what its passes move, and where it stops scaling.
 *
 *   npx tsx bench/scale.ts overhead --network anime64.onnx [--images 64] [--clusters 100] [--workers 1,2,4] [--rounds 1]
 *   npx tsx bench/scale.ts growth --network anime64.onnx [--images 16] [--clusters 100] [--workers 1,2,4,8,16] [--share 0.0625]
 *
 * `overhead` runs `klish cluster` on one thread a process, all kinds in turn in every round, and compares the trees (`npm run build` first).
 * `growth` counts bytes and seconds of every pass for n and 2n images, with all rows kept by the coordinator and with none (as for more pixels than it has
 * room for), and puts both into the formula of docs/SCALE.md; between, it runs workers in this process that have a fixed share of a core (they wait after
 * what they computed).
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { klish } from "../src/cluster/klish/klish.ts";
import { decodeMessage } from "../src/pixels/shards/message.ts";
import { ShardCrew, type ShardWorker } from "../src/pixels/shards/shardCrew.ts";
import type { AskShards } from "../src/pixels/shards/shardedPixels.ts";
import type { ShardCall } from "../src/pixels/shards/shardPasses.ts";
import { clusterRequest } from "../src/project/cluster/options.ts";
import { settle } from "../src/project/cluster/request.ts";
import { coordinated, KEPT_ROWS_BYTES, shardSizes } from "../src/project/cluster/workers/openShards.ts";
import { remoteWorker, ShardServer } from "../src/project/cluster/workers/protocol.ts";
import { isSharded, recipeOf } from "../src/project/cluster/workers/recipe.ts";
import { type OpenedNetwork, openNetwork } from "../src/project/network/network.ts";
import { ortNode } from "../src/runtime/ortNode.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    network: { type: "string", default: "portraits" },
    images: { type: "string" },
    clusters: { type: "string", default: "100" },
    shards: { type: "string", default: "16" },
    workers: { type: "string" },
    rounds: { type: "string", default: "1" },
    share: { type: "string", default: "0.0625" },
  },
});
const clusters = Number(values.clusters);
const shards = Number(values.shards);
const listOf = (text: string): number[] => text.split(",").map(Number);

/** Seconds of a round trip, and bytes a second, between machines. */
const LATENCY = 0.005;
const BANDWIDTH = 1.25e8;

if (positionals[0] === "overhead") overhead();
else if (positionals[0] === "growth") await growth();
else throw new Error("say which: overhead or growth");

function overhead(): void {
  const main = resolve(import.meta.dirname, "../dist/cli/main.js");
  const folder = mkdtempSync(join(tmpdir(), "klish-scale-"));
  const kinds: readonly (readonly [string, readonly string[]])[] = [
    ["one process", []],
    ["one process, in shards", ["--shards", String(shards)]],
    ...listOf(values.workers ?? "1,2,4").map(
      (n) => [`${n} workers`, ["--workers", String(n), "--shards", String(shards)]] as const,
    ),
  ];
  const seconds = new Map<string, number[]>(kinds.map(([name]) => [name, []]));
  const trees = new Set<string>();
  try {
    for (let round = 0; round < Number(values.rounds); round++)
      for (const [name, words] of kinds) {
        const outdir = join(folder, `${round} ${name}`);
        const asked = ["--network", values.network, "--outdir", outdir, "--images", values.images ?? "64"];
        const how = ["--init-clusters", String(clusters), "--provider", "cpu", "--threads", "1", "--quiet"];
        const start = performance.now();
        const { status, stderr } = spawnSync(process.execPath, [main, "cluster", ...asked, ...how, ...words]);
        if (status !== 0) throw new Error(`${name}: ${stderr}`);
        seconds.get(name)?.push((performance.now() - start) / 1000);
        if (words.length > 0) trees.add(readFileSync(join(outdir, "tree.safetensors")).toString("base64"));
        rmSync(outdir, { recursive: true });
      }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const median = (name: string): number => {
    const sorted = (seconds.get(name) ?? []).toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)];
  };
  const [plain, inShards] = [median(kinds[0][0]), median(kinds[1][0])];
  const percent = (x: number): string => `${x < 0 ? "" : "+"}${(100 * x).toFixed(0)} %`;
  console.log("| median of the rounds | wall s | against one process | against one process in shards |");
  console.log("| --- | --- | --- | --- |");
  for (const [name] of kinds) {
    const own = median(name);
    console.log(`| ${name} | ${own.toFixed(1)} | ${percent(own / plain - 1)} | ${percent(own / inShards - 1)} |`);
  }
  if (seconds.has("1 workers"))
    console.log(
      `\noverhead of one worker against one process: ${percent(median("1 workers") / plain - 1)} (at most +25 % is promised)`,
    );
  console.log(`trees of the runs in shards: ${trees.size === 1 ? "the same bytes" : `${trees.size} different ones`}`);
}

/** What one kind of pass took in all. */
interface Taken {
  messages: number;
  asked: number;
  answered: number;
  seconds: number;
}

interface Run {
  readonly pixels: number;
  readonly channels: number;
  readonly wall: number;
  /** Seconds in which no worker computed: of one worker's run, those of the coordinator. */
  readonly coordinator: number;
  readonly rounds: number;
  readonly passes: ReadonlyMap<string, Taken>;
}

/** One clustering by `workers` simulated workers that have `share` of a core each; the coordinator keeps so many bytes of rows. */
async function runBy(
  network: OpenedNetwork,
  images: number,
  { workers = 1, share = 1, kept = KEPT_ROWS_BYTES }: { workers?: number; share?: number; kept?: number } = {},
): Promise<Run> {
  const asked = { network: values.network, outdir: "-", images, initialClusters: clusters, shards };
  const settings = settle(clusterRequest.parse(asked), network, images);
  if (!isSharded(settings)) throw new Error("expected shards");
  const recipe = recipeOf(settings, "cpu");
  const passes = new Map<string, Taken>();
  // Opened once, for all.
  const generator = Object.assign(Object.create(network.generator), { dispose: async () => undefined });
  const worker = (name: string): ShardWorker => {
    const server = new ShardServer({ openNetwork: async () => ({ ...network, generator }) });
    const exchange = async (question: Uint8Array): Promise<Uint8Array> => {
      const start = performance.now();
      const answer = await server.reply(question);
      const seconds = (performance.now() - start) / 1000;
      const { calls } = decodeMessage(question) as { readonly calls?: readonly ShardCall[] };
      if (calls === undefined) return answer;
      const { pass } = calls[0].request;
      const taken = passes.get(pass) ?? { messages: 0, asked: 0, answered: 0, seconds: 0 };
      passes.set(pass, taken);
      taken.messages++;
      taken.asked += question.length;
      taken.answered += answer.length;
      taken.seconds += seconds;
      if (share < 1 && isWarm) await pause(1000 * seconds * (1 / share - 1));
      return answer;
    };
    return remoteWorker(name, recipe, exchange, () => undefined);
  };
  let isWarm = false;
  const { info } = network.generator;
  const crew = new ShardCrew(shardSizes(settings, info));
  for (let i = 0; i < workers; i++) crew.join(worker(`worker ${i}`));
  let rounds = 0;
  const ask: AskShards = (calls) => {
    rounds++;
    return crew.ask(calls);
  };
  const pixels = coordinated(settings, info, ask, { threads: 1, kept });
  // Sampled before the clock starts: what is measured is clustering.
  await pixels.spread();
  isWarm = true;
  passes.clear();
  rounds = 0;
  const start = performance.now();
  await klish(pixels, { initialClusters: clusters, criterion: "pair", balance: 0.5 });
  const wall = (performance.now() - start) / 1000;
  crew.close();
  const computed = [...passes.values()].reduce((sum, { seconds }) => sum + seconds, 0);
  return {
    pixels: pixels.pixels,
    channels: pixels.channels,
    wall,
    coordinator: wall - computed / share,
    rounds,
    passes,
  };
}

async function growth(): Promise<void> {
  const network = await openNetwork(values.network, { runtime: ortNode, provider: "cpu", threads: 1 });
  const images = Number(values.images ?? "16");
  const share = Number(values.share);
  const sizes = [images, 2 * images] as const;
  const kept: Run[] = [];
  const asked: Run[] = [];
  for (const size of sizes) kept.push(await runBy(network, size));
  for (const size of sizes) asked.push(await runBy(network, size, { kept: 0 }));
  console.log("\n## All maps kept");
  for (const run of kept) printPasses(run);
  await printSimulated(network, images, share);
  printFormula(kept, sizes, [64, 256]);
  console.log("\n## No rows kept");
  for (const run of asked) printPasses(run);
  printFormula(asked, sizes, [256, 25600]);
  await network.generator.dispose();
}

function printPasses({ pixels, channels, wall, coordinator, rounds, passes }: Run): void {
  console.log(
    `\n${pixels} pixels of ${channels} channels, K0 = ${clusters}, ${shards} shards: ${rounds} round trips, ${wall.toFixed(1)} s, ` +
      `of which the coordinator ${coordinator.toFixed(1)} s\n`,
  );
  console.log("| pass | messages to one worker | asked, MB | answered, MB | answered, bytes a pixel | worker s |");
  console.log("| --- | --- | --- | --- | --- | --- |");
  for (const [pass, { messages, asked, answered, seconds }] of passes)
    console.log(
      `| ${pass} | ${messages} | ${(asked / 1e6).toFixed(2)} | ${(answered / 1e6).toFixed(2)} | ` +
        `${(answered / pixels).toFixed(0)} | ${seconds.toFixed(2)} |`,
    );
}

async function printSimulated(network: OpenedNetwork, images: number, share: number): Promise<void> {
  console.log(`\nsimulated workers with ${share} of a core each, ${images} images:\n`);
  console.log("| workers | wall s | times as fast as one |\n| --- | --- | --- |");
  let first: number | undefined;
  for (const workers of listOf(values.workers ?? "1,2,4,8,16")) {
    const { wall } = await runBy(network, images, { workers, share });
    first ??= wall;
    console.log(`| ${workers} | ${wall.toFixed(1)} | ${(first / wall).toFixed(2)} |`);
  }
}

/** T(w) = c0 + c1 N + (p0 + p1 N) / w + (b0 + b1 N) / B + R L, from the runs of n and 2n images by one worker, and what it says of more. */
function printFormula([small, large]: readonly Run[], [images]: readonly number[], counts: readonly number[]): void {
  const computed = (run: Run): number => [...run.passes.values()].reduce((sum, { seconds }) => sum + seconds, 0);
  const moved = (run: Run): number =>
    [...run.passes.values()].reduce((sum, { asked, answered }) => sum + asked + answered, 0);
  const line = (of: (run: Run) => number) => {
    const slope = Math.max(0, (of(large) - of(small)) / (large.pixels - small.pixels));
    return { slope, at0: Math.max(0, of(small) - slope * small.pixels) };
  };
  const coordinator = line((run) => run.coordinator);
  const bytes = line(moved);
  const workers = line(computed);
  console.log(
    `\nT(w) = c0 + c1 N + (p0 + p1 N) / w + (b0 + b1 N) / B + R L, of ${images} and ${2 * images} images: c0 = ${coordinator.at0.toFixed(1)} s, ` +
      `c1 = ${(1e6 * coordinator.slope).toFixed(2)} us, p0 = ${workers.at0.toFixed(1)} s, p1 = ${(1e6 * workers.slope).toFixed(2)} us, b0 = ${(bytes.at0 / 1e6).toFixed(0)} MB, ` +
      `b1 = ${bytes.slope.toFixed(0)} bytes, R = ${large.rounds}, L = ${1000 * LATENCY} ms, B = ${BANDWIDTH / 1e6} MB/s\n`,
  );
  console.log(
    "| images | pixels | one worker, s | limit, s | workers that take as long as all else | gain with these |",
  );
  console.log("| --- | --- | --- | --- | --- | --- |");
  for (const count of counts) {
    const n = (count * small.pixels) / images;
    const rest =
      coordinator.at0 + coordinator.slope * n + (bytes.at0 + bytes.slope * n) / BANDWIDTH + large.rounds * LATENCY;
    const work = workers.at0 + workers.slope * n;
    const most = Math.max(1, work / rest);
    console.log(
      `| ${count} | ${n} | ${(rest + work).toFixed(0)} | ${rest.toFixed(0)} | ${most.toFixed(1)} | ` +
        `${((rest + work) / (rest + work / most)).toFixed(1)} |`,
    );
  }
}
