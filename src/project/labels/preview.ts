/** labels.png: what the labels look like, on a few of the project's samples, with a legend. */
import { availableParallelism } from "node:os";
import sharp, { type OverlayOptions } from "sharp";
import type { z } from "zod";
import { readSafetensors, writeSafetensors } from "../../checkpoint/safetensors.ts";
import { type DatasetClass, IGNORE_LABEL, type LabelMap, paletteOf } from "../../dataset/labelMap.ts";
import type { PixelModel } from "../../models/pixelModel.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import type { AnyTensor } from "../../tensor/tensor.ts";
import { xml } from "../../text/escape.ts";
import { pathIn } from "../cluster/project.ts";
import { storedNetwork } from "../network/network.ts";
import { defineJob } from "../requests/request.ts";
import { openSampler } from "../sampling/sampler.ts";
import { ProjectError, readIfThere, writeAtomic } from "../storage/files.ts";
import { withLock } from "../storage/lock.ts";
import { labelledClassifier } from "./corrector.ts";
import { labelPreviewRequest } from "./options.ts";
import { openParts, type Parts } from "./parts.ts";
import { partNames } from "./recipe.ts";
import { LABEL_WAIT_SECONDS, loadRecipe } from "./recipeFile.ts";
import { labeller } from "./recipeLabels.ts";
import { clusterList } from "./words.ts";

const SHOWN = 8;
/** Side of a picture on the sheet. */
const TILE = 192;
const GAP = 8;
const LEGEND = 300;
const LINE = 22;
const OPACITY = 0.6;

/** Images with the clusters of their pixels at some K. */
interface Shown {
  readonly side: number;
  readonly rgb: Uint8Array;
  readonly clusters: Uint8Array;
}

/** Redraws labels.png, or the other recipe's sheet next to it, and returns its path. The generator runs only when a K is seen for the first time. */
export const labelPreviewJob = defineJob(labelPreviewRequest, async (request, job): Promise<string> => {
  await openParts(request.project);
  return withLock(request.project, () => drawLabels(request, job), {
    waitSeconds: LABEL_WAIT_SECONDS,
    signal: job.signal,
  });
});

async function drawLabels(request: z.output<typeof labelPreviewRequest>, job: JobOptions): Promise<string> {
  const project = await openParts(request.project);
  const { cuts } = project;
  const recipe = cuts === undefined ? undefined : await loadRecipe(project, cuts, request.recipe ?? undefined);
  if (cuts === undefined || recipe === undefined) throw new ProjectError(`${request.project} has no labels to show.`);
  const { k } = recipe.state;
  // Strokes change with every edit: what they make of the pictures is not kept.
  const cache = recipe.state.strokes === undefined ? pathIn(project, "labels", `k${k}.safetensors`) : undefined;
  job.onProgress?.({ phase: "draw a preview", done: 0, total: 2 });
  let shown = cache === undefined ? undefined : await readShown(cache);
  if (shown === undefined) {
    const threads = request.threads ?? availableParallelism();
    const options = { ...request, threads, ...(job.signal && { signal: job.signal }) };
    shown = await sampleShown(project, request, await labelledClassifier(project, recipe.state, options));
    if (cache !== undefined) await writeAtomic(cache, encodeShown(shown));
  }
  job.onProgress?.({ phase: "draw a preview", done: 1, total: 2 });
  const labels = labeller(recipe.state);
  const identity = await project.identity();
  const owners = recipe.state.classes.flatMap((c) =>
    partNames(c.split).map(() => clusterList(identity, k, c.clusters)),
  );
  const maps = shown.map(({ clusters, side }) => labels.label(clusters, side, side));
  const path = request.recipe === null ? pathIn(project, "labels.png") : `${request.recipe.replace(/\.json$/, "")}.png`;
  await writeAtomic(path, await sheet(shown, maps, labels.classes, owners));
  job.onProgress?.({ phase: "draw a preview", done: 2, total: 2 });
  return path;
}

async function sampleShown(
  { sampledAs: settings }: Parts,
  { network, provider, threads }: z.output<typeof labelPreviewRequest>,
  classifier: PixelModel,
): Promise<Shown[]> {
  const sampler = await openSampler(
    {
      ...settings,
      network: await storedNetwork(network, settings.network, settings.networkSha256),
      resolution: null,
      provider,
      threads: threads ?? availableParallelism(),
    },
    [{ classifier, layers: settings.layers }],
  );
  try {
    const images = await sampler.sample(settings.seeds.slice(0, SHOWN));
    return images.map(({ rgb, maps: [{ clusters }] }) => ({ side: sampler.resolution, rgb, clusters }));
  } finally {
    await sampler.dispose();
  }
}

