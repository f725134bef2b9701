import type { PaperOptions } from "./options.ts";
import { PSI, reference } from "./reference.ts";
import type { Workplace } from "./steps.ts";

/**
 * Tables I and III: nearest centroids against linear classifiers, and LSE against one-vs-rest SVMs, learned from 1, 10 and more generated
 * pictures whose truth is what the reference says of them. One evaluation holds both.
 */
export async function separability(work: Workplace, options: PaperOptions): Promise<void> {
  const { run, seeds, threads } = options;
  const segmenter = await reference(work, options);
  await work.klish(
    ...["evaluate", "separability", "--network", run, "--segmenter", `${segmenter}/segmenter.safetensors`],
    ...["--outdir", "separability", "--trunc", PSI, "--layers", "16+", "--splits", seeds.join(",")],
    ...["--threads", String(threads)],
  );
}
