/** SVMs solved by other threads over the same pixels: a problem is solved whole by one thread, so its result does not depend on which. */

import type { SparseMap } from "../../pixels/pixels.ts";
import type { Hyperplane } from "./newtonSvm.ts";
import type { Classifier } from "./warmStart.ts";

export interface SvmSettings {
  /** C and the tolerance of `SvmProblem`. */
  readonly c: number;
  readonly tolerance: number;
}

/** `SvmProblem.solveNear`, on the problem of the settings or on its sample. */
export interface SolveRequest extends SvmSettings {
  readonly sampled: boolean;
  readonly signs: Int8Array;
  readonly plane: Hyperplane;
  readonly near: SparseMap;
  /** The relative gap at which to stop. */
  readonly stopAt: number;
}

/** A class's near pixels in shared memory: whoever solves them needs no features of its own, and they may be weighted. */
export interface RowsRequest {
  /** All pixels, [N,D], in shared memory. */
  readonly pixels: Float32Array;
  /** The near ones, and of each its y, its score by `plane`, and how often it counts: once by default. */
  readonly index: Int32Array;
  readonly signs: Int8Array;
  readonly scores: Float32Array;
  readonly weights: Float32Array | undefined;
  readonly plane: Hyperplane;
  /** The numbers of a factor of H to begin with (`factorIn`). */
  readonly factor: Float32Array | undefined;
  /** C/N, and the relative gap at which to stop. */
  readonly penalty: number;
  readonly stopAt: number;
}

/** The training that a merge asks for. */
export interface MergeRequest extends SvmSettings {
  /** Per pixel: 1 in the merged cluster, else 0. */
  readonly members: Uint16Array;
  /** The two clusters' classifiers. */
  readonly p: Classifier;
  readonly q: Classifier;
}

/** A merged cluster's SVM. */
export interface MergedSvm extends Classifier {
  readonly objective: number;
  readonly gap: number;
  /** The confidence map, and what IoU is counted from. */
  readonly map: SparseMap;
  readonly predicted: number;
  readonly truePositive: number;
}

/** Somebody who solves SVMs over the same pixels: another thread. */
export interface SvmSolver {
  solve(request: SolveRequest): Promise<Hyperplane>;
  trainMerged(request: MergeRequest): Promise<MergedSvm>;
}

/** Somebody who solves on pixels in shared memory. */
export interface RowSolver {
  /** The hyperplane, and the numbers of the factor that it ended with. */
  solveRows(request: RowsRequest): Promise<{ readonly plane: Hyperplane; readonly factor: Float32Array | undefined }>;
}

/** The other threads that solve SVMs. */
export interface SvmSolvers {
  /** Each solves the near pixels of one class at a time. */
  readonly workingSets: readonly Pick<SvmSolver, "solve">[];
  /** Each trains one merge at a time, passes included: none, where passes run elsewhere and would give other numbers. */
  readonly merges: readonly Pick<SvmSolver, "trainMerged">[];
  /** The same where the pixels are few, and this thread's: each solves on a copy of them, `pixels` [N,D], in shared memory. */
  readonly rows?: { readonly pixels: Float32Array; readonly solvers: readonly RowSolver[] };
}

export const NO_SOLVERS: SvmSolvers = { workingSets: [], merges: [] };
