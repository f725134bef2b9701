import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeSafetensors } from "../../../src/checkpoint/safetensors.ts";
import { segmenterNetwork } from "../../../src/models/segmenter.ts";
import { initialTensors } from "../../../src/nn/parameters.ts";
import { SEGMENTER_METADATA } from "../../../src/project/segment/segmenterModel.ts";

export const tinyArchitecture = { network: "unet", channels: [4, 6, 8] } as const;
export const tinyClasses = [
  { name: "sky", color: "#2040ff", background: true },
  { name: "sea", color: "#102080", background: false },
  { name: "land", color: "#20a040", background: false },
];

/** An untrained segmenter of three classes, in a file of klish; returns its path. */
export async function writeTinySegmenter(folder: string): Promise<string> {
  const path = join(folder, "segmenter.safetensors");
  const weights = initialTensors(segmenterNetwork(tinyArchitecture, tinyClasses.length).parameters, 1);
  const about = { side: 16, classes: tinyClasses, architecture: tinyArchitecture };
  await writeFile(path, writeSafetensors(weights, { [SEGMENTER_METADATA]: JSON.stringify(about) }));
  return path;
}
