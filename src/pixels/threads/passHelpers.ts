/** Passes over all pixels, shared with other threads: scores and gradients never leave the thread that computes them. */

import type { Blas } from "../../numeric/blas.ts";
import type { LinearClassifier } from "../linearClassifier.ts";
import { type NearestPass, type NearestPassOptions, nearestPass } from "../nearestPass.ts";
import { type PixelRange, type Pixels, pixelRanges } from "../pixels.ts";
import { type ClassPass, type PassRequest, svmPass } from "../svmPass.ts";

/** `PassRequest` on the pixels of a range, of which `labels` holds those only. */
export type RangePassRequest = PassRequest & { readonly range: PixelRange };

/** Somebody who runs passes over ranges of the same features: another thread. */
export interface PassHelper {
  svmPass(request: RangePassRequest): Promise<ClassPass[]>;
  nearestPass(
    classifier: LinearClassifier,
    options: NearestPassOptions & { readonly range: PixelRange },
  ): Promise<NearestPass>;
}

/** Whole passes, as clusterers ask for them. */
export interface Passes {
  svm(request: PassRequest): Promise<ClassPass[]>;
  nearest(classifier: LinearClassifier, sums: boolean, before?: Uint16Array): Promise<NearestPass>;
}

/** Pixels of one piece of work: some seconds at the paper's size. Results are summed piece by piece, whoever did them. */
const PIECE_PIXELS = 1 << 19;
/** Pieces that a helper has at a time, so that it never waits for the next. */
const IN_FLIGHT = 2;

/**
 * `features` whose passes are done piece by piece by this thread and `helpers`, whoever is free; `own` are the features that this thread
 * itself computes on. Results do not depend on the number of helpers. `blas` serves products between passes, when the helpers rest.
 */
export function withPasses(
  features: Pixels,
  own: Pixels,
  helpers: readonly PassHelper[],
  blas: Blas = own.blas,
): Pixels {
  const { pixels, channels, alignment, streamed } = own;
  return {
    pixels,
    channels,
    alignment,
    blas,
    ...(streamed === undefined ? {} : { streamed }),
    scores: (weight, bias, out, range) => features.scores(weight, bias, out, range),
    gradient: (g, range) => features.gradient(g, range),
    rows: (index, out) => features.rows(index, out),
    rowSums: (index, factors) => features.rowSums(index, factors),
    ...(features.spread && { spread: features.spread.bind(features) }),
    passes: sharedPasses(own, helpers, pixelRanges(own, PIECE_PIXELS)),
  };
}

/**
 * Passes over `own` features by this thread and `helpers`, of which each takes one of the `pieces` after another. Where these are
 * the chunks of `pixelRanges`, sums are those of a pass by one thread.
 */
export function sharedPasses(own: Pixels, helpers: readonly PassHelper[], pieces: readonly PixelRange[]): Passes {
  const here: PassHelper = {
    svmPass: (request) => svmPass(own, request),
    nearestPass: (classifier, options) => nearestPass(own, classifier, options),
  };
  const all = <T>(work: (who: PassHelper, range: PixelRange) => Promise<T>): Promise<T[]> =>
    share(pieces, [...helpers.flatMap((helper) => Array<PassHelper>(IN_FLIGHT).fill(helper)), here], work);
  const { pixels, channels } = own;
  return {
    async svm(request) {
      const { labels } = request;
      const parts = await all((who, range) =>
        who.svmPass({ ...request, labels: labels.slice(range.start, range.end), range }),
      );
      return Array.from({ length: request.classes.length }, (_, c) => joinPasses(parts, c));
    },
    async nearest(classifier, summed, before) {
      const labels = new Uint16Array(pixels);
      const parts = await all(async (who, range) => {
        const part = await who.nearestPass(classifier, {
          sums: summed,
          before: before?.slice(range.start, range.end),
          range,
        });
        labels.set(part.labels, range.start);
        return part;
      });
      const sums = new Float64Array(classifier.k * channels);
      const sizes = new Float64Array(classifier.k);
      let scored = 0;
      for (const part of parts) {
        for (let j = 0; j < sums.length; j++) sums[j] += part.sums[j];
        for (let c = 0; c < sizes.length; c++) sizes[c] += part.sizes[c];
        scored += part.scored;
      }
      return { labels, sums, sizes, scored };
    },
  };
}

/** Results of all pieces in their order; each of `who` takes the next piece when it is free. */
async function share<T>(
  pieces: readonly PixelRange[],
  who: readonly PassHelper[],
  work: (who: PassHelper, range: PixelRange) => Promise<T>,
): Promise<T[]> {
  const results = new Array<T>(pieces.length);
  let next = 0;
  await Promise.all(
    who.map(async (one) => {
      while (next < pieces.length) {
        const piece = next++;
        results[piece] = await work(one, pieces[piece]);
      }
    }),
  );
  return results;
}

/** The pass of class `c` over all pixels, from those over consecutive ranges. What was kept of a part is given up at once. */
function joinPasses(parts: readonly ClassPass[][], c: number): ClassPass {
  let [loss, predicted, truePositive, pull, signedPull, kept] = [0, 0, 0, 0, 0, 0];
  let gradient: Float64Array | undefined;
  for (const { [c]: part } of parts) {
    loss += part.loss;
    predicted += part.predicted;
    truePositive += part.truePositive;
    pull += part.pull;
    signedPull += part.signedPull;
    kept += part.kept.index.length;
    if (part.pullGradient === undefined) continue;
    if (gradient === undefined) gradient = part.pullGradient.slice();
    else for (let j = 0; j < gradient.length; j++) gradient[j] += part.pullGradient[j];
  }
  const index = new Int32Array(kept);
  const value = new Float32Array(kept);
  let at = 0;
  for (const part of parts) {
    index.set(part[c].kept.index, at);
    value.set(part[c].kept.value, at);
    at += part[c].kept.index.length;
    part[c] = { ...part[c], kept: { index: new Int32Array(0), value: new Float32Array(0) } };
  }
  return { loss, predicted, truePositive, kept: { index, value }, pull, signedPull, pullGradient: gradient };
}
