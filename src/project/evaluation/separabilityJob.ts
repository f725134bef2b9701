import { cpus } from "node:os";
import { join } from "node:path";
import type { z } from "zod";
import type { JobOptions } from "../../tensor/progress.ts";
import { defineJob } from "../requests/request.ts";
import { ProjectError, writeAtomic } from "../storage/files.ts";
import { locked } from "../storage/lock.ts";
import { separabilityRequest } from "./options.ts";
import { judge, learn, splitImages, trainingPixels } from "./separability.ts";
import { type SeparabilityInput, type SeparabilitySource, separabilityInput } from "./separabilityInput.ts";
import {
  continueSeparability,
  type SeparabilityFile,
  type SeparabilityRow,
  saveSeparability,
} from "./separabilityRows.ts";
import { separabilityCsv, separabilityMarkdown } from "./separabilityTables.ts";

export interface SeparabilitySummary {
  readonly markdown: string;
  readonly csv: string;
  readonly json: string;
  readonly rows: number;
  /** The Markdown itself. */
  readonly text: string;
}

/**
 * Learns and judges classifiers of every method, number of images and split. Continues what an earlier run left in the folder.
 */
export const separabilityJob = defineJob(separabilityRequest, async (request, job): Promise<SeparabilitySummary> => {
  const { outdir } = request;
  const input = await separabilityInput({ ...request, source: sourceOf(request) }, job);
  return locked(outdir, async () => {
    const file = await measure(request, input, job);
    const paths = {
      markdown: join(outdir, "separability.md"),
      csv: join(outdir, "separability.csv"),
      json: join(outdir, "separability.json"),
    };
    const text = separabilityMarkdown(file);
    await writeAtomic(paths.markdown, text);
    await writeAtomic(paths.csv, separabilityCsv(file));
    return { ...paths, rows: file.rows.length, text };
  });
});

async function measure(
  request: z.output<typeof separabilityRequest>,
  input: SeparabilityInput,
  { onProgress, signal }: JobOptions,
): Promise<SeparabilityFile> {
  const { outdir, methods, splits, mostPixels, command } = request;
  const { name, images, pixelsPerImage, classes, sha256, features } = input;
  const testImages = request.testImages ?? Math.floor(images / 4);
  const pool = images - testImages;
  if (testImages < 1 || pool < 1)
    throw new ProjectError(
      `${images} images cannot be split: ${testImages} to judge on leave ${pool} to learn from. Take more images.`,
    );
  const shots = [...new Set([...request.shots.filter((n) => n < pool), pool])].sort((a, b) => a - b);
  const cpu = cpus();
  let file = await continueSeparability(outdir, {
    klish: "separability",
    version: 1,
    name,
    sha256,
    classes: [...classes],
    channels: features.channels,
    images,
    testImages,
    pixelsPerImage,
    mostPixels,
    machine: `${cpu[0]?.model.trim()}, ${cpu.length} threads`,
    command,
    rows: [],
  });
  const total = splits.length * shots.length * methods.length;
  let done = 0;
  for (const seed of splits) {
    const { train, test } = splitImages(images, testImages, seed);
    for (const count of shots) {
      const index = trainingPixels(input, train.subarray(0, count), mostPixels, seed);
      if (index.length === 0) throw new ProjectError(`the images of split ${seed} have no labelled pixels.`);
      for (const method of methods) {
        const report = (note: string): void =>
          onProgress?.({
            phase: "train and judge",
            done,
            total,
            note: `${method}, ${count} images, split ${seed}${note}`,
          });
        report("");
        if (!file.rows.some((row) => row.method === method && row.shots === count && row.seed === seed)) {
          const start = performance.now();
          const classifier = await learn(method, input, index, classes.length, {
            onProgress: (inner) => report(`: ${inner.done}/${inner.total}`),
            ...(signal && { signal }),
          });
          const seconds = Math.round((performance.now() - start) / 10) / 100;
          const scores = await judge(classifier, input, test);
          const known = (values: readonly number[]): (number | null)[] =>
            values.map((x) => (Number.isNaN(x) ? null : x));
          const row: SeparabilityRow = {
            method,
            shots: count,
            seed,
            seconds,
            trainingPixels: index.length,
            accuracy: scores.accuracy,
            iou: known(scores.iou),
            pooledIou: known(scores.pooledIou),
          };
          file = { ...file, rows: [...file.rows, row] };
          await saveSeparability(outdir, file);
        }
        done++;
        report("");
        signal?.throwIfAborted();
      }
    }
  }
  return file;
}

/** One of them is there: the schema sees to it. */
function sourceOf(request: z.output<typeof separabilityRequest>): SeparabilitySource {
  const { network, project, features, images, layers, resolution, truncationPsi, class: label } = request;
  if (project !== null) return { kind: "project", folder: project, network: null };
  if (network === null) return { kind: "arrays", file: features as string };
  const seeds = [...Array(images).keys()];
  return { kind: "network", file: network, seeds, layers, resolution, truncationPsi, class: label };
}
