/** The score below which images are left out: found once, on a sample that depends on nothing but the data set's first seed. */
import type { JobOptions } from "../../../tensor/progress.ts";
import { openSampler, type SamplerSource } from "../../sampling/sampler.ts";
import type { DatasetSettings } from "../settings.ts";
import { type Critic, encodeCritic, lowestShare, openCritic } from "./critic.ts";

/** Images of the sample. */
const SAMPLE = 256;
const LAST_SEED = 0xffffffff;

/** Generates a sample of images and judges them. */
export async function calibrate(
  critic: Critic,
  source: SamplerSource,
  { firstSeed, blockSize }: Pick<DatasetSettings, "firstSeed" | "blockSize">,
  share: number,
  { onProgress, signal }: JobOptions,
): Promise<NonNullable<DatasetSettings["plausibility"]>> {
  const count = Math.ceil(SAMPLE / blockSize) * blockSize;
  const first = Math.min(Math.floor(firstSeed / blockSize) * blockSize, LAST_SEED + 1 - count);
  const sampler = await openSampler(source, []);
  const judge = await openCritic(critic, source.threads);
  const report = (done: number): void => {
    signal?.throwIfAborted();
    onProgress?.({ phase: "judge a sample of images", done, total: count });
  };
  try {
    const pictures: Uint8Array[] = [];
    report(0);
    for (let at = 0; at < count; at += blockSize) {
      const seeds = Array.from({ length: blockSize }, (_, i) => first + at + i);
      pictures.push(...(await sampler.sample(seeds)).map(({ rgb }) => rgb));
      report(pictures.length / 2);
    }
    const deviation = Math.fround(await judge.deviation(pictures));
    const scores = await judge.score(pictures, deviation);
    report(count);
    const threshold = Math.round(lowestShare(scores, share) * 1e4) / 1e4;
    return { share, threshold, deviation, criticSha256: encodeCritic(critic).sha256 };
  } finally {
    await sampler.dispose();
    await judge.dispose();
  }
}
