/** How SVMs are trained over given pixels, chosen once by what a pass over them costs. */

import type { Pixels } from "../../pixels/pixels.ts";
import { byIndex, byRows, NearNewton, type NearSolver } from "./nearNewton.ts";
import { SampledDescent } from "./sampledDescent.ts";
import { NO_SOLVERS, type SvmSolvers } from "./solvers.ts";
import type { SvmPlan } from "./training.ts";
import { WorkingSets } from "./workingSets.ts";

/** The plan for `features`; other threads may solve near pixels. */
export function svmPlan(features: Pixels, { workingSets, rows }: SvmSolvers = NO_SOLVERS): SvmPlan {
  if (features.passCost === "dear") return fewPasses(features);
  const lanes = rows === undefined ? [] : Array.from({ length: LANES }, () => byRows(rows)).flat();
  return manyPasses([...workingSets.map(byIndex), ...lanes]);
}

/** Classes that a thread without features has been given at once: it goes on with the next while this one hears of the last. */
const LANES = 2;

/**
 * The sample that is solved before all pixels: this share of them, at most so many, and none where that would be less than so many, or
 * than so many per channel: a step costs mainly its Hessian there, as much as on all pixels.
 */
const SAMPLE_PART = 0.25;
const SAMPLE_MOST = 16384;
const SAMPLE_LEAST = 6144;
const SAMPLE_LEAST_PER_CHANNEL = 16;
/** Bytes that its dense rows may take. */
const SAMPLE_BYTES = 64 * 2 ** 20;
/** Relative gap at which it is solved well enough. */
const SAMPLE_TOLERANCE = 0.3;

/** Passes are cheap: Newton on near pixels, a pass after each, one merge at a time. */
function manyPasses(solvers: readonly NearSolver[]): SvmPlan {
  return {
    unionsAtOnce: 1,
    sample({ pixels, channels }) {
      const room = Math.floor(SAMPLE_BYTES / (4 * channels));
      const size = Math.min(SAMPLE_MOST, room, Math.floor(SAMPLE_PART * pixels));
      const least = Math.min(Math.max(SAMPLE_LEAST, SAMPLE_LEAST_PER_CHANNEL * channels), room);
      return size < least ? {} : { size, tolerance: SAMPLE_TOLERANCE };
    },
    refiner: (problem, labels, options) => new NearNewton(problem, labels, solvers, options),
  };
}

/** Rows of the sample that least squares are taken from, per channel and at least. */
const START_ROWS_PER_CHANNEL = 32;
const LEAST_START_ROWS = 16384;
const UNIONS_AT_ONCE = 6;

/** Passes are dear: working sets, and steps of all classes at each pass; a pass costs about the same for one class as for a few. */
function fewPasses(features: Pixels): SvmPlan {
  let sets: WorkingSets | undefined;
  return {
    unionsAtOnce: UNIONS_AT_ONCE,
    sample: ({ pixels, channels }) => ({
      size: Math.min(pixels, Math.max(LEAST_START_ROWS, START_ROWS_PER_CHANNEL * channels)),
    }),
    refiner(problem, labels, options) {
      sets ??= new WorkingSets(features);
      return new SampledDescent(problem, labels, sets, options);
    },
  };
}
