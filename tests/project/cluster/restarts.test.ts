import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { treeObjective } from "../../../src/cluster/klish/restarts.ts";
import type { MergeTree } from "../../../src/cluster/tree/mergeTree.ts";
import { clusterJob } from "../../../src/project/cluster/clusterJob.ts";
import type { ClusterRequest } from "../../../src/project/cluster/options.ts";
import { loadTree, openProject } from "../../../src/project/cluster/project.ts";
import { tinyGenerator } from "../../tinyGenerator.ts";

it("clusterJob() takes the best of the starts that it is asked to try, and notes how many", async () => {
  const folder = await mkdtemp(join(tmpdir(), "klish-restarts-"));
  const network = join(folder, "tiny.onnx");
  await writeFile(network, tinyGenerator());
  const run = async (seed: number, restarts: number) => {
    const outdir = join(folder, `seed${seed}-${restarts}`);
    await clusterJob(
      {
        ...{ network, outdir, latent: "normal", seeds: [0, 1, 2, 3], class: null, truncationPsi: null },
        ...{
          truncationCutoff: null,
          noiseMode: "const",
          layers: "auto",
          resolution: null,
          pixelStride: 1,
        },
        ...{ initialClusters: 8, seed, restarts, criterion: "pair", balance: 0 },
        ...{ filter: false, tolerance: 1e-3, minClusters: 2, minIou: null, provider: "cpu", threads: 1, command: "" },
      } as ClusterRequest,
      {},
    );
    const project = await openProject(outdir);
    expect(project.file.settings.restarts).toBe(restarts);
    return (await loadTree(project)) as MergeTree;
  };
  const alone = [await run(3, 1), await run(4, 1)];
  const best = treeObjective(alone[0]) <= treeObjective(alone[1]) ? 0 : 1;
  expect([...(await run(3, 2)).initialLabels]).toEqual([...alone[best].initialLabels]);
  await rm(folder, { recursive: true, force: true });
});
