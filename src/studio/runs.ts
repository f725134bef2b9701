/** Trainings as pages see them. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { readIfThere } from "../project/storage/files.ts";
import { readLog } from "../project/train/log/log.ts";
import type { figure, LogLine, Run, sheet } from "./api.ts";
import { RUNS } from "./places/kinds.ts";
import { stampOf } from "./places/stamp.ts";
import { fileUrl } from "./places/workspace.ts";

/** What the figures of the logs mean. */
const FIGURES: readonly z.output<typeof figure>[] = [
  { name: "images", meaning: "Pictures shown to the network so far." },
  { name: "kimg", meaning: "Thousands of pictures shown to the network so far." },
  { name: "seconds", meaning: "Seconds of training, all runs together." },
  { name: "imagesPerSecond", meaning: "Pictures in a second, since the line before." },
  { name: "memoryMB", meaning: "Memory of the process, in megabytes." },
  {
    name: "lossD",
    meaning: "Loss of the discriminator; it says little by itself, but should neither explode nor fall to 0.",
  },
  { name: "lossG", meaning: "Loss of the generator; it says little by itself, but should not keep rising." },
  { name: "r1", meaning: "Penalty on the discriminator's gradient at real pictures (R1)." },
  { name: "pathLength", meaning: "How far a picture moves with a step of the style, in the mean (path length)." },
  { name: "realSign", meaning: "Mean sign of the discriminator on real pictures: towards 1 it knows them by heart." },
  { name: "augmentP", meaning: "How often a picture is changed before the discriminator sees it (ADA)." },
  { name: "swd", meaning: "Sliced Wasserstein distance of patches to those of real pictures; 0 is best." },
  { name: "density", meaning: "How near generated pictures lie to real ones; 1 and above is best." },
  { name: "coverage", meaning: "Share of the real pictures that some generated one comes near to; 1 is best." },
  { name: "precision", meaning: "Share of the generated pictures that could be real; 1 is best." },
  { name: "recall", meaning: "Share of the real pictures that could be generated; 1 is best." },
  { name: "loss", meaning: "Cross entropy of labelled pixels; lower is better." },
  {
    name: "lossUnlabelled",
    meaning: "Cross entropy of pixels of photos without labels, where the network is sure of them.",
  },
  { name: "sure", meaning: "Share of the pixels of photos without labels that the network is sure of." },
  { name: "gradientNorm", meaning: "Length of the gradient, before it is clipped." },
  { name: "learningRate", meaning: "Step size of the updates." },
  { name: "lossPainter", meaning: "Loss of the painter; it says little by itself, but should not keep rising." },
  {
    name: "lossAdversary",
    meaning:
      "Loss of its adversary, which tells painted pictures from real ones; near 0 for long, the painter learns little.",
  },
  {
    name: "colours",
    meaning: "How far painted colours are from those of the picture, while the painter is held to them.",
  },
  {
    name: "colourError",
    meaning: "How far the colours of painted held-back masks are from their pictures, from 0 to 1; 0 is best.",
  },
  { name: "mIoU", meaning: "Overlap of found and true parts on held-back pictures, mean over classes; 1 is best." },
  { name: "accuracy", meaning: "Share of the pixels of held-back pictures whose class is right; 1 is best." },
];

/** Of an extractor's run, which keeps nothing back to be judged by. */
const OF_EXTRACTORS: Readonly<Record<string, string>> = {
  mIoU: "Overlap of found and given classes on the masks that it learns from, mean over classes; 1 is best.",
  accuracy: "Share of the pixels of the masks that it learns from whose class is found; 1 is best.",
};

/** What a figure means, in one sentence; "" for one that this version does not know. */
export function meaningOf(name: string, kind: Run["kind"]): string {
  if (kind === "extractor" && Object.hasOwn(OF_EXTRACTORS, name)) return OF_EXTRACTORS[name];
  // A class's own: segmenters measure each.
  const [, part] = /^iou\/(.+)$/.exec(name) ?? [];
  if (part !== undefined) return `Overlap of found and true pixels of “${part}” on held-back pictures; 1 is best.`;
  return FIGURES.find((one) => one.name === name)?.meaning ?? "";
}

/** Answer of `GET /api/run`. */
export async function runOf(folder: string, at: string, kind: Run["kind"]): Promise<Run> {
  const settings = JSON.parse(
    new TextDecoder().decode(await readIfThere(join(folder, "settings.json"))),
  ) as Run["settings"];
  const lines = await readLog(folder);
  const names = new Set(lines.flatMap((line) => Object.keys(line)));
  const known = FIGURES.map(({ name }) => name).filter((name) => names.has(name));
  const others = [...names].filter((name) => !known.includes(name));
  return {
    ...{ at, kind, settings, lines },
    figures: [...known, ...others].map((name) => ({ name, meaning: meaningOf(name, kind) })),
    sheets: await sheetsOf(folder, at),
    network: (await stampOf(RUNS[kind].network(folder))) === "-" ? null : at,
  };
}

/** Sheets of samples in the order of time, then those beside them. */
export async function sheetsOf(folder: string, at: string): Promise<z.output<typeof sheet>[]> {
  const names = (await readdir(join(folder, "samples")).catch(() => [])).filter((name) => name.endsWith(".png"));
  const sheets = names.map((name) => ({ url: fileUrl(at, "samples", name), name, images: imagesOf(name) }));
  sheets.sort((a, b) => (a.images ?? Number.POSITIVE_INFINITY) - (b.images ?? Number.POSITIVE_INFINITY));
  // The real pictures of a GAN; what an extractor says beside its masks.
  for (const name of ["reals.png", "extractor.png"])
    if ((await stampOf(join(folder, name))) !== "-") sheets.push({ url: fileUrl(at, name), name, images: null });
  return sheets;
}

/** "kimg-000012.png" and "images-000012000.png" as 12000. */
function imagesOf(name: string): number | null {
  const [, unit, number] = /^(kimg|images)-(\d+)\.png$/.exec(name) ?? [];
  return number === undefined ? null : Number(number) * (unit === "kimg" ? 1000 : 1);
}

/** What is new in a run's log since it had `seen`; undefined where nothing is, "cut" where it has become another. */
export async function newLines(
  folder: string,
  seen: readonly LogLine[],
): Promise<{ readonly lines: readonly LogLine[]; readonly all: readonly LogLine[] } | "cut" | undefined> {
  const all = await readLog(folder);
  if (all.length < seen.length) return "cut";
  const last = seen.at(-1);
  if (last !== undefined && JSON.stringify(all[seen.length - 1]) !== JSON.stringify(last)) return "cut";
  return all.length === seen.length ? undefined : { lines: all.slice(seen.length), all };
}
