import type { SvmSolver } from "../../cluster/svm/solvers.ts";
import type { PassWorker } from "../../pixels/threads/sharedPasses.ts";
import { startThread } from "../../runtime/node/threads.ts";
import type { FeatureSource } from "./featureSource.ts";

/** A thread with features of its own: it runs passes over ranges of them, and solves SVMs. */
export type FeatureHelper = PassWorker & SvmSolver;

export interface FeatureHelpers {
  readonly helpers: readonly FeatureHelper[];
  /** Ends the threads once they have answered. */
  close(): Promise<void>;
}

/** `count` threads that compute on `data`, which must be shared memory or on disk. */
export function startHelpers(data: FeatureSource, count: number): FeatureHelpers {
  const threads = Array.from({ length: count }, () =>
    startThread<FeatureHelper>("./featureWorker", import.meta.url, {
      calls: ["svm", "nearest", "solve", "trainMerged"],
      title: "a clustering thread",
      data,
    }),
  );
  return {
    helpers: threads.map(({ calls }) => calls),
    async close() {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}
