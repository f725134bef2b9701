import { join } from "node:path";
import { labeller } from "../../labels/recipeLabels.ts";
import { openSampler } from "../../sampling/sampler.ts";
import { allWritten, writeAtomic } from "../../storage/files.ts";
import { type OpenCritic, openCritic } from "../clean/critic.ts";
import { manifestLine } from "../manifest.ts";
import { makeSample } from "../sample.ts";
import { imagePath, maskPath } from "../settings.ts";
import type { DatasetWorkerStart, OpenBlockMaker } from "./protocol.ts";

/** Generates, scores, labels, encodes and writes blocks of samples in this thread (codecs and files: in libuv's). */
export function blockMaker({ folder, settings, source, classifiers, critic }: DatasetWorkerStart): OpenBlockMaker & {
  /** Opens the generator, which the first block else does. Rejects where it is not the one of the settings. */
  open(): Promise<void>;
} {
  const labellers = settings.labelSets.map((set) => labeller(set.labels));
  let opening: ReturnType<typeof openSampler> | undefined;
  let judging: Promise<OpenCritic> | undefined;
  const scores = async (pictures: readonly Uint8Array[]): Promise<readonly (number | undefined)[]> => {
    const { plausibility } = settings;
    if (critic === undefined || plausibility === undefined) return pictures.map(() => undefined);
    judging ??= openCritic(critic, source.threads);
    return (await judging).score(pictures, plausibility.deviation);
  };
  const open = (): ReturnType<typeof openSampler> => {
    opening ??= openSampler(source, classifiers);
    return opening;
  };
  return {
    async open() {
      await open();
    },
    async make({ seeds, first, end }) {
      const images = await (await open()).sample(seeds);
      const kept = seeds
        .map((seed, i) => ({ seed, image: images[i] }))
        .filter(({ seed }) => seed >= first && seed < end);
      const plausible = await scores(kept.map(({ image }) => image.rgb));
      const made = await Promise.all(
        kept.map(({ seed, image }, i) => makeSample(seed, image, settings, labellers, plausible[i])),
      );
      let bytes = 0;
      const write = async (path: string, content: Uint8Array): Promise<void> => {
        bytes += content.length;
        await writeAtomic(join(folder, path), content, { flush: false });
      };
      await allWritten(
        made.flatMap(({ entry: { name }, files }) =>
          files === undefined
            ? []
            : [
                write(imagePath(name, settings), files.image),
                ...files.masks.map((mask, set) => write(maskPath(name, settings, set), mask)),
              ],
        ),
      );
      return { lines: made.map(({ entry }) => manifestLine(entry)).join(""), samples: made.length, bytes };
    },
    async dispose() {
      await (await opening)?.dispose();
      await (await judging)?.dispose();
    },
  };
}
