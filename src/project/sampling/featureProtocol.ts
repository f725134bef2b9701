/** What a thread that helps with clustering is asked. Requests are answered in their order. */

import type { Hyperplane } from "../../cluster/svm/newtonSvm.ts";
import type { MergeRequest, MergeResult, SolveRequest } from "../../cluster/svm/svmHelpers.ts";
import type { LinearClassifier } from "../../pixels/linearClassifier.ts";
import type { NearestPass, NearestPassOptions } from "../../pixels/nearestPass.ts";
import type { PixelRange, RowSums } from "../../pixels/pixels.ts";
import type { ClassPass } from "../../pixels/svmPass.ts";
import type { RangePassRequest } from "../../pixels/threads/passHelpers.ts";

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
