/**
 * What a run and its workers say to each other, whatever carries it: a question and an answer, each a message (`pixels/shards/message`).
 * First the recipe, which the worker opens or refuses; then calls. Both sides check all that they are told.
 */
import { z } from "zod";
import type { PixelRange } from "../../../pixels/pixels.ts";
import { decodeMessage, encodeMessage } from "../../../pixels/shards/message.ts";
import type { ShardWorker } from "../../../pixels/shards/shardCrew.ts";
import { type ShardCall, ShardHolder } from "../../../pixels/shards/shardPasses.ts";
import { ortBlas } from "../../../runtime/node/ortBlas.ts";
import type { OpenedNetwork } from "../../network/network.ts";
import { packageVersion, versions } from "../../storage/versions.ts";
import { recipeHash, type ShardRecipe, shardMaker, shardRecipe } from "./recipe.ts";

/** Asks one question after another; rejects when whoever answers is gone. */
export type Exchange = (question: Uint8Array) => Promise<Uint8Array>;

const floats = z.instanceof(Float32Array);
const pixelLabels = z.instanceof(Uint16Array);
const range = z.strictObject({ start: z.int().min(0), end: z.int().min(0) });
const label = z.int().min(0).max(65535);

/** Labels that are those of the last pass over the same pixels: two bytes a pixel, which most passes need not send. */
const SAME = "same";

/** The passes of `ShardRequest`, as they may come from anybody. Lengths that do not fit are refused by the passes themselves. */
const request = z.discriminatedUnion("pass", [
  z.strictObject({ pass: z.literal("scores"), weight: floats, bias: floats, range }),
  z.strictObject({ pass: z.literal("gradient"), g: floats, range }),
  z.strictObject({ pass: z.literal("maps") }),
  z.strictObject({ pass: z.literal("rows"), index: z.instanceof(Int32Array) }),
  z.strictObject({ pass: z.literal("rowSums"), index: z.instanceof(Int32Array), factors: floats }),
  z.strictObject({
    pass: z.literal("svm"),
    labels: z.union([pixelLabels, z.literal(SAME)]),
    classes: z.array(z.union([label, z.array(label)])),
    weight: floats,
    bias: floats,
    keep: z.boolean().optional(),
    near: z.number().optional(),
    gradient: z.boolean().optional(),
    range,
  }),
  z.strictObject({
    pass: z.literal("nearest"),
    classifier: z.strictObject({ k: z.int().min(1), channels: z.int().min(1), weight: floats, bias: floats }),
    sums: z.boolean().optional(),
    before: pixelLabels.optional(),
    range,
  }),
  z.strictObject({ pass: z.literal("spread"), range }),
]);

const shardNumber = z.int().min(0);
const call = z.strictObject({ shard: shardNumber, request });
const HASH = z.string().regex(/^[0-9a-f]{64}$/);

const question = z.union([
  z.strictObject({ recipe: shardRecipe }),
  z.strictObject({
    recipe: HASH,
    calls: z.array(call),
    keep: z.array(shardNumber),
  }),
]);

/** What went wrong, in words; or the hash of the recipe that the answer is of, and what it says. */
const answer = z.union([
  z.strictObject({ error: z.string().max(2000) }),
  z.strictObject({ recipe: HASH, klish: z.string().max(64), network: HASH }),
  z.strictObject({ recipe: HASH, answers: z.array(z.unknown()) }),
]);

/** A worker that answers through `exchange`. */
export function remoteWorker(name: string, recipe: ShardRecipe, exchange: Exchange, dismiss: () => void): ShardWorker {
  const hash = recipeHash(recipe);
  const ask = async (asked: unknown) => {
    const read = answer.safeParse(decodeMessage(await exchange(encodeMessage(asked))));
    if (!read.success) throw new Error("expected an answer, got something else");
    if ("error" in read.data) throw new Error(read.data.error);
    if (read.data.recipe !== hash) throw new Error("it answers for another recipe than this run's");
    return read.data;
  };
  const known = new LastLabels();
  let ready: Promise<void> | undefined;
  const introduce = async (): Promise<void> => {
    const said = await ask({ recipe });
    if (!("network" in said)) throw new Error("expected an introduction, got something else");
    if (said.klish !== recipe.klish)
      throw new Error(`it runs klish ${said.klish}, this run klish ${recipe.klish}: install the same on every machine`);
    if (said.network !== recipe.settings.networkSha256) throw new Error("its generator is another one than this run's");
  };
  return {
    name,
    async answer(calls, keep) {
      ready ??= introduce();
      await ready;
      known.keep(keep);
      const said = await ask({ recipe: hash, calls: calls.map((call) => known.shortened(call)), keep });
      return "answers" in said ? said.answers : undefined;
    },
    dismiss,
  };
}

