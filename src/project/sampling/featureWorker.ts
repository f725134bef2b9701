/** The worker thread behind `startHelpers`: computes on features whose data it shares with the thread that started it. */
import { parentPort, workerData } from "node:worker_threads";
import { svmSolver } from "../../cluster/svm/svmSolver.ts";
import { ortBlas } from "../../runtime/node/ortBlas.ts";
import { serve } from "../../runtime/node/threads.ts";
import type { FeatureHelper, HelperAnswer, HelperRequest, HelperResult } from "./featureProtocol.ts";
import { type FeatureSource, openFeatures } from "./featureSource.ts";

const { features } = openFeatures(workerData as FeatureSource, ortBlas({ threads: 1 }));
const helper: FeatureHelper = {
  svm: (request) => features.svm(request),
  nearest: (classifier, request) => features.nearest(classifier, request),
  ...svmSolver(features),
};

async function answer({ kind, args }: HelperRequest): Promise<HelperAnswer> {
  try {
    return { result: await (helper[kind] as (...args: readonly unknown[]) => Promise<HelperResult>)(...args) };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}

let last: Promise<void> = Promise.resolve();
serve((request: HelperRequest) => {
  last = last.then(async () => parentPort?.postMessage(await answer(request)));
  return last;
});
