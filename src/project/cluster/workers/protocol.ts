/**
 * What a run and its workers say to each other, whatever carries it: a question and an answer, each a message (`pixels/shards/message`).
 * First the recipe, which the worker opens or refuses; then calls. Both sides check all that they are told.
 */
import { z } from "zod";
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

/** The passes of `ShardRequest`, as they may come from anybody. Lengths that do not fit are refused by the passes themselves. */
const request = z.discriminatedUnion("pass", [
  z.strictObject({ pass: z.literal("scores"), weight: floats, bias: floats, range }),
  z.strictObject({ pass: z.literal("gradient"), g: floats, range }),
  z.strictObject({ pass: z.literal("rows"), index: z.instanceof(Int32Array) }),
  z.strictObject({ pass: z.literal("rowSums"), index: z.instanceof(Int32Array), factors: floats }),
  z.strictObject({
    pass: z.literal("svm"),
    labels: pixelLabels,
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
const HASH = z.string().regex(/^[0-9a-f]{64}$/);

const question = z.union([
  z.strictObject({ recipe: shardRecipe }),
  z.strictObject({
    recipe: HASH,
    calls: z.array(z.strictObject({ shard: shardNumber, request })),
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
      const said = await ask({ recipe: hash, calls, keep });
      return "answers" in said ? said.answers : undefined;
    },
    dismiss,
  };
}

/** What a worker's machine has. */
export interface ShardHost {
  /** The generator of a recipe. Rejects where this machine has another, or may not open it. */
  openNetwork(recipe: ShardRecipe): Promise<OpenedNetwork>;
}

/** Answers a run's questions, for as long as it is asked. */
export class ShardServer {
  readonly #host: ShardHost;
  #opened: { readonly hash: string; readonly network: OpenedNetwork; readonly holder: ShardHolder } | undefined;

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
      this.#opened = { hash: recipeHash(recipe), network, holder };
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
    readonly calls: readonly unknown[];
    readonly keep: readonly number[];
  }): Promise<z.input<typeof answer>> {
    if (this.#opened?.hash !== recipe) throw new Error("asked about another recipe than was opened");
    return { recipe, answers: await this.#opened.holder.answer(calls as readonly ShardCall[], keep) };
  }
}
