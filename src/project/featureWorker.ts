/** The worker thread behind `startHelpers`: computes on a pyramid whose data it shares with the thread that started it. */
import { parentPort, workerData } from "node:worker_threads";
import { type PyramidData, pyramidFeatures } from "../cluster/pyramid.ts";
import { ortBlas } from "../runtime/node/ortBlas.ts";
import type { HelperAnswer, HelperRequest, HelperResult } from "./featureProtocol.ts";

const features = pyramidFeatures(workerData as PyramidData, ortBlas({ threads: 1 }));

async function serve(request: HelperRequest): Promise<HelperResult> {
  if (request.kind === "scores") return features.scores(request.weight, request.bias, undefined, request.range);
  if (request.kind === "gradient") return features.gradient(request.g, request.range);
  return features.rowSums(request.index, request.factors);
}

async function answer(request: HelperRequest): Promise<HelperAnswer> {
  try {
    return { result: await serve(request) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

let last: Promise<void> = Promise.resolve();
parentPort?.on("message", (request: HelperRequest) => {
  last = last.then(async () => {
    const reply = await answer(request);
    // Scores are the one large answer: they are moved, not copied.
    const moved = "result" in reply && reply.result instanceof Float32Array ? [reply.result.buffer as ArrayBuffer] : [];
    parentPort?.postMessage(reply, moved);
  });
});