/** The labels of the last SVM pass over each range of pixels, as both sides hold them. */
class LastLabels {
  readonly #labels = new Map<string, { readonly shard: number; readonly labels: Uint16Array }>();

  /** Forgets those of other shards. */
  keep(shards: readonly number[]): void {
    for (const [key, { shard }] of this.#labels) if (!shards.includes(shard)) this.#labels.delete(key);
  }

  /** The call without labels that were sent before. */
  shortened({ shard, request }: ShardCall): unknown {
    if (request.pass !== "svm") return { shard, request };
    const key = keyOf(shard, request);
    const before = this.#labels.get(key)?.labels;
    if (before !== undefined && sameLabels(before, request.labels))
      return { shard, request: { ...request, labels: SAME } };
    // A copy: merges change theirs in place.
    this.#labels.set(key, { shard, labels: request.labels.slice() });
    return { shard, request };
  }

  /** The call with the labels that were sent before. */
  completed({ shard, request }: z.output<typeof call>): ShardCall {
    if (request.pass !== "svm") return { shard, request } as ShardCall;
    const key = keyOf(shard, request);
    const labels = request.labels === SAME ? this.#labels.get(key)?.labels : request.labels;
    if (labels === undefined) throw new Error("expected labels, or a pass that had the same");
    this.#labels.set(key, { shard, labels });
    return { shard, request: { ...request, labels } } as ShardCall;
  }
}

const keyOf = (shard: number, { range }: { readonly range: PixelRange }): string =>
  `${shard} ${range.start} ${range.end}`;

const bytesOf = (labels: Uint16Array): Buffer => Buffer.from(labels.buffer, labels.byteOffset, labels.byteLength);
const sameLabels = (a: Uint16Array, b: Uint16Array): boolean => bytesOf(a).equals(bytesOf(b));

/** What a worker's machine has. */
export interface ShardHost {
  /** The generator of a recipe. Rejects where this machine has another, or may not open it. */
  openNetwork(recipe: ShardRecipe): Promise<OpenedNetwork>;
}

/** Answers a run's questions, for as long as it is asked. */
export class ShardServer {
  readonly #host: ShardHost;
  #opened:
    | {
        readonly hash: string;
        readonly network: OpenedNetwork;
        readonly holder: ShardHolder;
        readonly known: LastLabels;
      }
    | undefined;

  constructor(host: ShardHost) {
    this.#host = host;
  }

  /** The answer to a message; also to one that cannot be answered, which says why. */
  async reply(message: Uint8Array): Promise<Uint8Array> {
    try {
      const read = question.safeParse(decodeMessage(message));
      if (!read.success) throw new Error("expected a question, got something else");
      return encodeMessage(
        "calls" in read.data ? await this.#answer(read.data) : await this.#introduce(read.data.recipe),
      );
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return encodeMessage({ error: reason.slice(0, 2000) });
    }
  }

  /** Frees the generator. */
  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.network.generator.dispose();
  }

  async #introduce(recipe: ShardRecipe): Promise<z.input<typeof answer>> {
    await this.close();
    const own = { klish: packageVersion(), "onnxruntime-node": versions()["onnxruntime-node"] };
    for (const name of ["klish", "onnxruntime-node"] as const)
      if (recipe[name] !== own[name])
        throw new Error(
          `the run is of ${name} ${recipe[name]}, this worker has ${own[name]}: install the same on every machine`,
        );
    const network = await this.#host.openNetwork(recipe);
    const { generator, sha256, provider } = network;
    try {
      if (sha256 !== recipe.settings.networkSha256)
        throw new Error(`${network.path} is not the generator of the run: its content differs`);
      if (provider !== recipe.provider) throw new Error(`the run is on ${recipe.provider}, this worker on ${provider}`);
      // One thread: who has more cores starts more workers, and products have the same bits everywhere.
      const holder = new ShardHolder(shardMaker(recipe.settings, generator, ortBlas({ threads: 1 })));
      this.#opened = { hash: recipeHash(recipe), network, holder, known: new LastLabels() };
    } catch (error) {
      await generator.dispose();
      throw error;
    }
    return { recipe: this.#opened.hash, klish: own.klish, network: sha256 };
  }

  async #answer({
    recipe,
    calls,
    keep,
  }: {
    readonly recipe: string;
    readonly calls: readonly z.output<typeof call>[];
    readonly keep: readonly number[];
  }): Promise<z.input<typeof answer>> {
    if (this.#opened?.hash !== recipe) throw new Error("asked about another recipe than was opened");
    const { holder, known } = this.#opened;
    known.keep(keep);
    return {
      recipe,
      answers: await holder.answer(
        calls.map((one) => known.completed(one)),
        keep,
      ),
    };
  }
}