function encodeShown(shown: readonly Shown[]): Uint8Array {
  const tensors = new Map<string, AnyTensor>();
  for (const [i, { side, rgb, clusters }] of shown.entries()) {
    tensors.set(`image${i}`, { dtype: "uint8", shape: [side, side, 3], data: rgb });
    tensors.set(`clusters${i}`, { dtype: "uint8", shape: [side, side], data: Uint8Array.from(clusters) });
  }
  return writeSafetensors(tensors);
}

async function readShown(path: string): Promise<Shown[] | undefined> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) return undefined;
  try {
    const { tensors } = readSafetensors(bytes);
    return Array.from({ length: tensors.size / 2 }, (_, i) => {
      const image = tensors.get(`image${i}`)!;
      const read = (name: string): Uint8Array => tensors.get(name)!.read().data as Uint8Array;
      return { side: image.shape[0], rgb: read(`image${i}`), clusters: read(`clusters${i}`) };
    });
  } catch {
    // A damaged cache costs one run of the generator.
    return undefined;
  }
}

/** Each picture above its labels over it; names, clusters and shares at the right. */
async function sheet(
  shown: readonly Shown[],
  maps: readonly LabelMap[],
  classes: readonly DatasetClass[],
  /** The clusters of each class. */
  owners: readonly string[],
): Promise<Buffer> {
  const palette = paletteOf(classes);
  const columns = Math.min(4, shown.length);
  const rows = Math.ceil(shown.length / columns);
  const width = columns * (TILE + GAP) + GAP + LEGEND;
  const height = Math.max(rows * (2 * TILE + GAP) + GAP, (classes.length + 2) * LINE + GAP);
  const tiles: OverlayOptions[] = [];
  const tile = (rgb: Uint8Array, side: number, left: number, top: number): Promise<void> =>
    sharp(rgb, { raw: { width: side, height: side, channels: 3 } })
      .resize(TILE, TILE, { kernel: side < TILE ? "nearest" : "lanczos3" })
      .png()
      .toBuffer()
      .then((input) => void tiles.push({ input, left, top }));
  for (const [i, { side, rgb }] of shown.entries()) {
    const left = GAP + (i % columns) * (TILE + GAP);
    const top = GAP + Math.floor(i / columns) * (2 * TILE + GAP);
    await tile(rgb, side, left, top);
    await tile(overlay(rgb, maps[i], palette), side, left, top + TILE);
  }
  tiles.push({ input: Buffer.from(legend(maps, classes, owners, height)), left: columns * (TILE + GAP) + GAP, top: 0 });
  return sharp({ create: { width, height, channels: 3, background: "#fafaf8" } })
    .composite(tiles)
    .png()
    .toBuffer();
}

/** Class colours over a picture; ignored pixels are chequered. */
export function overlay(rgb: Uint8Array, { data, width }: LabelMap, palette: Uint8Array): Uint8Array {
  const out = new Uint8Array(rgb.length);
  for (let p = 0; p < data.length; p++) {
    const chequer = (((p % width) >> 1) + (Math.floor(p / width) >> 1)) % 2 === 0 ? 255 : 190;
    for (let c = 0; c < 3; c++) {
      const color = data[p] === IGNORE_LABEL ? chequer : palette[data[p] * 3 + c];
      out[p * 3 + c] = Math.round(rgb[p * 3 + c] * (1 - OPACITY) + color * OPACITY);
    }
  }
  return out;
}

/** As much of a list of clusters as a line of the legend holds. */
const shortened = (list: string): string => (list.length > 24 ? `${list.slice(0, 22)} …` : list);

function legend(
  maps: readonly LabelMap[],
  classes: readonly DatasetClass[],
  owners: readonly string[],
  height: number,
): string {
  const counts = new Float64Array(256);
  let total = 0;
  for (const { data } of maps) {
    for (const label of data) counts[label]++;
    total += data.length;
  }
  const share = (id: number): string => `${((100 * counts[id]) / total).toFixed(1)} %`;
  const rows = [
    ...classes.map(({ name, color, background }, id) => ({
      color,
      text: `${name}${background ? " (background)" : ""}  ${shortened(owners[id])}`,
      share: share(id),
    })),
    ...(counts[IGNORE_LABEL] > 0 ? [{ color: "#c8c8c8", text: "ignored", share: share(IGNORE_LABEL) }] : []),
  ];
  const lines = rows.map(({ color, text, share: s }, i) => {
    const y = GAP + LINE * (i + 1);
    return (
      `<rect x="0" y="${y - 12}" width="14" height="14" rx="3" fill="${color}"/>` +
      `<text x="22" y="${y}">${xml(text)}</text><text x="${LEGEND - 12}" y="${y}" text-anchor="end" fill="#777">${s}</text>`
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${LEGEND}" height="${height}" font-family="sans-serif" font-size="13" fill="#1d1c1a">${lines.join("")}</svg>`;
}
