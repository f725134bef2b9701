/** How far a generator's images are from a set of pictures. */
import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import type { z } from "zod";
import { frechetDistance, gaussianOf } from "../../../features/quality/frechet.ts";
import { compareSamples, type ImageSetFigures } from "../../../features/quality/imageSample.ts";
import { ortBlas } from "../../../runtime/node/ortBlas.ts";
import { makeInOrder } from "../../../runtime/node/pool.ts";
import type { JobOptions } from "../../../tensor/progress.ts";
import { type MachinesSummary, queueNote } from "../../queue/machines.ts";
import { byMakers, type Makers } from "../../queue/makers.ts";
import type { QueueState } from "../../queue/taskQueue.ts";
import { defineJob } from "../../requests/request.ts";
import { type Shard, shardText, shareOf } from "../../shards/shard.ts";
import { makeFolder, ProjectError } from "../../storage/files.ts";
import { locked } from "../../storage/lock.ts";
import { type Block, type BlockCollector, blockCollector, blocksOf, type Measured } from "./blocks.ts";
import { measuredFile, readMeasured } from "./keep.ts";
import { type Measuring, openMeasuring } from "./measuring.ts";
import { type GanQualityRequest, ganQualityRequest } from "./options.ts";
import { queuedMeasuring } from "./queued.ts";
import { blockPath, claimRecipe } from "./recipe.ts";

export interface GanQualitySummary extends ImageSetFigures {
  /** Images of either kind that were compared. */
  readonly samples: number;
  /** Pictures of the set, and how many of those tried could not be read. */
  readonly pictures: number;
  readonly rejected: number;
  /** Fréchet distance of the features of `inception`; null without it. */
  readonly fid: number | null;
  /** Who measured, with --queue; null without, and where all was measured before. */
  readonly machines: MachinesSummary | null;
}

/** What one part of the work leaves. */
export interface GanQualityPart {
  readonly folder: string;
  /** "3/16" */
  readonly part: string;
  /** Images of this part, of both kinds. */
  readonly images: number;
  readonly machines: MachinesSummary | null;
}

/** Directions of the sliced Wasserstein distance. */
const DIRECTIONS = 512;
/** Least images that figures are made of. */
const LEAST = 16;

type Request = z.output<typeof ganQualityRequest>;

/** Figures of a whole; what a part leaves, where one is asked for. */
export interface GanQualityJob {
  (request: GanQualityRequest & { readonly shard?: null }, job?: JobOptions): Promise<GanQualitySummary>;
  (request: GanQualityRequest, job?: JobOptions): Promise<GanQualitySummary | GanQualityPart>;
}

/** Measures a generator against pictures, or one part of the images. Throws ProjectError, GeneratorError for what cannot be compared. */
export const ganQualityJob = defineJob(
  ganQualityRequest,
  ({ shard, ...request }, job): Promise<GanQualitySummary | GanQualityPart> =>
    shard === null ? compare(request, job) : measurePart(request, shard, job),
) as GanQualityJob;

async function compare(request: Omit<Request, "shard">, job: JobOptions): Promise<GanQualitySummary> {
  return measuring(request, job, async (open, threads) => {
    const { pictures, recipe } = open;
    const most = Math.min(request.samples, pictures.count);
    if (most < LEAST) throw tooFew(request.data, most);
    const outdir = outdirOf(request);
    const collect = async (): Promise<GanQualitySummary> => {
      if (outdir !== undefined) await claimRecipe(outdir, recipe);
      const of = { real: blockCollector(recipe.resolution, most), generated: blockCollector(recipe.resolution, most) };
      const plan = planOf(most);
      const run = { request, open, outdir, job };
      const machines = await measureMissing(run, plan, (block, made) => of[block.kind].add(made));
      if (outdir !== undefined) {
        const shape = await open.shape();
        for (const block of plan) of[block.kind].add(await readMeasured(outdir, block, shape));
      }
      const tried = await replaceUnreadable(open, of.real, most);
      const samples = of.real.images;
      if (samples < LEAST) throw tooFew(request.data, samples);
      job.onProgress?.({ phase: "compare", done: 0, total: 1 });
      const blas = ortBlas({ threads });
      const [real, fake] = [of.real.finish(), of.generated.finish(samples)];
      const figures = await compareSamples(real.sample, fake.sample, { blas, directions: DIRECTIONS });
      const fid =
        real.points === undefined || fake.points === undefined
          ? null
          : frechetDistance(await gaussianOf(real.points, blas), await gaussianOf(fake.points, blas));
      job.onProgress?.({ phase: "compare", done: 1, total: 1 });
      return { samples, pictures: pictures.count, rejected: tried - samples, ...figures, fid, machines };
    };
    return outdir === undefined ? collect() : locked(outdir, collect);
  });
}

