import { mkdir, writeFile } from "node:fs/promises";
import { clusterings, type MethodName } from "../../src/cluster/methods.ts";
import { encodePng } from "../../src/dataset/png.ts";
import { stridedPixels } from "../../src/features/pixelStride.ts";
import { subset } from "../../src/pixels/denseFeatures.ts";
import { openProject } from "../../src/project/cluster/project.ts";
import { openProjectNetwork, projectFeatures } from "../../src/project/sampling/projectFeatures.ts";
import type { PaperOptions } from "./options.ts";
import { klishProject, PSI } from "./reference.ts";
import type { Workplace } from "./steps.ts";

/** One pixel of every 4 x 4 is clustered. */
const STRIDE = 4;
const UNSAID = 255;

/**
 * Parts by another clusterer on the features of KLiSH's images: its labels of every sixteenth pixel are masks, from which a linear
 * classifier of the same layers is learned. The folder, for `klish dataset`.
 */
export async function rivalParts(
  method: MethodName,
  work: Workplace,
  options: PaperOptions,
  seed: number,
): Promise<string> {
  const project = await klishProject(work, options, seed);
  const folder = `${method}-s${seed}`;
  const k = options.ks.at(-1) as number;
  await work.once(`${folder}: clusters at K = ${k}`, () =>
    writeMasks(work.path(project), method, { k, seed, threads: options.threads }, work.path(`${folder}-masks`)),
  );
  await work.klish(
    ...["train", "extractor", "--network", options.run, "--masks", `${folder}-masks`, "--method", "lse"],
    ...["--layers", "16+", "--trunc", PSI, "--outdir", folder, "--threads", String(options.threads)],
  );
  return folder;
}

interface Clusters {
  readonly k: number;
  readonly seed: number;
  readonly threads: number;
}

async function writeMasks(folder: string, method: MethodName, clusters: Clusters, masks: string): Promise<void> {
  const { k, seed, threads } = clusters;
  const project = await openProject(folder);
  const { settings } = project.file;
  const { seeds, resolution } = settings;
  const { generator } = await openProjectNetwork(project, { network: null, provider: "cpu", threads });
  const features = await projectFeatures(settings, generator, { threads });
  const index = stridedPixels(seeds.length, resolution, STRIDE, 0);
  await mkdir(masks, { recursive: true });
  try {
    for await (const { labels } of clusterings(method, await subset(features, index), {
      ks: [k],
      seed,
      initialClusters: 100,
    })) {
      const maps = new Uint8Array(seeds.length * resolution ** 2).fill(UNSAID);
      for (const [i, n] of index.entries()) maps[n] = labels[i];
      for (const [i, s] of seeds.entries()) {
        const data = maps.subarray(i * resolution ** 2, (i + 1) * resolution ** 2);
        const png = encodePng({ width: resolution, height: resolution, data, palette: new Uint8Array(768) });
        await writeFile(`${masks}/seed${String(s).padStart(4, "0")}.png`, png);
      }
    }
  } finally {
    await generator.dispose();
  }
}
