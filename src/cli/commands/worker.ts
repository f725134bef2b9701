import type { Command } from "commander";
import { runWorker, workerRequest } from "../../project/worker/worker.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { conclude, type OutputOptions } from "../run.ts";
import { onStopSignal } from "../signals.ts";
import { tell } from "../terminal.ts";

/** klish worker: a machine of a run with --queue. */
export function addWorker(program: Command): void {
  const worker = program
    .command("worker")
    .summary("do what commands with --queue ask for, on this machine")
    .description(
      "Does pieces of `klish dataset --queue` and its like, until it is stopped. All machines see one folder (--root) and have the same " +
        "version of klish. User and password of the queue may stand in KLISH_QUEUE_USER and KLISH_QUEUE_PASSWORD.",
    );
  withOutput(withOptions(worker, workerRequest)).action(async (options: OutputOptions) => {
    const request = requestOf(worker, workerRequest);
    const controller = new AbortController();
    const off = onStopSignal(
      () => {
        tell("finishing what is begun; press Ctrl-C again to end at once");
        controller.abort();
      },
      () => undefined,
    );
    try {
      const quiet = options.quiet === true;
      const result = await runWorker(request, { tell: quiet ? () => undefined : tell, signal: controller.signal });
      conclude(result, [`${result.name}: ${result.done} pieces of work done`], options);
    } finally {
      off();
    }
  });
}
