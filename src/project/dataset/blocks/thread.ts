import { startThread } from "../../../runtime/node/threads.ts";
import type { BlockMaker, DatasetWorkerStart, OpenBlockMaker } from "./protocol.ts";

/** What the worker serves. */
export interface BlockCalls {
  readonly make: BlockMaker;
}

/** A maker of blocks in a thread of its own, with a generator of its own. */
export function threadMaker(start: DatasetWorkerStart): OpenBlockMaker {
  const { calls, close } = startThread<BlockCalls>("./worker", import.meta.url, {
    calls: ["make"],
    title: "a thread of the dataset",
    data: start,
  });
  return { make: calls.make, dispose: close };
}
