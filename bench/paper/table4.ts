import type { PaperOptions } from "./options.ts";
import { klishProject, reference } from "./reference.ts";
import type { Workplace } from "./steps.ts";

/** Table IV: every clusterer on the generator's features, against what the reference says of its pictures. */
export async function table4(work: Workplace, options: PaperOptions): Promise<void> {
  const { ks, seeds, threads } = options;
  const segmenter = await reference(work, options);
  const project = await klishProject(work, options, 0);
  await work.klish(
    ...["evaluate", "clusters", "--project", project, "--segmenter", `${segmenter}/segmenter.safetensors`],
    ...["--outdir", "table4", "--k", ks.join(","), "--seeds", seeds.join(","), "--background", "0"],
    ...["--methods", "klish,klish-restarts,klish-paper,kmeans,ahc-ward,ahc-cosine,kasp", "--pixel-stride", "4"],
    ...["--threads", String(threads)],
  );
}
