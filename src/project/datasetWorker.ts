/** A worker thread of `klish dataset`: generates, scores, labels, encodes and writes one block of samples after the other. */
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { manifestLine } from "./datasetManifest.ts";
import type { Block, BlockAnswer, DatasetWorkerStart } from "./datasetProtocol.ts";
import { makeSample } from "./datasetSample.ts";
import { openSampler } from "./datasetSampler.ts";
import { imagePath, maskPath } from "./datasetSettings.ts";
import { writeAtomic } from "./files.ts";
import { labeller } from "./recipeLabels.ts";

const { folder, settings, source, classifier } = workerData as DatasetWorkerStart;
const labels = labeller(settings.labels);
const opening = openSampler(source, classifier);

async function makeBlock({ index, seeds, first, end }: Block): Promise<BlockAnswer> {
  const sampler = await opening;
  const images = await sampler.sample(seeds);
  const kept = seeds.map((seed, i) => ({ seed, image: images[i] })).filter(({ seed }) => seed >= first && seed < end);
  const made = await Promise.all(kept.map(({ seed, image }) => makeSample(seed, image, settings, labels)));
  let bytes = 0;
  const write = async (path: string, content: Uint8Array): Promise<void> => {
    bytes += content.length;
    await writeAtomic(join(folder, path), content, { flush: false });
  };
  await Promise.all(
    made.flatMap(({ entry: { name }, image, mask }) =>
      image === undefined || mask === undefined
        ? []
        : [write(imagePath(name, settings), image), write(maskPath(name), mask)],
    ),
  );
  const lines = made.map(({ entry }) => manifestLine(entry)).join("");
  return { kind: "made", index, lines, samples: made.length, bytes };
}

const send = (answer: BlockAnswer): void => parentPort?.postMessage(answer);

// Two blocks are here at a time: while one is generated, the files of the other are encoded and written by libuv's threads.
parentPort?.on("message", async (block: Block) => {
  try {
    send(await makeBlock(block));
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    send({ kind: "failed", name, message, stack: stack ?? "" });
  }
});
