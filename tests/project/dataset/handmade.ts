import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodePng } from "../../../src/dataset/png.ts";
import type { ManifestEntry } from "../../../src/project/dataset/manifest.ts";
import type { DatasetClasses, DatasetSettings } from "../../../src/project/dataset/settings.ts";

const SIDE = 4;

export interface Handmade {
  readonly settings?: Partial<DatasetSettings>;
  readonly classes?: DatasetClasses;
  /** Changes each line of the manifest. */
  readonly entry?: (entry: ManifestEntry) => object;
  readonly runs?: readonly unknown[];
}

/** A dataset of two samples of 4 x 4 pixels as somebody else may have written it: no generator, any strings. */
export async function handmadeDataset(
  folder: string,
  { settings, classes, entry = (e) => e, runs = [] }: Handmade = {},
): Promise<string> {
  const list = classes ?? [
    { name: "wall", color: "#202020", background: true },
    { name: "face", color: "#f0a070", background: false },
  ];
  const labels = {
    k: 2,
    classes: [
      { name: "wall", color: "#202020", clusters: [0], background: true, split: null },
      { name: "face", color: "#f0a070", clusters: [1], background: false, split: null },
    ],
    ignored: [],
  };
  const file = {
    klish: "dataset",
    version: 1,
    settings: {
      networkSha256: "0".repeat(64),
      family: "StyleGAN2",
      labelSets: [{ name: "run", labels, recipeSha256: "1".repeat(64), layers: ["b4.conv1"] }],
      ...{ latent: "normal", class: null, truncationPsi: 1, truncationCutoff: null, noiseMode: "const" },
      ...{ generatorResolution: SIDE, blockSize: 1, resolution: SIDE, imageFormat: "png", quality: 95 },
      ...{ firstSeed: 0, count: 2, shard: null, ignoreMargin: 0 },
      filter: { maxUncertain: null, minForeground: null, require: [] },
      split: { val: 0, test: 0 },
      ...settings,
    },
    classes: [list],
  };
  await mkdir(join(folder, "images"), { recursive: true });
  await mkdir(join(folder, "masks"), { recursive: true });
  await writeFile(join(folder, "dataset.json"), JSON.stringify(file));
  const image = encodePng({ width: SIDE, height: SIDE, data: new Uint8Array(SIDE * SIDE * 3).fill(90) });
  const mask = encodePng({ width: SIDE, height: SIDE, data: new Uint8Array(SIDE * SIDE).map((_, p) => p % 2) });
  const hashOf = (bytes: Uint8Array): { bytes: number; sha256: string } => ({
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  });
  const half = (SIDE * SIDE) / 2;
  const lines = [0, 1].map((seed) => {
    const pixels: [number, number][] = [0, 1].map((id) => [id, half]);
    const made: ManifestEntry = {
      ...{ seed, name: `seed00000${seed}`, split: "train", image: hashOf(image) },
      labels: [{ uncertain: 0, margin: 1, pixels, mask: hashOf(mask) }],
    };
    return JSON.stringify(entry(made));
  });
  await writeFile(join(folder, "manifest.jsonl"), lines.map((line) => `${line}\n`).join(""));
  await writeFile(join(folder, "runs.jsonl"), runs.map((run) => `${JSON.stringify(run)}\n`).join(""));
  for (const seed of [0, 1]) {
    await writeFile(join(folder, "images", `seed00000${seed}.png`), image);
    await writeFile(join(folder, "masks", `seed00000${seed}.png`), mask);
  }
  return folder;
}
