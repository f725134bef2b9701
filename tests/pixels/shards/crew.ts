import { plainBlas } from "../../../src/numeric/blas.ts";
import type { Pixels } from "../../../src/pixels/pixels.ts";
import { pyramidFeatures } from "../../../src/pixels/pyramid/pyramid.ts";
import type { PyramidData } from "../../../src/pixels/pyramid/pyramidData.ts";
import { decodeMessage, encodeMessage } from "../../../src/pixels/shards/message.ts";
import { type CrewEvents, ShardCrew, type ShardWorker } from "../../../src/pixels/shards/shardCrew.ts";
import { shardedPixels } from "../../../src/pixels/shards/shardedPixels.ts";
import { type ShardCall, ShardHolder } from "../../../src/pixels/shards/shardPasses.ts";

/** Consecutive images of a pyramid, in shards of `each`. */
export function shardsOf({ images, resolution, levels }: PyramidData, each: number): Pixels[] {
  return Array.from({ length: Math.ceil(images / each) }, (_, shard) => {
    const first = shard * each;
    const count = Math.min(each, images - first);
    const part = levels.map((level) => {
      const numbers = level.size ** 2 * level.channels;
      return { ...level, data: level.data.slice(first * numbers, (first + count) * numbers) };
    });
    return pyramidFeatures({ images: count, resolution, levels: part }, plainBlas());
  });
}

type Answers = (calls: readonly ShardCall[], keep: readonly number[]) => Promise<unknown>;

/** A worker in this process that sees and says only bytes. `change` does to its answers what it likes. */
export function localWorker(
  name: string,
  open: (shard: number) => Promise<Pixels>,
  change: (answer: Answers) => Answers = (answer) => answer,
): ShardWorker {
  const holder = new ShardHolder(async (shard) => ({ pixels: await open(shard) }));
  const answer = change((calls, keep) => holder.answer(calls, keep));
  return {
    name,
    async answer(calls, keep) {
      const heard = decodeMessage(encodeMessage({ calls, keep })) as { calls: ShardCall[]; keep: number[] };
      return decodeMessage(encodeMessage(await answer(heard.calls, heard.keep)));
    },
    dismiss() {},
  };
}

/** The pixels of `shards`, held by a crew that nobody has joined yet. */
export function crewOf(shards: readonly Pixels[], lost?: CrewEvents["lost"]): { crew: ShardCrew; pixels: Pixels } {
  const [{ channels, alignment }] = shards;
  const sizes = shards.map(({ pixels }) => ({ pixels, channels }));
  const crew = new ShardCrew(sizes, lost && { lost });
  const layout = { pixels: sizes.map(({ pixels }) => pixels), channels, alignment };
  return { crew, pixels: shardedPixels(layout, (calls) => crew.ask(calls), plainBlas()) };
}
