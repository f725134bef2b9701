/**
 * manifest.jsonl: a line per sample, in order of seeds, appended when the sample's files are complete. What it lists is
 * there; what it does not list will be made again.
 */
import { createReadStream } from "node:fs";
import { open, truncate } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { SPLITS } from "../../dataset/split.ts";
import { plainIssues } from "../../text/issues.ts";
import { explain, ProjectError } from "../storage/files.ts";
import type { DatasetSettings } from "./settings.ts";

/** File stem of a sample. */
export const sampleName = (seed: number): string => `seed${String(seed).padStart(6, "0")}`;

const fileHash = z.strictObject({ bytes: z.int().min(0), sha256: z.string() });

const labelled = z.strictObject({
  /** Share of pixels whose best score leads by little, and the mean lead. */
  uncertain: z.number(),
  margin: z.number(),
  /** Where several networks vote: the mean over the tenth of the pixels in which they differ most, in nats. */
  disagreement: z.number().optional(),
  /** Where other clusterings are asked: the share of pixels that became 255 because one of them said another class. */
  contested: z.number().optional(),
  /** [class id, pixels] of what appears, 255 for ignored. */
  pixels: z.array(z.tuple([z.int().min(0).max(255), z.int().min(1)])),
  mask: fileHash.optional(),
});
/** What one label set makes of a sample. */
export type LabelledEntry = z.infer<typeof labelled>;

const entry = z
  .strictObject({
    seed: z.int().min(0),
    /** The stem of its files: it follows from the seed, so that no list can name another file. */
    name: z.string(),
    split: z.enum(SPLITS),
    /** What the generator's discriminator makes of the image: a logit, higher is better. */
    plausibility: z.number().optional(),
    image: fileHash.optional(),
    /** In the order of the label sets. */
    labels: z.array(labelled).min(1),
    /** Why the quality filter left it out: no files then. */
    rejected: z.array(z.string()).optional(),
  })
  .refine(({ seed, name }) => name === sampleName(seed), {
    path: ["name"],
    error: ({ input }) => `expected ${sampleName((input as { seed: number }).seed)}`,
  });
export type ManifestEntry = z.infer<typeof entry>;

export const manifestPath = (folder: string): string => join(folder, "manifest.jsonl");

export const manifestLine = (e: ManifestEntry): string => `${JSON.stringify(e)}\n`;

interface Line {
  readonly entry: ManifestEntry;
  /** Bytes of the file up to and with this line. */
  readonly end: number;
}

/**
 * Lines one after another, so that memory does not grow with the dataset. Ends before the first that a crash cut short or damaged.
 * Throws ProjectError for one that is whole and says what no sample can have.
 */
export async function* manifestLines(
  folder: string,
  { labelSets }: Pick<DatasetSettings, "labelSets">,
): AsyncGenerator<Line> {
  const stream = createReadStream(manifestPath(folder));
  let rest: Buffer = Buffer.alloc(0);
  let end = 0;
  let count = 0;
  const where = (): string => `${manifestPath(folder)}, line ${count + 1}`;
  try {
    for await (const piece of stream) {
      rest = rest.length === 0 ? (piece as Buffer) : Buffer.concat([rest, piece as Buffer]);
      let from = 0;
      for (let to = rest.indexOf(10); to >= 0; to = rest.indexOf(10, from)) {
        const parsed = parseLine(rest.toString("utf8", from, to), where);
        if (parsed === undefined) return;
        if (parsed.labels.length !== labelSets.length)
          throw new ProjectError(
            `${where()}: ${parsed.labels.length} masks, expected one for each of ${labelSets.length} label sets`,
          );
        count++;
        end += to + 1 - from;
        from = to + 1;
        yield { entry: parsed, end };
      }
      rest = rest.subarray(from);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw explain(error, manifestPath(folder));
  }
}

function parseLine(text: string, where: () => string): ManifestEntry | undefined {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // A line that a crash damaged: what follows it is made again.
    return undefined;
  }
  const { data, error } = entry.safeParse(content);
  if (data === undefined) throw new ProjectError(`${where()}: ${plainIssues(error, content)}`);
  return data;
}

/** Entries of lines that a worker sent. Throws ProjectError that says what no sample can have. */
export function entriesOf(lines: string): ManifestEntry[] {
  return lines
    .split("\n")
    .slice(0, -1)
    .map((text, i) => {
      const parsed = parseLine(text, () => `line ${i + 1}`);
      if (parsed === undefined) throw new ProjectError(`line ${i + 1} is not valid JSON`);
      return parsed;
    });
}

/** Appends lines. Opened for one run. */
export interface ManifestWriter {
  append(text: string): Promise<void>;
  close(): Promise<void>;
}

/** Cuts the manifest after `bytes`, and opens it for appending. */
export async function continueManifest(folder: string, bytes: number): Promise<ManifestWriter> {
  const path = manifestPath(folder);
  try {
    const file = await open(path, "a");
    await truncate(path, bytes);
    return {
      async append(text) {
        try {
          await file.appendFile(text);
        } catch (error) {
          throw explain(error, path);
        }
      },
      async close() {
        // A full disk was told about already; the close after it must not hide it.
        await file.sync().catch(() => undefined);
        await file.close();
      },
    };
  } catch (error) {
    throw explain(error, path);
  }
}

/** All entries of a finished manifest. Throws ProjectError when it ends before `expected` entries. */
export async function* wholeManifest(
  folder: string,
  settings: DatasetSettings,
  expected: number,
): AsyncGenerator<ManifestEntry> {
  let count = 0;
  for await (const { entry: e } of manifestLines(folder, settings)) {
    count++;
    yield e;
  }
  if (count < expected)
    throw new ProjectError(
      `${folder} is not complete: ${count} of ${expected} samples. Run the command that began it again.`,
    );
}
