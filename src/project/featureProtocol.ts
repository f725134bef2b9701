/** What a thread that helps with clustering is asked. Requests are answered in their order. */
import type { PixelRange, RowSums } from "../cluster/linearFeatures.ts";
import type { LinearClassifier } from "../cluster/mergeTree.ts";
import type { NearestPass, NearestPassOptions } from "../cluster/nearestPass.ts";
import type { Hyperplane } from "../cluster/newtonSvm.ts";
import type { RangePassRequest } from "../cluster/passHelpers.ts";
import type { MergeRequest, MergeResult, SolveRequest } from "../cluster/svmHelpers.ts";
import type { ClassPass } from "../cluster/svmPass.ts";

export type HelperRequest =
  | {
      readonly kind: "scores";
      readonly weight: Float32Array;
      readonly bias: Float32Array;
      readonly range: PixelRange | undefined;
    }
  | { readonly kind: "gradient"; readonly g: Float32Array; readonly range: PixelRange | undefined }
  | { readonly kind: "rowSums"; readonly index: Int32Array; readonly factors: Float32Array }
  | { readonly kind: "solve"; readonly request: SolveRequest }
  | { readonly kind: "trainMerged"; readonly request: MergeRequest }
  | { readonly kind: "svmPass"; readonly request: RangePassRequest }
  | {
      readonly kind: "nearestPass";
      readonly classifier: LinearClassifier;
      readonly options: NearestPassOptions;
    };

export type HelperResult = Float32Array | Float64Array | RowSums | ClassPass[] | NearestPass | Hyperplane | MergeResult;

export type HelperAnswer = { readonly result: HelperResult } | { readonly error: string };
