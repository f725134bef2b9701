/** Attempts on project folders: what `klish cluster` and `klish label` wrote, changed, is opened or refused with a clean error. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CheckpointError } from "../../src/checkpoint/stateDict.ts";
import { loadTree, openProject } from "../../src/project/cluster/project.ts";
import { loadRecipe } from "../../src/project/labels/recipeFile.ts";
import { labeller } from "../../src/project/labels/recipeLabels.ts";
import { ProjectError } from "../../src/project/storage/files.ts";
import { labelledProject } from "../../tests/project/dataset/project.ts";
import type { FuzzResult } from "./datasets.ts";
import { randomOf } from "./mutate.ts";
import { mutateFiles } from "./mutateDataset.ts";

/** Attempts `from` up to `to` of a seed; the same ones every time. */
export async function fuzzProjects(seed: number, from: number, to: number): Promise<FuzzResult> {
  const room = await mkdtemp(join(tmpdir(), "klish-fuzz-project-"));
  const failures: string[] = [];
  let clean = 0;
  let slowest = 0;
  try {
    const good = await labelledProject(room);
    const names = (await readdir(good)).filter((name) => /\.(json|safetensors)$/.test(name));
    const files = new Map(
      await Promise.all(names.map(async (name) => [name, new Uint8Array(await readFile(join(good, name)))] as const)),
    );
    for (let run = from; run < to; run++) {
      const folder = join(room, "changed");
      await mkdir(folder);
      for (const [name, content] of mutateFiles(files, randomOf(seed * 0x9e3779b1 + run)))
        if (!name.includes("/")) await writeFile(join(folder, name), content);
      const before = process.cpuUsage();
      try {
        const project = await openProject(folder);
        const tree = await loadTree(project);
        const recipe = tree && (await loadRecipe(project, tree));
        if (recipe !== undefined) labeller(recipe.state);
        clean++;
      } catch (error) {
        if (!(error instanceof ProjectError || error instanceof CheckpointError))
          failures.push(`run ${run} (project): ${error instanceof Error ? error.stack : String(error)}`);
      }
      const { user, system } = process.cpuUsage(before);
      slowest = Math.max(slowest, (user + system) / 1000);
      await rm(folder, { recursive: true });
    }
  } finally {
    await rm(room, { recursive: true, force: true });
  }
  return { runs: to - from, clean, failures, slowest };
}
