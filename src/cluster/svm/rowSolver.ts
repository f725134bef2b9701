/** What another thread that solves SVMs does where the pixels are in shared memory. */

import type { Blas } from "../../numeric/blas.ts";
import { factorIn } from "../../numeric/singleCholesky.ts";
import { matrixFeatures, subset } from "../../pixels/denseFeatures.ts";
import { type Curvature, NewtonBuffers, NewtonSvm } from "./newtonSvm.ts";
import type { RowSolver } from "./solvers.ts";
import { roundPlane } from "./svmProblem.ts";

/** Solves on this thread, one request at a time. */
export function rowSolver(blas: Blas): RowSolver {
  const buffers = new NewtonBuffers();
  let rows = new Float32Array(0);
  return {
    async solveRows({ pixels, index, signs, scores, weights, plane, factor, penalty, stopAt }) {
      const channels = plane.weight.length;
      const numbers = index.length * channels;
      if (rows.length < numbers) rows = new Float32Array(numbers);
      const all = matrixFeatures(pixels.length / channels, channels, pixels, blas);
      const features = await subset(all, index, rows.subarray(0, numbers));
      const curvature: Curvature = factor === undefined ? {} : { factor: factorIn(factor, channels + 1) };
      const options = { penalty, tolerance: stopAt, weights, curvature };
      await new NewtonSvm(features, buffers).minimise(signs, plane, scores, options);
      roundPlane(plane);
      return { plane, factor: curvature.factor?.room };
    },
  };
}
