/** The worker thread behind `startHelpers`: computes on features whose data it shares with the thread that started it. */
import { workerData } from "node:worker_threads";
import { svmSolver } from "../../cluster/svm/svmSolver.ts";
import { ortBlas } from "../../runtime/node/ortBlas.ts";
import { serve } from "../../runtime/node/threads.ts";
import type { FeatureHelper } from "./featureHelpers.ts";
import { type FeatureSource, openFeatures } from "./featureSource.ts";

const { features } = openFeatures(workerData as FeatureSource, ortBlas({ threads: 1 }));

serve<FeatureHelper>(
  {
    svm: (request) => features.svm(request),
    nearest: (classifier, request) => features.nearest(classifier, request),
    ...svmSolver(features),
  },
  { oneByOne: true },
);
