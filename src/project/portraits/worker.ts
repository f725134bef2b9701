/** A worker thread of `klish portraits`: renders and writes the portraits of the seeds that it is sent. */
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { paletteOf } from "../../dataset/labelMap.ts";
import { encodePng as encodeMask } from "../../dataset/png.ts";
import { portraitClasses } from "../../portraits/classes.ts";
import { portraitOf } from "../../portraits/render.ts";
import { serve } from "../../runtime/node/threads.ts";
import { encodePng } from "../sampling/images.ts";
import { writeAtomic } from "../storage/files.ts";
import { portraitImage, portraitMask } from "./folder.ts";

/** What a worker is started with. */
export interface PortraitWorkerStart {
  readonly folder: string;
  readonly resolution: number;
}

/** What it answers to a list of seeds. */
export type PortraitAnswer =
  | { readonly kind: "made"; readonly count: number }
  | { readonly kind: "failed"; readonly name: string; readonly message: string; readonly stack: string };

const { folder, resolution } = workerData as PortraitWorkerStart;
const palette = paletteOf(portraitClasses);

async function make(seed: number): Promise<void> {
  const { rgb, labels } = portraitOf(seed, resolution);
  const image = await encodePng(rgb, resolution);
  await writeAtomic(join(folder, portraitImage(seed)), image, { flush: false });
  await writeAtomic(join(folder, portraitMask(seed)), encodeMask({ ...labels, palette }), { flush: false });
}

serve(async (seeds: readonly number[]) => {
  const send = (answer: PortraitAnswer): void => parentPort?.postMessage(answer);
  try {
    // Rendered one after another; encoded and written side by side.
    await Promise.all(seeds.map(make));
    send({ kind: "made", count: seeds.length });
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    send({ kind: "failed", name, message, stack: stack ?? "" });
  }
});
