/** A worker thread of `klish dataset`: makes the blocks that it is sent. */
import { parentPort, workerData } from "node:worker_threads";
import { serve } from "../../runtime/node/threads.ts";
import { blockMaker } from "./block.ts";
import type { Block, BlockAnswer, DatasetWorkerStart } from "./protocol.ts";

const { make } = blockMaker(workerData as DatasetWorkerStart);
const send = (answer: BlockAnswer): void => parentPort?.postMessage(answer);

serve(async (block: Block) => {
  const { index } = block;
  try {
    send({ kind: "made", index, made: await make(block) });
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    send({ kind: "failed", index, name, message, stack: stack ?? "" });
  }
});
