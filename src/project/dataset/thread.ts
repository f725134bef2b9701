import { endWorker, startWorker } from "../../runtime/node/threads.ts";
import type { BlockAnswer, DatasetWorkerStart, MadeBlock, OpenBlockMaker } from "./protocol.ts";

interface Waiting {
  readonly resolve: (made: MadeBlock) => void;
  readonly reject: (error: Error) => void;
}

/** A maker of blocks in a thread of its own, with a generator of its own. */
export function threadMaker(start: DatasetWorkerStart): OpenBlockMaker {
  const waiting = new Map<number, Waiting>();
  const worker = startWorker("./worker", import.meta.url, { workerData: start });
  const fail = (error: Error): void => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on("message", (answer: BlockAnswer) => {
    const asked = waiting.get(answer.index);
    waiting.delete(answer.index);
    if (answer.kind === "made") asked?.resolve(answer.made);
    else asked?.reject(Object.assign(new Error(answer.message), { name: answer.name, stack: answer.stack }));
  });
  worker.on("error", (error) => fail(error as Error));
  worker.on("exit", (code) => fail(new Error(`a thread of the dataset ended unexpectedly (exit code ${code})`)));
  return {
    make: (block) =>
      new Promise((resolve, reject) => {
        waiting.set(block.index, { resolve, reject });
        worker.postMessage(block);
      }),
    dispose: () => endWorker(worker),
  };
}
