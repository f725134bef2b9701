/** What a thread that helps with clustering is asked. Requests are answered in their order. */

import type { SvmSolver } from "../../cluster/svm/svmSolver.ts";
import type { PassWorker } from "../../pixels/threads/sharedPasses.ts";

/** A thread with features of its own: it runs passes over ranges of them, and solves SVMs. */
export type FeatureHelper = PassWorker & SvmSolver;

/** A call of one of its members. */
export type HelperRequest = {
  [Kind in keyof FeatureHelper]: { readonly kind: Kind; readonly args: Parameters<FeatureHelper[Kind]> };
}[keyof FeatureHelper];

export type HelperResult = Awaited<ReturnType<FeatureHelper[keyof FeatureHelper]>>;

export type HelperAnswer = { readonly result: HelperResult } | { readonly error: Error };
