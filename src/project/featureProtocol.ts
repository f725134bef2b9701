/** What a thread that helps with clustering is asked. Requests are answered in their order. */
import type { PixelRange, RowSums } from "../cluster/linearFeatures.ts";

export type HelperRequest =
  | {
      readonly kind: "scores";
      readonly weight: Float32Array;
      readonly bias: Float32Array;
      readonly range: PixelRange | undefined;
    }
  | { readonly kind: "gradient"; readonly g: Float32Array; readonly range: PixelRange | undefined }
  | { readonly kind: "rowSums"; readonly index: Int32Array; readonly factors: Float32Array };

export type HelperResult = Float32Array | Float64Array | RowSums;

export type HelperAnswer = { readonly result: HelperResult } | { readonly error: string };
