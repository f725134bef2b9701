/** What a worker says is checked before it is believed: a wrong shape or a NaN would spoil the sums of all shards. */

import { z } from "zod";
import type { PixelRange } from "../pixels.ts";
import type { ShardAnswers, ShardRequest } from "./shardPasses.ts";

/** What is known of a shard. */
export interface ShardSize {
  readonly pixels: number;
  readonly channels: number;
  /** Numbers of its maps. Default: it has none. */
  readonly maps?: number;
}

type Numbers = Float32Array | Float64Array;

/** A loop: the array's own search calls a function for each. */
function allFinite(values: Numbers): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

const lengthOf = (array: ArrayLike<number>, length: number) => array.length === length;
const floats = (length: number) =>
  z
    .instanceof(Float32Array, { error: "expected single precision" })
    .refine((array) => lengthOf(array, length), { error: `expected ${length} numbers` })
    .refine(allFinite, { error: "expected finite numbers" });
const doubles = (length: number) =>
  z
    .instanceof(Float64Array, { error: "expected double precision" })
    .refine((array) => lengthOf(array, length), { error: `expected ${length} numbers` })
    .refine(allFinite, { error: "expected finite numbers" });

function belowAll(values: Uint16Array, limit: number): boolean {
  for (let i = 0; i < values.length; i++) if (values[i] >= limit) return false;
  return true;
}

/** Whether numbers of pixels ascend within `range`. */
function ascendsWithin(index: Int32Array, { start, end }: PixelRange): boolean {
  let before = start - 1;
  for (let i = 0; i < index.length; i++) {
    if (index[i] <= before) return false;
    before = index[i];
  }
  return before < end;
}

const kept = (range: PixelRange, asked: boolean) =>
  z
    .strictObject({
      index: z.instanceof(Int32Array).refine((index) => ascendsWithin(index, range), {
        error: "expected pixels of the shard, ascending",
      }),
      value: z.instanceof(Float32Array).refine(allFinite, { error: "expected finite numbers" }),
    })
    .refine(({ index, value }) => index.length === value.length, { error: "expected a score for each pixel" })
    .refine(({ index }) => asked || index.length === 0, { error: "expected no scores" });

/** A lie: what was asked, and what is wrong with the answer. */
export class AnswerError extends Error {
  override readonly name = "AnswerError";
}

/** `answer` as what `request` asks of a shard. Throws AnswerError where it cannot be that. */
export function checkAnswer(
  request: ShardRequest,
  answer: unknown,
  shard: ShardSize,
): ShardAnswers[keyof ShardAnswers] {
  const read = schemaOf(request, shard).safeParse(answer);
  if (read.success) return read.data;
  const [{ path, message }] = read.error.issues;
  throw new AnswerError(`a wrong answer to ${request.pass}: ${[...path, message].join(": ")}`);
}

function schemaOf(
  request: ShardRequest,
  { channels, maps = 0 }: ShardSize,
): z.ZodType<ShardAnswers[keyof ShardAnswers]> {
  const n = "range" in request ? request.range.end - request.range.start : 0;
  switch (request.pass) {
    case "scores":
      return floats(request.bias.length * n);
    case "gradient":
      return doubles((request.g.length / n) * channels);
    case "maps":
      return floats(maps);
    case "rows":
      return floats(request.index.length * channels);
    case "rowSums":
      return z.strictObject({
        squares: doubles(channels ** 2),
        sums: doubles((request.factors.length / request.index.length) * channels),
      });
    case "svm": {
      const gradient = request.gradient === true ? doubles(channels) : z.undefined().optional();
      const one = z
        .strictObject({
          loss: z.number().min(0),
          predicted: z.int().min(0).max(n),
          truePositive: z.int().min(0),
          kept: kept(request.range, request.keep === true || request.near !== undefined),
          pull: z.number().min(0),
          signedPull: z.number(),
          pullGradient: gradient,
        })
        .refine(({ predicted, truePositive }) => truePositive <= predicted, { error: "expected fewer hits" })
        .transform((pass) => ({ ...pass, pullGradient: pass.pullGradient }));
      return z.array(one).length(request.classes.length);
    }
    case "nearest": {
      const { k } = request.classifier;
      return z
        .strictObject({
          labels: z
            .instanceof(Uint16Array)
            .refine((labels) => lengthOf(labels, n), { error: `expected ${n} labels` })
            .refine((labels) => belowAll(labels, k), { error: `expected labels below ${k}` }),
          sums: doubles(k * channels),
          sizes: doubles(k),
          scored: z.number(),
        })
        .refine(({ sizes }) => sizes.reduce((sum, size) => sum + size, 0) === n, {
          error: `expected sizes of ${n} pixels in all`,
        });
    }
    case "spread":
      return z.strictObject({ mean: doubles(channels), variance: z.number().min(0) });
  }
}
