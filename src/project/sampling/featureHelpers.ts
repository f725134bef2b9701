import type { Worker } from "node:worker_threads";
import { endWorker, startWorker } from "../../runtime/node/threads.ts";
import type { FeatureHelper, HelperAnswer, HelperRequest, HelperResult } from "./featureProtocol.ts";
import type { FeatureSource } from "./featureSource.ts";

export interface FeatureHelpers {
  readonly helpers: readonly FeatureHelper[];
  /** Ends the threads once they have answered. */
  close(): Promise<void>;
}

/** `count` threads that compute on `data`, which must be shared memory or on disk. */
export function startHelpers(data: FeatureSource, count: number): FeatureHelpers {
  const workers = Array.from({ length: count }, () =>
    startWorker("./featureWorker", import.meta.url, { workerData: data }),
  );
  return {
    helpers: workers.map(helper),
    async close() {
      await Promise.all(workers.map(endWorker));
    },
  };
}

function helper(worker: Worker): FeatureHelper {
  const waiting: { resolve: (result: HelperResult) => void; reject: (error: Error) => void }[] = [];
  let broken: Error | undefined;
  worker.on("message", (answer: HelperAnswer) => {
    const next = waiting.shift();
    if ("result" in answer) next?.resolve(answer.result);
    else next?.reject(answer.error);
  });
  const fail = (error: Error): void => {
    broken ??= error;
    for (const { reject } of waiting.splice(0)) reject(broken);
  };
  worker.on("error", fail);
  worker.on("exit", (code) => fail(new Error(`a clustering thread ended unexpectedly (exit code ${code})`)));
  const ask =
    <Kind extends keyof FeatureHelper>(kind: Kind) =>
    (...args: Parameters<FeatureHelper[Kind]>): ReturnType<FeatureHelper[Kind]> =>
      new Promise((resolve, reject) => {
        if (broken !== undefined) {
          reject(broken);
          return;
        }
        waiting.push({ resolve, reject });
        worker.postMessage({ kind, args } as HelperRequest);
      }) as ReturnType<FeatureHelper[Kind]>;
  return { svm: ask("svm"), nearest: ask("nearest"), solve: ask("solve"), trainMerged: ask("trainMerged") };
}
