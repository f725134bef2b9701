/** Threads that help to train classifiers again after a stroke: one set for the whole process, since strokes come one at a time. */
import type { RowSolver } from "../../cluster/svm/solvers.ts";
import { startThread, type Thread } from "../../runtime/node/threads.ts";

let threads: Thread<RowSolver>[] = [];

/** `count` of the process's solvers; those that are not there yet are started. Idle ones do not keep the process alive. */
export function rowSolvers(count: number): readonly RowSolver[] {
  threads = threads.filter(({ ended }) => !ended);
  while (threads.length < count)
    threads.push(
      startThread<RowSolver>("./solverThread", import.meta.url, {
        calls: ["solveRows"],
        title: "a thread that trains classifiers",
      }),
    );
  return threads.slice(0, count).map(({ calls }) => calls);
}
