/** The worker thread behind `rowSolvers`. */
import { rowSolver } from "../../cluster/svm/rowSolver.ts";
import type { RowSolver } from "../../cluster/svm/solvers.ts";
import { ortBlas } from "../../runtime/node/ortBlas.ts";
import { serve } from "../../runtime/node/threads.ts";

serve<RowSolver>(rowSolver(ortBlas({ threads: 1 })), { oneByOne: true });
