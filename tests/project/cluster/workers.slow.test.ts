import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { clusterJob } from "../../../src/project/cluster/clusterJob.ts";
import type { Progress } from "../../../src/tensor/progress.ts";
import { tinyGenerator } from "../../tinyGenerator.ts";

/** Another generator than the tiny one, and how many of its images: KLISH_NETWORK=anime64.onnx KLISH_IMAGES=64 KLISH_CLUSTERS=100 npx vitest run --project slow tests/project/cluster/workers.slow.test.ts */
const { KLISH_NETWORK, KLISH_IMAGES = "9", KLISH_CLUSTERS = "10" } = process.env;

let folder: string;
let network: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-test-"));
  network = KLISH_NETWORK ?? join(folder, "tiny.onnx");
  if (KLISH_NETWORK === undefined) await writeFile(network, tinyGenerator());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The bytes of the tree by so many workers, and the phases that were told. */
async function treeBy(name: string, workers: number | null, onProgress: (p: Progress) => void = () => undefined) {
  const phases = new Map<string, string[]>();
  const outdir = join(folder, name);
  await clusterJob(
    {
      ...{ network, outdir, images: Number(KLISH_IMAGES), initialClusters: Number(KLISH_CLUSTERS), criterion: "paper" },
      ...{ provider: "cpu", threads: 1, workers, shards: 6 },
    },
    {
      onProgress(progress) {
        phases.set(progress.phase, [...(phases.get(progress.phase) ?? []), progress.note ?? ""]);
        onProgress(progress);
      },
    },
  );
  return { tree: await readFile(join(outdir, "tree.safetensors")), phases };
}

/** Kills one worker as `kill -9` does. */
function killOne(): void {
  const [pid] = execFileSync("pgrep", ["-P", String(process.pid), "-f", "shardProcess"], { encoding: "utf8" }).split(
    "\n",
  );
  process.kill(Number(pid), "SIGKILL");
}

it("gives the same tree by this process, by 1 and 2 workers, and by 4 of which three are killed", async () => {
  const { tree } = await treeBy("none", null);
  for (const workers of [1, 2]) {
    const found = await treeBy(`by ${workers}`, workers);
    expect(found.tree.equals(tree), `${workers} workers`).toBe(true);
    expect(found.phases.has("replace a worker")).toBe(false);
  }
  const killAt = new Set(["sample the generator", "train classifiers", "merge clusters"]);
  const found = await treeBy("killed", 4, ({ phase }) => {
    if (killAt.delete(phase)) killOne();
  });
  expect(found.tree.equals(tree), "killed").toBe(true);
  const notes = found.phases.get("replace a worker") ?? [];
  expect(notes).toHaveLength(3);
  for (const note of notes) expect(note).toMatch(/^worker \d: killed by SIGKILL$/);
});
