/** `klish evaluate segmenter`: segmenters on photos whose truth is known (the paper's Tables V and VI, Fig. 8). */
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import type { Sample } from "../../dataset/format.ts";
import { type DatasetClass, IGNORE_LABEL, type LabelMap } from "../../dataset/labelMap.ts";
import { mergeSides } from "../../dataset/mergeSides.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import type { SampleSource } from "../dataset/sampleSource.ts";
import { openSource } from "../dataset/source.ts";
import { defineJob } from "../requests/request.ts";
import { openSegmenter, type Segmenter } from "../segment/segmenter.ts";
import { segmentPhotos } from "../segment/segmentPhotos.ts";
import { ProjectError, writeAtomic } from "../storage/files.ts";
import { locked } from "../storage/lock.ts";
import { judgement } from "./judgement.ts";
import { type SegmentationRequest, segmentationRequest } from "./segmentationOptions.ts";
import type { JudgedModel } from "./segmentationScores.ts";
import { type JudgedPhoto, segmentationSheet } from "./segmentationSheet.ts";
import { segmentationCsv, segmentationMarkdown, segmentationPlot } from "./segmentationTables.ts";

export interface SegmentationSummary {
  readonly markdown: string;
  readonly csv: string;
  readonly plot: string;
  readonly sheet: string;
  readonly text: string;
  readonly models: readonly {
    readonly name: string;
    readonly file: string;
    readonly mean: number;
    readonly papers: number;
  }[];
}

/** Photos of one run of the segmenter; truth and labels of so many are in memory at a time. */
const CHUNK = 8;

/**
 * Segments the photos of a data set and compares with its masks. Rejects with ProjectError where photos or masks do not fit, or too
 * few photos are left to judge.
 */
export const segmentationJob = defineJob(segmentationRequest, async (request, job): Promise<SegmentationSummary> => {
  const source = await openSource([request.truth], { fromFormat: null, recipe: null, name: request.truth });
  const { samples, classes } = source.info;
  if (samples <= request.matchImages)
    throw new ProjectError(
      `${request.truth} has ${samples} photos; ${request.matchImages} are for matching, none are left to judge. Lower --match-images.`,
    );
  const truth = trueClasses(classes, request);
  const outdir = resolve(request.outdir);
  const models = request.models.map(namedModel);
  return locked(outdir, async () => {
    const judged: JudgedModel[] = [];
    let shown: readonly JudgedPhoto[] = [];
    for (const [i, { name, file }] of models.entries()) {
      const segmenter = await openSegmenter(
        { ...request, file },
        { threads: request.threads ?? availableParallelism(), ...job },
      );
      try {
        const done = { before: i * samples, total: models.length * samples };
        const result = await judge({ name, file }, segmenter, source, truth, request, done, job);
        judged.push(result.model);
        // Of the first model: a sheet for each would say less.
        if (i === 0) shown = await shownPhotos(segmenter, source, truth, request, result);
      } finally {
        await segmenter.dispose();
      }
    }
    const facts = { ...request, photos: samples, classes: truth.names, background: truth.background };
    const paths = {
      markdown: join(outdir, "segmenter.md"),
      csv: join(outdir, "segmenter.csv"),
      plot: join(outdir, "segmenter.svg"),
      sheet: join(outdir, "segmenter.png"),
    };
    const text = segmentationMarkdown(judged, facts);
    await writeAtomic(paths.markdown, text);
    await writeAtomic(paths.csv, segmentationCsv(judged, facts));
    await writeAtomic(paths.plot, segmentationPlot(judged, facts));
    await writeAtomic(paths.sheet, await segmentationSheet(shown, truth.colors));
    const short = judged.map(({ name, file, scores: { mean, papers } }) => ({ name, file, mean, papers }));
    return { ...paths, text, models: short };
  });
});

/** "klish=run/network.safetensors", or a file alone, which is its own name. */
function namedModel(text: string): { name: string; file: string } {
  const at = text.indexOf("=");
  return at > 0 ? { name: text.slice(0, at), file: text.slice(at + 1) } : { name: text, file: text };
}

interface TrueClasses {
  readonly names: readonly string[];
  readonly colors: readonly DatasetClass[];
  /** The judged class of each class of the masks. */
  readonly idOf: ArrayLike<number>;
  readonly background: number | undefined;
}

function trueClasses(
  classes: readonly DatasetClass[],
  { mergeSides: merge, background }: SegmentationRequest,
): TrueClasses {
  const names = classes.map(({ name }) => name);
  const merged = merge ? mergeSides(names) : { names, idOf: Uint8Array.from(names, (_, id) => id) };
  const colors = merged.names.map((name, id) => ({ ...classes[merged.idOf.indexOf(id)], name }));
  const found = background === null ? colors.findIndex((c) => c.background) : merged.names.indexOf(background);
  if (background !== null && found < 0)
    throw new ProjectError(`the truth has no class "${background}"; it has ${merged.names.join(", ")}.`);
  return { ...merged, colors, background: found < 0 ? undefined : found };
}

