import { z } from "zod";

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
  resolution: z.int().min(1),
  /** One pixel of every stride x stride cell is clustered. */
  pixelStride: z.int().min(1),
  /** About so many pixels are clustered, one of each cell of a grid over every image; null: by the stride. */
  pixels: z.int().min(1).nullable().default(null),
  /** Of the features while they are clustered: half where they are kept on disk. */
  precision: z.enum(["single", "half"]).default("single"),
  initialClusters: z.int().min(2),
  seed: z.int().min(0).max(0xffffffff),
  /** K-means starts that are tried, of the seeds from `seed` on. */
  restarts: z.int().min(1).default(1),
  criterion: z.enum(["paper", "pair"]),
  balance: z.union([z.number().min(0).max(1), z.literal("auto")]),
  filter: z.boolean(),
  tolerance: z.number().positive(),
  minClusters: z.int().min(2),
  minIou: z.number().min(0).max(1).nullable(),
});

export type ClusterSettings = z.infer<typeof clusterSettings>;

/** Settings that name where things are, not what is computed; and the precision, in which a run continues as it began. */
const LOCATIONS: readonly (keyof ClusterSettings)[] = ["network", "layersReason", "precision"];

/** Human-readable differences between two runs; none when the second continues the first. */
export function differences(before: ClusterSettings, now: ClusterSettings): string[] {
  const names = (Object.keys(clusterSettings.shape) as (keyof ClusterSettings)[]).filter((n) => !LOCATIONS.includes(n));
  return names.flatMap((name) => {
    const [a, b] = [JSON.stringify(before[name]), JSON.stringify(now[name])];
    return a === b ? [] : [`${name} was ${abbreviate(a)}, now ${abbreviate(b)}`];
  });
}

const abbreviate = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}…` : text);
