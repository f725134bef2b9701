import type { Worker } from "node:worker_threads";
import { startWorker } from "../runtime/node/threads.ts";
import type { Block, BlockAnswer, DatasetWorkerStart } from "./datasetProtocol.ts";

/** Blocks that one worker has at a time. */
const BLOCKS_EACH = 2;

/**
 * Has blocks made by `workers` threads, each with a generator of its own on its share of the cores: so generation, scoring and
 * encoding of different blocks overlap. `finished` gets the answers in the order of the blocks. Blocks are drawn only as workers
 * become free, and at most a few answers wait for a slower one before them, so memory does not grow with their number.
 * After a failure, or when `stop` says so, no further block is begun, and those begun are finished first.
 */
export async function makeBlocks(
  blocks: Iterator<Block>,
  workers: number,
  start: DatasetWorkerStart,
  finished: (answer: BlockAnswer & { readonly kind: "made" }) => Promise<void>,
  stop: () => boolean,
): Promise<void> {
  const waiting = new Map<number, BlockAnswer & { readonly kind: "made" }>();
  const threads: Worker[] = [];
  let next: number | undefined;
  let failure: Error | undefined;
  let writing: Promise<void> = Promise.resolve();
  const fail = (error: Error): void => {
    failure ??= error;
  };
  const drain = async (): Promise<void> => {
    for (let answer = waiting.get(next!); answer !== undefined; answer = waiting.get(next!)) {
      waiting.delete(next!);
      next!++;
      await finished(answer);
    }
  };
  const flush = (): Promise<void> => {
    writing = writing.then(drain).catch(fail);
    return writing;
  };
  let exhausted = false;
  const feeds: (() => void)[] = [];
  const runThread = (): Promise<void> =>
    new Promise((done) => {
      const worker = startWorker("./datasetWorker", import.meta.url, { workerData: start });
      threads.push(worker);
      let open = 0;
      const feed = (): void => {
        exhausted ||= failure !== undefined || stop();
        // No thread runs far ahead of the block that the manifest waits for.
        while (!exhausted && open < BLOCKS_EACH && waiting.size <= 2 * BLOCKS_EACH * workers) {
          const { value, done: last } = blocks.next();
          exhausted ||= last === true;
          if (last === true) break;
          next ??= value.index;
          open++;
          worker.postMessage(value);
        }
        if (exhausted && open === 0) done();
      };
      feeds.push(feed);
      worker.on("message", async (answer: BlockAnswer) => {
        if (answer.kind === "made") {
          waiting.set(answer.index, answer);
          await flush();
        } else fail(Object.assign(new Error(answer.message), { name: answer.name, stack: answer.stack }));
        open--;
        for (const each of feeds) each();
      });
      const died = (error: Error): void => {
        fail(error);
        open = 0;
        for (const each of feeds) each();
      };
      worker.on("error", (error) => died(error as Error));
      worker.on("exit", (code) => {
        if (open > 0) died(new Error(`a worker of the dataset ended unexpectedly (exit code ${code})`));
      });
      feed();
    });
  try {
    await Promise.all(Array.from({ length: workers }, runThread));
    await flush();
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
  if (failure !== undefined) throw failure;
}
