/**
 * Pixels whose passes are shared with other threads: each thread takes one piece of the pixels after another, so scores and gradients never
 * leave the thread that computes them. Sums are added piece by piece, whoever computed them: results do not depend on the number of threads.
 * All else is computed by this thread alone, and so are passes in memory over one class: those of merges, while each other thread trains a
 * merge of its own, and would answer only after that.
 */

import type { Blas } from "../../numeric/blas.ts";
import { joinNearest, joinSvm } from "../joinPasses.ts";
import { type PixelRange, type Pixels, withMembers } from "../pixels.ts";
import { pixelRanges } from "../ranges.ts";

/** Somebody who runs passes over ranges of the same pixels: another thread. */
export type PassWorker = Pick<Pixels, "svm" | "nearest">;

export interface SharedPassesOptions {
  /** Pixels of one piece of work. Default: a chunk of `pixelRanges`; sums are then those of a pass by one thread. */
  readonly piece?: number;
  /** For products between passes, when the workers rest. Default: that of `own`. */
  readonly blas?: Blas;
}

/** Pieces that a worker has at a time, so that it never waits for the next. */
const IN_FLIGHT = 2;

/** The pixels `own`, whose passes are done piece by piece by this thread and `workers`, whoever is free. */
export function withSharedPasses(
  own: Pixels,
  workers: readonly PassWorker[],
  { piece, blas = own.blas }: SharedPassesOptions = {},
): Pixels {
  if (workers.length === 0 && piece === undefined) return own;
  const pieces = pixelRanges(own, piece);
  const hands = [...workers.flatMap((worker) => Array<PassWorker>(IN_FLIGHT).fill(worker)), own];
  return withMembers(own, {
    blas,
    async svm(request) {
      if (request.range !== undefined || (piece === undefined && request.classes.length === 1)) return own.svm(request);
      const { labels } = request;
      const parts = await share(pieces, hands, (hand, range) =>
        hand.svm({ ...request, labels: labels.slice(range.start, range.end), range }),
      );
      return joinSvm(parts, request.classes.length);
    },
    async nearest(classifier, request = {}) {
      if (request.range !== undefined) return own.nearest(classifier, request);
      const parts = await share(pieces, hands, (hand, range) =>
        hand.nearest(classifier, { ...request, before: request.before?.slice(range.start, range.end), range }),
      );
      return joinNearest(parts, classifier);
    },
  });
}

/** Results of all pieces in their order; each hand takes the next piece when it is free. */
async function share<T>(
  pieces: readonly PixelRange[],
  hands: readonly PassWorker[],
  work: (hand: PassWorker, range: PixelRange) => Promise<T>,
): Promise<T[]> {
  const results = new Array<T>(pieces.length);
  let next = 0;
  await Promise.all(
    hands.map(async (hand) => {
      while (next < pieces.length) {
        const piece = next++;
        results[piece] = await work(hand, pieces[piece]);
      }
    }),
  );
  return results;
}
