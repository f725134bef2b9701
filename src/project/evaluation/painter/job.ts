/** `klish evaluate painter`: fidelity and variety, obedience to masks, differences of styles, and masks that no data set has. */
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { paletteOf } from "../../../dataset/labelMap.ts";
import { frechetDistance, gaussianOf } from "../../../features/quality/frechet.ts";
import { compareSamples, imageSampler } from "../../../features/quality/imageSample.ts";
import { randomNetwork } from "../../../features/quality/randomNetwork.ts";
import { openPainterFile, type Painter, type Style } from "../../../models/painter/painter.ts";
import { ortBlas } from "../../../runtime/node/ortBlas.ts";
import { resolveProvider } from "../../../runtime/node/providers.ts";
import { ortNode } from "../../../runtime/ortNode.ts";
import type { JobOptions } from "../../../tensor/progress.ts";
import { scoreCounter } from "../../../train/segmenter/scores.ts";
import { isShipped } from "../../network/shipped.ts";
import { openMasks } from "../../paint/masks.ts";
import { readPainter } from "../../paint/painterModel.ts";
import { defineJob } from "../../requests/request.ts";
import { encodeSheet } from "../../sampling/images.ts";
import { ProjectError, writeAtomic } from "../../storage/files.ts";
import { locked } from "../../storage/lock.ts";
import { colouredLabels } from "../../train/log/sheets.ts";
import { prepareImage } from "../../train/pictures/prepareImage.ts";
import { openInception } from "../gan/inception.ts";
import { planesOf } from "../gan/pictures.ts";
import { measureEdits, opaque, type Pair } from "./edits.ts";
import { type Judge, openJudge } from "./judge.ts";
import { type PainterQualityRequest, painterQualityRequest } from "./options.ts";
import { type PainterFigures, painterCsv, painterMarkdown } from "./tables.ts";

export interface PainterQualitySummary extends PainterFigures {
  readonly markdown: string;
  readonly csv: string;
  readonly sheet: string;
  readonly edited: string | null;
}

/** Patches of a picture at a level, and directions, as `klish evaluate gan` has them. */
const PATCHES_PER_IMAGE = 16;
const DIRECTIONS = 512;
/** Least pictures that figures are made of; masks that are painted in several styles. */
const LEAST = 16;
const VARIED = 64;
const TOGETHER = 8;
const SHOWN = 8;

/** Measures a painter on the masks and pictures of a data set. Rejects with ProjectError for what cannot be compared. */
export const painterQualityJob = defineJob(
  painterQualityRequest,
  async (request, job): Promise<PainterQualitySummary> => {
    const threads = request.threads ?? availableParallelism();
    const model = await readPainter(request.model);
    const { pairs, heldBack } = await readPairs(request, model.about, job);
    const provider = await resolveProvider(request.provider);
    const painter = await openPainterFile(model, { runtime: ortNode, provider, threads });
    const file = request.segmenter ?? (isShipped("painter", request.model) ? "portraits" : null);
    let judge: Judge | undefined;
    try {
      judge = file === null ? undefined : await openJudge(file, painter, { ...job, threads });
      const outdir = resolve(request.outdir);
      const measured = await measure(painter, pairs, judge, request, { ...job, threads });
      const figures: PainterFigures = { ...measured.figures, heldBack };
      const facts = {
        ...request,
        segmenter: file,
        classes: model.about.classes.map(({ name }) => name),
      };
      const paths = {
        markdown: join(outdir, "painter.md"),
        csv: join(outdir, "painter.csv"),
        sheet: join(outdir, "painter.png"),
        edited: measured.edited.length === 0 ? null : join(outdir, "edited.png"),
      };
      await locked(outdir, async () => {
        const { side } = model.about;
        await writeAtomic(paths.markdown, painterMarkdown(figures, facts));
        await writeAtomic(paths.csv, painterCsv(figures, facts));
        await writeAtomic(paths.sheet, await encodeSheet(measured.sheet, side, Math.min(SHOWN, pairs.length)));
        if (paths.edited !== null) await writeAtomic(paths.edited, await encodeSheet(measured.edited, side, 4));
      });
      return { ...figures, ...paths };
    } finally {
      await judge?.dispose();
      await painter.dispose();
    }
  },
);

/** Pictures with masks: of those that are held back, where there are enough, else of all. */
async function readPairs(
  { data, images }: PainterQualityRequest,
  about: Painter["about"],
  { onProgress, signal }: JobOptions,
): Promise<{ readonly pairs: Pair[]; readonly heldBack: boolean }> {
  const { total, read } = await openMasks(data, about, { resize: true });
  const held: Pair[] = [];
  const others: Pair[] = [];
  let done = 0;
  for await (const { path, image, labels, split } of read()) {
    signal?.throwIfAborted();
    onProgress?.({ phase: "read pictures", done: done++, total });
    if (image === undefined)
      throw new ProjectError(`${data} holds masks alone: give a data set of pictures and masks to compare with.`);
    const list = split === "train" ? others : held;
    if (list.length >= images) {
      if (held.length >= images) break;
      continue;
    }
    const form = { crop: "none", fit: "squash", resize: "lanczos", resolution: about.side } as const;
    const { pixels } = await prepareImage(image, form).catch((cause) => {
      throw new ProjectError(`${path}: its picture cannot be read (${(cause as Error).message}).`, { cause });
    });
    list.push({ labels, rgb: pixels });
  }
  onProgress?.({ phase: "read pictures", done: total, total });
  const heldBack = held.length >= LEAST;
  const pairs = heldBack ? held : [...held, ...others].slice(0, images);
  if (pairs.length < LEAST)
    throw new ProjectError(`${data} has ${pairs.length} pictures: too few to say anything, ${LEAST} are needed.`);
  return { pairs, heldBack };
}

