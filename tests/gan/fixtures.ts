import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readNpz } from "../../src/checkpoint/npy.ts";
import { readCheckpoint } from "../../src/checkpoint/readCheckpoint.ts";
import type { Checkpoint } from "../../src/checkpoint/stateDict.ts";
import type { NoiseMode } from "../../src/gan/generator.ts";
import { blockName, convName } from "../../src/gan/stylegan2/stylegan2Spec.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { shared } from "../shared.ts";

export const checkpoints = shared("fixtures/checkpoints");
export const readFixture = (file: string): Checkpoint =>
  readCheckpoint(new Uint8Array(readFileSync(`${checkpoints}/${file}`)));

/** One forward pass with stored results. */
export interface ReferenceCase {
  readonly id: string;
  readonly psi: number;
  /** Truncated layers; undefined for all. */
  readonly cutoff: number | undefined;
  readonly noise: NoiseMode;
  /** ws is the input. */
  readonly fromWs: boolean;
}

/** A checkpoint with its reference: what an independent program computes from it. */
export interface GanFixture {
  readonly file: string;
  readonly network: string;
  readonly cases: readonly ReferenceCase[];
  readonly arrays: ReadonlyMap<string, Tensor>;
  /** A layer of the reference as the family calls it. */
  layerName(stored: string): string;
}

interface StoredCase {
  readonly id: string;
  readonly psi?: number | null;
  readonly truncation?: number | null;
  readonly cutoff?: number | null;
  readonly layers?: number;
  readonly noise?: NoiseMode;
}

interface FixtureJson {
  readonly fixture?: string;
  readonly fixtures?: readonly string[];
  readonly reference: string;
  readonly network: string;
  readonly cases: readonly StoredCase[];
}

/** Every checkpoint of a folder that has a reference. */
export function ganFixtures(folder: string): GanFixture[] {
  if (!existsSync(`${checkpoints}/${folder}`)) return [];
  const tables = readdirSync(`${checkpoints}/${folder}`).filter((name) => name.endsWith(".json"));
  return tables.flatMap((name) => {
    const json = JSON.parse(readFileSync(`${checkpoints}/${folder}/${name}`, "utf8")) as FixtureJson;
    const arrays = readNpz(new Uint8Array(readFileSync(`${checkpoints}/${json.reference}`)));
    const files = json.fixtures ?? (json.fixture === undefined ? [] : [json.fixture]);
    return files.map((file) => ({
      file,
      network: json.network,
      cases: json.cases.map(referenceCase),
      arrays: arrays as ReadonlyMap<string, Tensor>,
      layerName: json.network === "stylegan2" ? styleGan2Layer : (stored: string) => stored,
    }));
  });
}

function referenceCase({ id, psi, truncation, cutoff, layers, noise = "const" }: StoredCase): ReferenceCase {
  return {
    id,
    psi: psi ?? truncation ?? 1,
    cutoff: cutoff ?? layers ?? undefined,
    noise,
    fromWs: psi === null || truncation === null,
  };
}

/** genforce counts convolutions (layer3) and outputs (output1), rosinality names modules (conv1, convs.2). */
function styleGan2Layer(stored: string): string {
  const [, kind, index] = /^(layer|output|convs\.|conv1$)(\d*)$/.exec(stored) ?? [];
  if (kind === "layer") return convName(Number(index));
  if (kind === "output") return `${blockName(Number(index))}.torgb`;
  if (kind === "conv1") return convName(0);
  return kind === "convs." ? convName(Number(index) + 1) : stored;
}

/** max |got - reference| / max(1, max |reference|) over the samples that the reference holds. */
export function relativeError(got: Tensor, reference: Tensor): number {
  if (got.shape.slice(1).join() !== reference.shape.slice(1).join() || got.shape[0] < reference.shape[0])
    throw new Error(`shapes differ: [${got.shape}] and [${reference.shape}]`);
  let error = 0;
  let scale = 1;
  for (let i = 0; i < reference.data.length; i++) {
    const difference = Math.abs(got.data[i] - reference.data[i]);
    error = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(error, difference);
    scale = Math.max(scale, Math.abs(reference.data[i]));
  }
  return error / scale;
}