interface Judgement {
  readonly model: JudgedModel;
  readonly classOf: ArrayLike<number>;
  /** Judged photos and their mean IoUs, the best first. */
  readonly ranked: readonly { readonly photo: string; readonly iou: number }[];
}

async function judge(
  { name, file }: { readonly name: string; readonly file: string },
  segmenter: Segmenter,
  source: SampleSource,
  truth: TrueClasses,
  request: SegmentationRequest,
  { before, total }: { readonly before: number; readonly total: number },
  { onProgress, signal }: JobOptions,
): Promise<Judgement> {
  const classes = truth.names.length;
  const clusters = segmenter.classes?.length ?? MOST_CLUSTERS;
  const tables: Float64Array[] = [];
  const names: string[] = [];
  const report = (): void => {
    signal?.throwIfAborted();
    onProgress?.({ phase: "segment photos", done: before + tables.length, total, note: name });
  };
  report();
  for await (const chunk of chunks(source, CHUNK)) {
    for (const { photo, labels, found } of await segmented(segmenter, chunk, truth, request)) {
      const table = new Float64Array(classes * clusters);
      for (let p = 0; p < found.length; p++)
        if (labels.data[p] !== IGNORE_LABEL && found[p] !== IGNORE_LABEL) table[labels.data[p] * clusters + found[p]]++;
      tables.push(table);
      names.push(photo);
    }
    report();
  }
  const { model, classOf, perImage } = judgement(
    { name, file, classes: segmenter.classes, clusters, tables },
    truth,
    request,
  );
  const ranked = [...perImage]
    .map((iou, i) => ({ photo: names[request.matchImages + i], iou }))
    .sort((x, y) => y.iou - x.iou);
  return { model, classOf, ranked };
}

interface SegmentedSample {
  readonly photo: string;
  readonly image: Uint8Array;
  /** The true classes, merged. */
  readonly labels: LabelMap;
  /** The model's. */
  readonly found: Uint8Array;
}

async function segmented(
  segmenter: Segmenter,
  samples: readonly Sample[],
  { idOf }: TrueClasses,
  request: SegmentationRequest,
): Promise<SegmentedSample[]> {
  const photos = await segmentPhotos(
    segmenter,
    samples.map(({ image }) => image),
    request,
  );
  return samples.map(({ name: photo, image, labels }, i) => {
    const result = photos[i];
    if ("rejected" in result) throw new ProjectError(`${request.truth}: ${photo} cannot be read (${result.rejected}).`);
    const { width, height, data: found } = result.labels;
    if (width !== labels.width || height !== labels.height)
      throw new ProjectError(
        `${request.truth}: ${photo} is ${width}x${height}, its mask ${labels.width}x${labels.height}. klish check ${request.truth} finds all such pairs.`,
      );
    const data = labels.data.map((id) => (id === IGNORE_LABEL ? id : idOf[id]));
    return { photo, image, labels: { width, height, data }, found };
  });
}

/** The best, the median and the worst photos, each with truth and labels in the truth's classes. */
async function shownPhotos(
  segmenter: Segmenter,
  source: SampleSource,
  truth: TrueClasses,
  request: SegmentationRequest,
  { ranked, classOf }: Judgement,
): Promise<JudgedPhoto[]> {
  const middle = Math.floor((ranked.length - SHOWN) / 2);
  const wanted = new Map(
    [...ranked.keys()]
      .filter((i) => i < SHOWN || i >= ranked.length - SHOWN || (i >= middle && i < middle + SHOWN))
      .map((i) => [ranked[i].photo, ranked[i].iou]),
  );
  const shown: JudgedPhoto[] = [];
  for await (const sample of source.samples()) {
    const iou = wanted.get(sample.name);
    if (iou === undefined) continue;
    const [{ image, labels, found }] = await segmented(segmenter, [sample], truth, request);
    const data = found.map((id) => (classOf[id] >= 0 ? classOf[id] : IGNORE_LABEL));
    shown.push({ name: sample.name, iou, image, truth: labels, found: { ...labels, data } });
  }
  return shown.sort((a, b) => b.iou - a.iou);
}

/** Ids that a label map can hold: classes of a model that does not say how many it has. */
const MOST_CLUSTERS = 256;
/** Photos of the sheet: so many of the best, of the middle, of the worst. */
const SHOWN = 4;

async function* chunks(source: SampleSource, size: number): AsyncGenerator<Sample[]> {
  let chunk: Sample[] = [];
  for await (const sample of source.samples()) {
    chunk.push(sample);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