interface Measured {
  readonly figures: Omit<PainterFigures, "heldBack">;
  /** Rows of masks, pictures, paintings; and of edits: mask, painting, edited mask, painting. */
  readonly sheet: Uint8Array[];
  readonly edited: Uint8Array[];
}

async function measure(
  painter: Painter,
  pairs: readonly Pair[],
  judge: Judge | undefined,
  { styles: count, inception }: PainterQualityRequest,
  { threads, ...job }: JobOptions & { readonly threads: number },
): Promise<Measured> {
  const { side, classes } = painter.about;
  const palette = paletteOf(classes);
  const paint = async (labels: readonly Uint8Array[], styles: readonly Style[]): Promise<Uint8Array[]> =>
    (await painter.paint(labels, styles)).map(opaque);
  const network = await randomNetwork(side, { runtime: ortNode, threads });
  const model = inception === null ? undefined : await openInception(inception, side, { threads, ...job });
  try {
    const sampler = () => imageSampler(side, { images: pairs.length, perImage: PATCHES_PER_IMAGE, network });
    const [real, fake] = [0, 1].map(() => ({ sample: sampler(), features: model?.collect() }));
    const collect = async (into: typeof real, pictures: readonly Uint8Array[]): Promise<void> => {
      const planes = planesOf(pictures, side);
      await into.sample.add(planes);
      await into.features?.add(planes);
    };
    const [ofReal, ofPainted] = [scoreCounter(classes.length), scoreCounter(classes.length)];
    const shown: Record<"masks" | "real" | "own" | "other", Uint8Array[]> = { masks: [], real: [], own: [], other: [] };
    let ownDistance = 0;
    for (let first = 0; first < pairs.length; first += TOGETHER) {
      job.signal?.throwIfAborted();
      job.onProgress?.({ phase: "paint masks", done: first, total: pairs.length });
      const some = pairs.slice(first, first + TOGETHER);
      const labels = some.map((pair) => pair.labels);
      const seeds = some.map((_, i) => painter.style(first + i));
      const paintings = await paint(labels, seeds);
      await collect(
        real,
        some.map(({ rgb }) => rgb),
      );
      await collect(fake, paintings);
      const { encode } = painter;
      let own: Uint8Array[] | undefined;
      if (encode !== undefined) {
        const styles: Style[] = [];
        for (const [i, { rgb, labels: mask }] of some.entries()) styles.push(await encode(rgb, mask, seeds[i]));
        own = await paint(labels, styles);
        for (const [i, rgb] of own.entries()) ownDistance += distance(rgb, some[i].rgb);
      }
      if (judge !== undefined) {
        const seen = [await judge.see(some.map(({ rgb }) => rgb)), await judge.see(paintings)];
        for (const [i, mask] of labels.entries()) {
          ofReal.add(seen[0][i], mask);
          ofPainted.add(seen[1][i], mask);
        }
      }
      if (first === 0) {
        shown.masks = labels.map((mask) => colouredLabels(mask, palette));
        shown.real = some.map(({ rgb }) => rgb);
        shown.own = own ?? [];
        shown.other = paintings;
      }
    }
    job.onProgress?.({ phase: "paint masks", done: pairs.length, total: pairs.length });
    const blas = ortBlas({ threads });
    const compared = await compareSamples(real.sample.finish(), fake.sample.finish(), { blas, directions: DIRECTIONS });
    const points = [real, fake].flatMap(({ features }) => (features === undefined ? [] : [features.points()]));
    const [ofPictures, ofPaintings] = await Promise.all(points.map((set) => gaussianOf(set, blas)));
    const edits = await measureEdits(painter, pairs, judge, job);
    const { masks, real: pictures, own, other } = shown;
    return {
      figures: {
        images: pairs.length,
        ...compared,
        fid: model === undefined ? null : frechetDistance(ofPictures, ofPaintings),
        ownStyle: painter.encode === undefined ? null : ownDistance / pairs.length,
        diversity: await diversity(painter, pairs, count, paint),
        obedience: judge === undefined ? null : { painted: ofPainted.scores(), real: ofReal.scores() },
        edits: edits.figures,
      },
      sheet: [...masks, ...pictures, ...own, ...other],
      edited: edits.sheet,
    };
  } finally {
    await network.dispose();
    await model?.dispose();
  }
}

/** Mean distance of colours between paintings of one mask in different styles. */
async function diversity(
  painter: Painter,
  pairs: readonly Pair[],
  count: number,
  paint: (labels: readonly Uint8Array[], styles: readonly Style[]) => Promise<Uint8Array[]>,
): Promise<number> {
  const some = pairs.slice(0, VARIED);
  let [sum, n] = [0, 0];
  for (const [i, { labels }] of some.entries()) {
    const styles = Array.from({ length: count }, (_, s) => painter.style(i * count + s));
    const paintings = await paint(
      styles.map(() => labels),
      styles,
    );
    for (let a = 0; a < count; a++)
      for (let b = 0; b < a; b++) {
        sum += distance(paintings[a], paintings[b]);
        n++;
      }
  }
  return sum / n;
}

/** Mean distance of colours, 0 to 1. */
function distance(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (const [i, v] of a.entries()) sum += Math.abs(v - b[i]);
  return sum / (255 * a.length);
}
