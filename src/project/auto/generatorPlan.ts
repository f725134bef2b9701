/** Which generator the hours suffice for. */
import { loadSettings } from "../train/gan/settings.ts";
import type { AutoRequest } from "./options.ts";

/** Thousands of images of full size below which a generator draws blurs; a smaller one learns more of the same hours. */
const LEAST_KIMG = 25;
/** Smaller pictures have no parts to find. */
const LEAST_SIDE = 32;

/** The request of the generator's training, for `outdir`. */
export function generatorRequest(request: AutoRequest, outdir: string, hours: number) {
  const { data, start, resolution, crop, mirror, seed, provider, threads, command } = request;
  return { outdir, data, resume: start, resolution, crop, mirror, seed, hours, provider, threads, command };
}

/** Whether nothing is left to choose: the side was asked for, or another generator or an earlier call began with one. */
export const isSized = async ({ resolution, resume, outdir }: ReturnType<typeof generatorRequest>): Promise<boolean> =>
  resolution !== null || resume !== null || (await loadSettings(outdir)) !== undefined;

/** What a plan must tell. */
interface Planned {
  readonly settings: { readonly recipe: { readonly resolution: number } };
  readonly stages: readonly { readonly kimg: number }[];
}

/**
 * The plan of the generator's training: of the side that is settled, else of the largest whose last stage sees enough images in its
 * time. `plan` tells what a request would come to.
 */
export async function planGenerator<Plan extends Planned>(
  asked: ReturnType<typeof generatorRequest>,
  plan: (request: typeof asked) => Promise<Plan>,
): Promise<Plan> {
  let found = await plan(asked);
  if (await isSized(asked)) return found;
  for (;;) {
    const { resolution } = found.settings.recipe;
    if (resolution <= LEAST_SIDE || found.stages[found.stages.length - 1].kimg >= LEAST_KIMG) return found;
    found = await plan({ ...asked, resolution: resolution / 2 });
  }
}
