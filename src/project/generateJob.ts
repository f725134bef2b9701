import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { seedBatches } from "../features/sampleFeatures.ts";
import { GeneratorError } from "../gan/errors.ts";
import type { LatentDistribution, NoiseMode } from "../gan/generator.ts";
import { oneHot } from "../gan/latents.ts";
import { ortNode } from "../runtime/ortNode.ts";
import type { ProviderChoice } from "../runtime/session.ts";
import type { JobOptions } from "../tensor/progress.ts";
import { writeAtomic } from "./files.ts";
import { encodePng, encodeSheet, seedName, toRgb } from "./images.ts";
import { openNetwork } from "./network.ts";
import { pathIn } from "./project.ts";

export interface GenerateRequest {
  readonly network: string;
  readonly outdir: string;
  readonly seeds: readonly number[];
  readonly class: number | null;
  readonly truncationPsi: number;
  readonly truncationCutoff: number | null;
  readonly noiseMode: NoiseMode;
  readonly latent: LatentDistribution;
  /** Also a sheet of all images; its columns. Null for none. */
  readonly sheetColumns: number | null;
  readonly provider: ProviderChoice;
  readonly threads: number | null;
}

/** Larger sheets open in no viewer. */
const MOST_SHEET_PIXELS = 2 ** 28;

/** Writes one PNG per seed (seed0000.png, …) and, when asked for, sheet.png. Returns their paths. */
export async function generateJob(request: GenerateRequest, { onProgress, signal }: JobOptions): Promise<string[]> {
  const { outdir, seeds, truncationPsi, truncationCutoff, noiseMode, sheetColumns, provider, latent } = request;
  const threads = request.threads ?? availableParallelism();
  const { generator } = await openNetwork(request.network, { runtime: ortNode, provider, threads, latent });
  try {
    const { resolution, imageRange, cDim } = generator.info;
    const sheetPixels =
      sheetColumns === null ? 0 : Math.ceil(seeds.length / sheetColumns) * sheetColumns * resolution ** 2;
    if (sheetPixels > MOST_SHEET_PIXELS)
      throw new GeneratorError(
        `a sheet of ${seeds.length} images of ${resolution}x${resolution} is too large; leave out --sheet or give fewer seeds`,
      );
    await mkdir(outdir, { recursive: true });
    const paths: string[] = [];
    const kept: Uint8Array[] = [];
    for (const batch of seedBatches(seeds, resolution)) {
      signal?.throwIfAborted();
      const { image } = await generator.generate({
        seeds: batch,
        truncationPsi,
        noiseMode,
        ...(truncationCutoff === null ? {} : { truncationCutoff }),
        ...(request.class === null ? {} : { c: oneHot(request.class, cDim) }),
      });
      for (const [i, rgb] of toRgb(image, imageRange).entries()) {
        const path = pathIn({ folder: outdir }, `${seedName(batch[i])}.png`);
        await writeAtomic(path, await encodePng(rgb, resolution));
        paths.push(path);
        if (sheetColumns !== null) kept.push(rgb);
      }
      onProgress?.({ phase: "generate", done: paths.length, total: seeds.length });
    }
    if (sheetColumns !== null) {
      const path = pathIn({ folder: outdir }, "sheet.png");
      await writeAtomic(path, await encodeSheet(kept, resolution, Math.min(sheetColumns, kept.length)));
      paths.push(path);
    }
    return paths;
  } finally {
    await generator.dispose();
  }
}
