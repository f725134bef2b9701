import type { Command } from "commander";
import { separabilityRequest } from "../../project/evaluation/options.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { conclude, type OutputOptions, runWithProgress } from "../run.ts";
import { commandLine } from "../shell.ts";

/** klish evaluate separability: how well linear classifiers tell the true classes apart. */
export function addSeparability(evaluate: Command): void {
  const separability = evaluate
    .command("separability")
    .summary("how well linear classifiers tell known classes apart in a generator's features")
    .description(
      "Learns to tell the true classes of pixels from a generator's features in some images, and judges it on others: the nearest " +
        "centroid, a linear layer with cross-entropy (LSE), and one-vs-rest SVMs; from few images and from all (the paper's Tables I " +
        "and III). Run the same command again to continue, or with more methods, shots or splits to extend it.",
    );
  withOutput(withOptions(separability, separabilityRequest)).action(async (options: OutputOptions) => {
    const request = requestOf(separability, separabilityRequest, { command: commandLine() });
    const { text, ...result } = await runWithProgress("separability", request, options);
    const { markdown, csv, rows } = result;
    conclude(result, [...text.split("\n"), `table   ${markdown} (${rows} classifiers)`, `all     ${csv}`], options, [
      [`${commandLine()} --splits 0-9`, "the same on more splits; what was measured is kept"],
    ]);
  });
}
