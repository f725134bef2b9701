/** A worker thread of `klish portraits`: renders and writes the portraits of the seeds that it is sent. */
import { join } from "node:path";
import { workerData } from "node:worker_threads";
import { paletteOf } from "../../dataset/labelMap.ts";
import { encodePng as encodeMask } from "../../dataset/png.ts";
import { portraitClasses } from "../../portraits/classes.ts";
import { portraitOf } from "../../portraits/render.ts";
import { serve } from "../../runtime/node/threads.ts";
import { encodePng } from "../sampling/images.ts";
import { allWritten, writeAtomic } from "../storage/files.ts";
import { portraitImage, portraitMask } from "./folder.ts";

/** What a worker is started with. */
export interface PortraitWorkerStart {
  readonly folder: string;
  readonly resolution: number;
}

/** What it serves. */
export interface PortraitCalls {
  /** Renders and writes portraits; resolves to their number. */
  make(piece: { readonly seeds: readonly number[] }): Promise<number>;
}

const { folder, resolution } = workerData as PortraitWorkerStart;
const palette = paletteOf(portraitClasses);

async function make(seed: number): Promise<void> {
  const { rgb, labels } = portraitOf(seed, resolution);
  const image = await encodePng(rgb, resolution);
  await writeAtomic(join(folder, portraitImage(seed)), image, { flush: false });
  await writeAtomic(join(folder, portraitMask(seed)), encodeMask({ ...labels, palette }), { flush: false });
}

serve<PortraitCalls>({
  async make({ seeds }) {
    // Rendered one after another; encoded and written side by side.
    await allWritten(seeds.map(make));
    return seeds.length;
  },
});
