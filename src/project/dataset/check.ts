import { readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { type CheckResult, checkDataset, detectFormat, type ImageFacts } from "../../dataset/check.ts";
import { formatNamed, formats } from "../../dataset/formats/index.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { ProjectError } from "../files.ts";
import { filesBelow } from "./source.ts";

export interface CheckRequest {
  readonly folder: string;
  /** Null to find it out. */
  readonly format: string | null;
}

/** Checks a folder of images and masks. */
export async function checkJob({ folder, format }: CheckRequest, job: JobOptions): Promise<CheckResult> {
  const paths = await filesBelow(folder);
  const layout = format === null ? detectFormat(paths, formats) : formatNamed(format);
  if (layout.classify === undefined)
    throw new ProjectError(
      `layout "${layout.name}" has no mask files to check. Check the dataset that it was exported from: the folder with dataset.json.`,
    );
  return checkDataset({ paths, read: (path) => readFile(join(folder, path)), probe }, layout, job);
}

async function probe(bytes: Uint8Array): Promise<ImageFacts> {
  const image = sharp(bytes, { failOn: "warning" });
  const { width, height, hasAlpha = false, orientation = 1 } = await image.metadata();
  // Decoding all pixels finds what the header does not tell.
  await image.stats();
  return { width, height, hasAlpha, orientation };
}