/** Parts are not locked: they share the folder, and each block is a file of its own. */
async function measurePart(request: Omit<Request, "shard">, shard: Shard, job: JobOptions): Promise<GanQualityPart> {
  const outdir = outdirOf(request);
  if (outdir === undefined)
    throw new ProjectError("--shard keeps what it measures in a folder: say which, with --outdir.");
  return measuring(request, job, async (open) => {
    const mine = shareOf(planOf(Math.min(request.samples, open.pictures.count)), shard);
    await makeFolder(outdir);
    await claimRecipe(outdir, open.recipe);
    const machines = await measureMissing({ request, open, outdir, job }, mine, () => undefined);
    const images = mine.reduce((sum, { first, end }) => sum + end - first, 0);
    return { folder: outdir, part: shardText(shard), images, machines };
  });
}

async function measuring<T>(
  request: Omit<Request, "shard">,
  job: JobOptions,
  work: (open: Measuring, threads: number) => Promise<T>,
): Promise<T> {
  if (request.queue !== null && request.outdir === null)
    throw new ProjectError("--queue has workers put what they measure into a folder: say which, with --outdir.");
  const threads = request.threads ?? availableParallelism();
  const open = await openMeasuring(request, { threads, ...job });
  try {
    return await work(open, threads);
  } finally {
    await open.close();
  }
}

const outdirOf = ({ outdir }: Pick<Request, "outdir">): string | undefined =>
  outdir === null ? undefined : resolve(outdir);

const tooFew = (data: string, count: number): ProjectError =>
  new ProjectError(`${data} has ${count} pictures that can be read: too few to say anything, ${LEAST} are needed.`);

/** All that is known to be wanted: which pictures cannot be read shows later. */
const planOf = (most: number): Block[] => [...blocksOf("real", most), ...blocksOf("generated", most)];

interface Run {
  readonly request: Omit<Request, "shard">;
  readonly open: Measuring;
  readonly outdir: string | undefined;
  readonly job: JobOptions;
}

/** Measures the blocks that the folder lacks, or all where nothing is kept: `made` gets those then, in their order. Resolves to who did it, of a queue. */
async function measureMissing(
  { request, open, outdir, job: { onProgress, signal } }: Run,
  plan: readonly Block[],
  made: (block: Block, measured: Measured) => void,
): Promise<MachinesSummary | null> {
  const isThere = async (block: Block): Promise<boolean> =>
    outdir !== undefined &&
    (await stat(blockPath(outdir, block)).then(
      () => true,
      () => false,
    ));
  const left: Block[] = [];
  for (const block of plan) if (!(await isThere(block))) left.push(block);
  const imagesOf = (blocks: readonly Block[]): number => blocks.reduce((sum, { first, end }) => sum + end - first, 0);
  const total = imagesOf(plan);
  let done = total - imagesOf(left);
  const report = (state?: QueueState): void =>
    onProgress?.({ phase: "measure images", done, total, ...(state && { note: queueNote(state) }) });
  report();
  if (left.length === 0) return null;
  const openMakers = async (): Promise<Makers<Block, unknown>> => {
    if (request.queue !== null && outdir !== undefined)
      return queuedMeasuring({ queue: request.queue, root: request.root }, outdir, request, open, signal);
    return { makers: [oneByOne((block) => keepOrGive(open, outdir, block, made))], dispose: async () => undefined };
  };
  const work = async (makers: Makers<Block, unknown>["makers"], tell: () => void): Promise<void> => {
    let next = 0;
    const finished = async (): Promise<void> => {
      done += imagesOf([left[next++]]);
      tell();
    };
    const pieces = left.map((block, index) => ({ ...block, index }));
    await makeInOrder(pieces.values(), makers, finished, () => signal?.aborted === true);
  };
  const machines = await byMakers(openMakers, work, report);
  signal?.throwIfAborted();
  return machines;
}

async function keepOrGive(
  open: Measuring,
  outdir: string | undefined,
  block: Block,
  made: (block: Block, measured: Measured) => void,
): Promise<void> {
  const measured = await open.measure(block);
  if (outdir === undefined) made(block, measured);
  else await measuredFile(outdir, block, measured);
}

/** A maker that begins a piece when the one before is done: there is one generator. */
function oneByOne<Piece, Made>(make: (piece: Piece) => Promise<Made>): (piece: Piece) => Promise<Made> {
  let last: Promise<unknown> = Promise.resolve();
  return (piece) => {
    const made = last.then(() => make(piece));
    last = made.catch(() => undefined);
    return made;
  };
}

/** Takes further pictures in place of those that cannot be read. Resolves to how many were tried in all. */
async function replaceUnreadable(
  { pictures, measure }: Measuring,
  real: BlockCollector,
  most: number,
): Promise<number> {
  let tried = most;
  while (real.images < most && tried < pictures.count) {
    const end = Math.min(pictures.count, tried + most - real.images);
    for (const block of blocksOf("real", end, tried)) real.add(await measure(block));
    tried = end;
  }
  return tried;
}
