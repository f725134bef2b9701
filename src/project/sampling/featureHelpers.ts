import type { Worker } from "node:worker_threads";
import type { Hyperplane } from "../../cluster/svm/newtonSvm.ts";
import type { MergeResult, SvmHelper } from "../../cluster/svm/svmHelpers.ts";
import type { NearestPass } from "../../pixels/nearestPass.ts";
import type { RowSums } from "../../pixels/pixels.ts";
import type { ClassPass } from "../../pixels/svmPass.ts";
import type { PassHelper } from "../../pixels/threads/passHelpers.ts";
import type { Helper } from "../../pixels/threads/sharedWork.ts";
import { endWorker, startWorker } from "../../runtime/node/threads.ts";
import type { HelperAnswer, HelperRequest, HelperResult } from "./featureProtocol.ts";
import type { FeatureSource } from "./featureSource.ts";

export interface FeatureHelpers {
  readonly helpers: readonly (Helper & PassHelper & SvmHelper)[];
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

function helper(worker: Worker): Helper & PassHelper & SvmHelper {
  const waiting: { resolve: (result: HelperResult) => void; reject: (error: Error) => void }[] = [];
  let broken: Error | undefined;
  worker.on("message", (answer: HelperAnswer) => {
    const next = waiting.shift();
    if ("result" in answer) next?.resolve(answer.result);
    else next?.reject(new Error(answer.error));
  });
  const fail = (error: Error): void => {
    broken ??= error;
    for (const { reject } of waiting.splice(0)) reject(broken);
  };
  worker.on("error", fail);
  worker.on("exit", (code) => fail(new Error(`a clustering thread ended unexpectedly (exit code ${code})`)));
  const ask = (request: HelperRequest): Promise<HelperResult> =>
    new Promise((resolve, reject) => {
      if (broken !== undefined) {
        reject(broken);
        return;
      }
      waiting.push({ resolve, reject });
      worker.postMessage(request);
    });
  return {
    scores: async (weight, bias, _, range) => (await ask({ kind: "scores", weight, bias, range })) as Float32Array,
    gradient: async (g, range) => (await ask({ kind: "gradient", g, range })) as Float64Array,
    svmPass: async (request) => (await ask({ kind: "svmPass", request })) as ClassPass[],
    nearestPass: async (classifier, options) =>
      (await ask({ kind: "nearestPass", classifier, options })) as NearestPass,
    solve: async (request) => (await ask({ kind: "solve", request })) as Hyperplane,
    trainMerged: async (request) => (await ask({ kind: "trainMerged", request })) as MergeResult,
    rowSums: async (index, factors) => (await ask({ kind: "rowSums", index, factors })) as RowSums,
  };
}
