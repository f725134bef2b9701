/** The worker thread behind `startHelpers`: computes on features whose data it shares with the thread that started it. */
import { parentPort, workerData } from "node:worker_threads";
import { svmSolver } from "../../cluster/svm/svmHelpers.ts";
import { nearestPass } from "../../pixels/nearestPass.ts";
import { svmPass } from "../../pixels/svmPass.ts";
import { ortBlas } from "../../runtime/node/ortBlas.ts";
import { serve } from "../../runtime/node/threads.ts";
import type { HelperAnswer, HelperRequest, HelperResult } from "./featureProtocol.ts";
import { type FeatureSource, openFeatures } from "./featureSource.ts";

const { features } = openFeatures(workerData as FeatureSource, ortBlas({ threads: 1 }));
const solver = svmSolver(features);

async function resultOf(request: HelperRequest): Promise<HelperResult> {
  if (request.kind === "scores") return features.scores(request.weight, request.bias, undefined, request.range);
  if (request.kind === "gradient") return features.gradient(request.g, request.range);
  if (request.kind === "svmPass") return svmPass(features, request.request);
  if (request.kind === "solve") return solver.solve(request.request);
  if (request.kind === "trainMerged") return solver.trainMerged(request.request);
  if (request.kind === "nearestPass") return nearestPass(features, request.classifier, request.options);
  return features.rowSums(request.index, request.factors);
}

async function answer(request: HelperRequest): Promise<HelperAnswer> {
  try {
    return { result: await resultOf(request) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

let last: Promise<void> = Promise.resolve();
serve((request: HelperRequest) => {
  last = last.then(async () => {
    const reply = await answer(request);
    // Scores are the one large answer: they are moved, not copied.
    const moved = "result" in reply && reply.result instanceof Float32Array ? [reply.result.buffer as ArrayBuffer] : [];
    parentPort?.postMessage(reply, moved);
  });
  return last;
});
