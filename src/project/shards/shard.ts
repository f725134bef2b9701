/** Work that is cut into shards: which one a process has, and where it lies in a folder that all of them share. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { option, optional } from "../requests/request.ts";
import { listFolder, ProjectError } from "../storage/files.ts";

/** Shard `index`, from 1, of `of`. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a scheduler of array jobs says which task this is, and what that counts from. */
interface ArrayVariables {
  readonly scheduler: string;
  readonly index: string;
  readonly count?: string;
  /** Where the tasks' numbers begin and end, of a scheduler that lets users choose. */
  readonly range?: { readonly first: string; readonly last: string };
}

const SCHEDULERS: readonly ArrayVariables[] = [
  {
    scheduler: "Slurm",
    index: "SLURM_ARRAY_TASK_ID",
    count: "SLURM_ARRAY_TASK_COUNT",
    range: { first: "SLURM_ARRAY_TASK_MIN", last: "SLURM_ARRAY_TASK_MAX" },
  },
  { scheduler: "AWS Batch", index: "AWS_BATCH_JOB_ARRAY_INDEX", count: "AWS_BATCH_JOB_ARRAY_SIZE" },
  // Before this one is asked: AWS Batch on Kubernetes sets both.
  { scheduler: "Kubernetes", index: "JOB_COMPLETION_INDEX" },
];

/**
 * "3/16": shard 3 of 16. "auto": as the array job's variables say; "auto/16" where they do not say how many there are, or only some are run again:
 * the tasks count from 0 then. Throws RangeError for anything else.
 */
export function readShard(text: string, environment: Environment = process.env): Shard {
  const [, which, count] = /^(\d+|auto)(?:\/(\d+))?$/.exec(text) ?? [];
  if (which === undefined || (which !== "auto" && count === undefined))
    throw new RangeError(`expected a part such as 3/16, or auto, got "${text}"`);
  const of = count === undefined ? undefined : Number(count);
  if (which === "auto") return taskOf(of, environment);
  const index = Number(which);
  if (index < 1 || of === undefined || index > of) throw new RangeError(`expected a part such as 3/16, got "${text}"`);
  return { index, of };
}

function taskOf(given: number | undefined, environment: Environment): Shard {
  const found = SCHEDULERS.find(({ index }) => environment[index] !== undefined);
  if (found === undefined)
    throw new RangeError(
      `auto takes the part from an array job, and this is none: ${SCHEDULERS.map(({ index }) => index).join(", ")} are not set. Say which part, such as 3/16`,
    );
  const number = (name: string): number => {
    const value = environment[name] ?? "";
    if (!/^\d+$/.test(value)) throw new RangeError(`${name} is ${JSON.stringify(value)}, expected a number`);
    return Number(value);
  };
  const { scheduler, index, count, range } = found;
  const task = number(index);
  if (given !== undefined) {
    if (given < 1) throw new RangeError(`expected at least one part, got ${given}`);
    if (task >= given)
      throw new RangeError(`${index} is ${task}; the tasks of auto/${given} are numbered 0 to ${given - 1}`);
    return { index: task + 1, of: given };
  }
  if (count === undefined || environment[count] === undefined)
    throw new RangeError(`${scheduler} does not say how many tasks there are: give it, such as auto/16`);
  const of = number(count);
  const first = range === undefined ? 0 : number(range.first);
  const last = range === undefined ? of - 1 : number(range.last);
  if (last - first + 1 !== of)
    throw new RangeError(
      `tasks ${first} to ${last} are not ${of}: some are left out. Say how many parts there are in all, such as auto/${last + 1}, and number the tasks from 0`,
    );
  if (task < first || task > last) throw new RangeError(`${index} is ${task}, expected ${first} to ${last}`);
  return { index: task - first + 1, of };
}

/** `--shard`: only one part of the work. `help` says of what. */
export const shardOption = (help: string) =>
  option(optional(z.strictObject({ index: z.int().min(1), of: z.int().min(1) })), "--shard <i/n>", help, {
    read: readShard,
  });

/**
 * The pieces of a shard: consecutive ones, as many in each shard as can be, so none where there are more shards than pieces. Throws ProjectError for a shard
 * that there is not.
 */
export function shareOf<T>(pieces: readonly T[], { index, of }: Shard): readonly T[] {
  if (index > of) throw new ProjectError(`there is no shard ${index} of ${of}.`);
  const cut = (part: number): number => Math.floor((pieces.length * part) / of);
  return pieces.slice(cut(index - 1), cut(index));
}

/** "3/16" */
export const shardText = ({ index, of }: Shard): string => `${index}/${of}`;

const SHARDS = "shards";
const NAME = /^(\d+)-of-(\d+)$/;

/** The folder of a shard in the one that all shards share: <folder>/shards/03-of-16. Its name sorts as its number does. */
export const shardFolder = (folder: string, { index, of }: Shard): string =>
  join(folder, SHARDS, `${String(index).padStart(String(of).length, "0")}-of-${of}`);

/**
 * Where a command that is given `--outdir` and perhaps `--shard` works. A folder that holds `file` and no shards is one shard's own, as
 * earlier versions made them: it is continued.
 */
export async function homeOf(outdir: string, shard: Shard | null, file: string): Promise<string> {
  if (shard === null) return outdir;
  const isOwn = await stat(join(outdir, file)).then(
    () => true,
    () => false,
  );
  return isOwn && (await shardsIn(outdir)).length === 0 ? outdir : shardFolder(outdir, shard);
}

/** The folders of the shards in a folder, by their names; none where it has none. */
export async function shardsIn(folder: string): Promise<string[]> {
  const names = await listFolder(join(folder, SHARDS));
  return names
    .filter((name) => NAME.test(name))
    .sort()
    .map((name) => join(folder, SHARDS, name));
}

/** Where the shards of a folder lie. */
export const shardsFolder = (folder: string): string => join(folder, SHARDS);

/**
 * Which of the shards 1 to n are not there. Throws RangeError, which says what is wrong, where they are not of one n or one is there twice.
 */
export function missingShards(shards: readonly { readonly shard: Shard; readonly folder: string }[]): number[] {
  const [first] = shards;
  const odd = shards.find(({ shard }) => shard.of !== first.shard.of);
  if (odd !== undefined)
    throw new RangeError(
      `${first.folder} is one of ${first.shard.of} parts, ${odd.folder} one of ${odd.shard.of}: they are not of one run. Remove those that do not belong`,
    );
  const there = new Map<number, string>();
  for (const { shard, folder } of shards) {
    const other = there.get(shard.index);
    if (other !== undefined) throw new RangeError(`${other} and ${folder} are both part ${shardText(shard)}`);
    there.set(shard.index, folder);
  }
  return Array.from({ length: first.shard.of }, (_, i) => i + 1).filter((index) => !there.has(index));
}
