import { createHash } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { clusterJob } from "../../../src/project/cluster/clusterJob.ts";
import { openProject } from "../../../src/project/cluster/project.ts";
import { edit, freshRecipe } from "../../../src/project/labels/recipe.ts";
import { saveRecipe } from "../../../src/project/labels/recipeFile.ts";
import { tinyGenerator } from "../../tinyGenerator.ts";

/** A clustered project with labels: of the tiny generator (32 samples make a block), or of a given one. */
export async function labelledProject(folder: string, given?: string, seed = 0): Promise<string> {
  const network = given ?? join(folder, "tiny.onnx");
  if (given === undefined) await writeFile(network, tinyGenerator());
  const project = join(folder, "run");
  await clusterJob(
    {
      ...{ network, outdir: project, latent: "normal", seeds: [0, 1, 2, 3, 4, 5, 6, 7], class: null },
      ...{ truncationPsi: 1, truncationCutoff: null, noiseMode: "const", layers: "auto", resolution: null },
      ...{
        pixelStride: 1,
        pixels: null,
        memory: null,
        keepFeatures: false,
        initialClusters: 10,
        seed,
        criterion: "paper",
        balance: 0,
        filter: false,
      },
      ...{ tolerance: 1e-3, minClusters: 2, minIou: null, provider: "cpu", threads: 1, command: "npx klish cluster" },
    },
    {},
  );
  let recipe = freshRecipe(6);
  recipe = edit(recipe, { type: "background", class: "part 2" });
  recipe = edit(recipe, { type: "ignore", classes: ["part 5"] });
  recipe = edit(recipe, { type: "split", class: "part 1", split: { kind: "left-right" } });
  await saveRecipe(await openProject(project), recipe);
  return project;
}

/** Hash of every file that the samples decide: all but the log of runs and the page that shows their speed. */
export async function contentOf(folder: string): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const file of (await readdir(folder, { recursive: true })).sort()) {
    if (["overview.html", "runs.jsonl"].includes(file) || (await stat(join(folder, file))).isDirectory()) continue;
    hashes[file] = createHash("sha256")
      .update(await readFile(join(folder, file)))
      .digest("hex");
  }
  return hashes;
}
