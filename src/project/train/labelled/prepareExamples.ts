/** From a data set, or photos without labels, to the prepared squares of a run. */
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { IGNORE_LABEL, type LabelMap } from "../../../dataset/labelMap.ts";
import type { Split } from "../../../dataset/split.ts";
import type { JobOptions } from "../../../tensor/progress.ts";
import { explain, ProjectError, writeAtomic } from "../../storage/files.ts";
import { type Fit, placeInSquare } from "../pictures/framing.ts";
import { prepareImage, reasonOf } from "../pictures/prepareImage.ts";
import {
  type ExampleLine,
  labelsPath,
  linesPath,
  loadPreparedExamples,
  type PreparedExamples,
  pixelsPath,
  preparedPath,
} from "./exampleStore.ts";

/** A picture as it is stored somewhere. */
export interface SourceExample {
  readonly name: string;
  readonly split: Split;
  /** Of the picture's file. */
  readonly bytes: Uint8Array;
  /** Undefined: it has none. */
  readonly labels?: LabelMap;
}

export interface Examples {
  /** What they are, for progress and messages: "pictures", "photos". */
  readonly what: string;
  readonly total: number;
  /** Of the labels; 0: there are none. */
  readonly classes: number;
  stream(): AsyncIterable<SourceExample>;
}

/** Pictures that are decoded side by side, by core. */
const TOGETHER = 8;

/**
 * Writes all pictures as squares, whole, in their order; those that cannot be read are listed with the reason. What an earlier
 * run prepared completely is taken as it is; one that was killed begins again. Throws ProjectError when none is left.
 */
export async function prepareExamples(
  folder: string,
  examples: () => Promise<Examples>,
  { resolution, fit }: { readonly resolution: number; readonly fit: Fit },
  { onProgress, signal }: JobOptions,
): Promise<PreparedExamples> {
  const finished = await loadPreparedExamples(folder);
  if (finished !== undefined) return finished;
  const { what, total, classes, stream } = await examples();
  const pixels = new Float64Array(classes);
  const counts = { done: 0, rejected: 0 };
  let reason = "";
  const report = (): void =>
    onProgress?.({
      phase: `prepare the ${what}`,
      done: counts.done,
      total,
      ...(counts.rejected > 0 ? { note: `${counts.rejected} rejected` } : {}),
    });
  report();
  const files = await openFiles(folder);
  try {
    for await (const some of batches(stream(), TOGETHER * availableParallelism())) {
      signal?.throwIfAborted();
      const prepared = await Promise.all(some.map((example) => prepare(example, resolution, fit)));
      for (const { line, rgb, labels } of prepared) {
        await append(files.lines, `${JSON.stringify(line)}\n`, linesPath(folder));
        counts.done++;
        if (rgb === undefined || labels === undefined) {
          counts.rejected++;
          reason ||= `${line.name}: ${line.rejected}`;
          continue;
        }
        await append(files.pixels, rgb, pixelsPath(folder));
        await append(files.labels, labels, labelsPath(folder));
        if (line.split === "train") for (const label of labels) if (label < classes) pixels[label]++;
      }
      report();
    }
    for (const file of [files.pixels, files.labels, files.lines]) await file.sync();
  } finally {
    for (const file of [files.pixels, files.labels, files.lines]) await file.close();
  }
  const count = counts.done - counts.rejected;
  if (count === 0)
    throw new ProjectError(`none of the ${counts.done} ${what} can be used${reason === "" ? "" : `; ${reason}`}.`);
  const result: PreparedExamples = {
    klish: "examples",
    version: 1,
    resolution,
    count,
    rejected: counts.rejected,
    pixels: [...pixels],
  };
  await writeAtomic(preparedPath(folder), `${JSON.stringify(result, null, 2)}\n`);
  return result;
}

async function openFiles(folder: string): Promise<Record<"pixels" | "labels" | "lines", FileHandle>> {
  try {
    await mkdir(folder, { recursive: true });
    return {
      pixels: await open(pixelsPath(folder), "w"),
      labels: await open(labelsPath(folder), "w"),
      lines: await open(linesPath(folder), "w"),
    };
  } catch (error) {
    throw explain(error, folder);
  }
}

async function append(file: FileHandle, content: Uint8Array | string, path: string): Promise<void> {
  try {
    await file.appendFile(content);
  } catch (error) {
    throw explain(error, path);
  }
}

interface PreparedExample {
  readonly line: ExampleLine;
  readonly rgb?: Uint8Array;
  readonly labels?: Uint8Array;
}

async function prepare(example: SourceExample, resolution: number, fit: Fit): Promise<PreparedExample> {
  const { name, split, bytes, labels } = example;
  try {
    const { pixels, region } = await prepareImage(bytes, { crop: "none", fit, resize: "lanczos", resolution });
    if (
      labels !== undefined &&
      (labels.width !== region.width || labels.height !== region.height) &&
      !sameShape(labels, region)
    )
      throw new Error(
        `the picture is ${region.width}x${region.height} pixels, its mask ${labels.width}x${labels.height}: another shape`,
      );
    return {
      line: { name, split },
      rgb: pixels,
      labels: squareLabels(labels ?? { ...region, data: undefined }, fit, resolution),
    };
  } catch (error) {
    return { line: { name, split, rejected: reasonOf(error) } };
  }
}

/** Masks may be smaller or larger than their pictures, to the pixel that rounding takes. */
const sameShape = (a: { width: number; height: number }, b: { width: number; height: number }): boolean =>
  Math.abs(a.width * b.height - b.width * a.height) <= Math.max(b.width, b.height);

/** The labels as a square, each pixel its nearest; 255 in the border. Without data: 0 where the picture is. */
export function squareLabels(
  map: { readonly width: number; readonly height: number; readonly data: Uint8Array | undefined },
  fit: Fit,
  resolution: number,
): Uint8Array {
  const { width, height, data } = map;
  const place = placeInSquare(map, fit, resolution);
  const out = new Uint8Array(resolution * resolution).fill(IGNORE_LABEL);
  for (let y = 0; y < place.height; y++) {
    const row = Math.floor(((y + 0.5) * height) / place.height);
    for (let x = 0; x < place.width; x++) {
      const column = Math.floor(((x + 0.5) * width) / place.width);
      out[(place.top + y) * resolution + place.left + x] = data === undefined ? 0 : data[row * width + column];
    }
  }
  return out;
}

async function* batches<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let some: T[] = [];
  for await (const item of items) {
    some.push(item);
    if (some.length < size) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}
