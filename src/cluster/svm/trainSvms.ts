/**
 * The training of SVMs (Eq. 3), one for all: the K classes of a start, the class of a merge, unions of clusters that are foreseen. A pass
 * over all pixels gives the exact objective and gradient of every class, which certify it; the classes that are not there yet are refined,
 * by a plan, and looked at again. Refining on few pixels may be wrong about those left out; the next pass shows it.
 */

import type { SparseMap } from "../../pixels/pixels.ts";
import { pick } from "./hinge.ts";
import type { SvmProblem } from "./svmProblem.ts";
import type { SvmPlan, SvmStart, Targets, TrainedSvm, Training, TrainOptions } from "./training.ts";

const NOTHING: SparseMap = { index: new Int32Array(0), value: new Float32Array(0) };

/** Trains each of the targets, from `starts` in the same order, to the problem's tolerance. Deterministic. */
export async function trainSvms(
  problem: SvmProblem,
  { labels, classes }: Targets,
  starts: readonly SvmStart[],
  plan: SvmPlan,
  options: TrainOptions = {},
): Promise<TrainedSvm[]> {
  const { keep = false } = options;
  const refiner = plan.refiner(problem, labels, options);
  const wanted = { gradient: true, keep, ...(refiner.near !== undefined && { near: refiner.near }) };
  const all = classes.map(
    (own, i): Training => ({ own, start: starts[i], plane: starts[i].plane, pass: undefined, best: undefined }),
  );
  let pending = await refiner.refine(all);
  while (pending.length > 0) pending = await refiner.refine(await uncertified(problem, labels, pending, wanted));
  return all.map(({ best }) => {
    if (best === undefined) throw new Error("trainSvms: a class was never looked at");
    return best;
  });
}

/** Passes over all pixels by the hyperplanes of `pending`, and takes down what is found; returns the classes that it does not certify. */
async function uncertified(
  problem: SvmProblem,
  labels: Uint16Array,
  pending: readonly Training[],
  wanted: { readonly gradient: boolean; readonly keep: boolean; readonly near?: number },
): Promise<Training[]> {
  const classes = pending.map(({ own }) => own);
  const planes = pending.map(({ plane }) => plane);
  const passes = await problem.pass(labels, classes, planes, wanted);
  return pending.filter((training, i) => {
    const { plane, best } = training;
    const pass = passes[i];
    const { objective, gap, certified } = problem.certify(plane.weight, pass);
    if (best === undefined || certified || objective < best.objective) {
      const { predicted, truePositive } = pass;
      const kept = wanted.keep ? pass.kept : NOTHING;
      training.best = { plane, objective, gap, predicted, truePositive, kept };
    }
    training.pass = certified ? undefined : pass;
    return !certified;
  });
}

/**
 * `trainSvms` from starts that are found on a sample of the pixels, if the plan takes one, and trained there first, if it does so. `startOn`
 * gives the starts on a problem with its labels.
 */
export async function trainFromSample(
  problem: SvmProblem,
  { labels, classes }: Targets,
  startOn: (problem: SvmProblem, labels: Uint16Array) => Promise<readonly SvmStart[]>,
  plan: SvmPlan,
  { onProgress, ...options }: TrainOptions = {},
): Promise<TrainedSvm[]> {
  const { size, tolerance } = plan.sample(problem.features);
  const stages = size !== undefined && tolerance !== undefined ? 2 : 1;
  /** The bar goes on from stage to stage. */
  const during = (stage: number): TrainOptions => ({
    ...options,
    ...(onProgress && {
      onProgress: (p) => onProgress({ ...p, done: stage * classes.length + p.done, total: stages * classes.length }),
    }),
  });
  if (size === undefined)
    return trainSvms(problem, { labels, classes }, await startOn(problem, labels), plan, during(0));
  const sample = await problem.sample(size, tolerance ?? problem.tolerance);
  const some = pick(labels, sample.index);
  let starts = await startOn(sample.problem, some);
  if (tolerance !== undefined) {
    const found = await trainSvms(sample.problem, { labels: some, classes }, starts, plan, during(0));
    starts = found.map(({ plane }, i) => {
      const { curvature } = starts[i];
      return { plane, ...(curvature && { curvature }) };
    });
  }
  return trainSvms(problem, { labels, classes }, starts, plan, during(stages - 1));
}
