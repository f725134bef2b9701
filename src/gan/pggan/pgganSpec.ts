/** What shapes a PGGAN network apart from its weights. */
import type { ProgressiveSizes } from "../progressive.ts";

/** Told by the shapes of the weights. */
export interface PgganSizes extends ProgressiveSizes {
  /** z and label together: the weights do not tell them apart. */
  readonly latentDim: number;
}

/** Told by the file. */
export type PgganSettings = { readonly cDim: number };
