import { z } from "zod";
import { SIDE } from "../requests/side.ts";
import { clusteringOptions } from "./options.ts";

/** What `klish cluster` was asked to do: all that decides its numbers. Written to project.json. */
export const clusterSettings = z.strictObject({
  /** Absolute path of the generator, and the hash of its bytes. */
  network: z.string(),
  networkSha256: z.string(),
  latent: z.enum(["normal", "uniform"]),
  seeds: z.array(z.int().min(0).max(0xffffffff)).min(1),
  class: z.int().min(0).nullable(),
  truncationPsi: z.number(),
  truncationCutoff: z.int().min(0).nullable(),
  noiseMode: z.enum(["const", "none", "random"]),
  /** Names, in forward order, and why they were taken. */
  layers: z.array(z.string()).min(1),
  layersReason: z.string(),
  resolution: SIDE,
  /** One pixel of every stride x stride cell is clustered. */
  pixelStride: z.int().min(1),
  /** Of the features while they are clustered: half where they are kept on disk. */
  precision: z.enum(["single", "half"]).default("single"),
  /** Parts of the images whose sums are added in their order, whoever computes them; null: all at once, by this process. */
  shards: z.int().min(1).nullable().default(null),
  ...clusteringOptions,
});

export type ClusterSettings = z.infer<typeof clusterSettings>;

/** Settings that name where things are, not what is computed; and the precision and the shards, in which a run continues as it began. */
const LOCATIONS: readonly (keyof ClusterSettings)[] = ["network", "layersReason", "precision", "shards"];

/** Human-readable differences between two runs; none when the second continues the first. */
export function differences(before: ClusterSettings, now: ClusterSettings): string[] {
  const names = (Object.keys(clusterSettings.shape) as (keyof ClusterSettings)[]).filter((n) => !LOCATIONS.includes(n));
  return names.flatMap((name) => {
    const [a, b] = [JSON.stringify(before[name]), JSON.stringify(now[name])];
    return a === b ? [] : [`${name} was ${abbreviate(a)}, now ${abbreviate(b)}`];
  });
}

const abbreviate = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}…` : text);
