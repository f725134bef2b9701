import type { Command } from "commander";
import type { GanQualitySummary } from "../../project/evaluation/gan/job.ts";
import { ganQualityRequest } from "../../project/evaluation/gan/options.ts";
import { type MachinesSummary, machineLines } from "../../project/queue/machines.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { conclude, type OutputOptions, runWithProgress } from "../run.ts";
import { shellCommand } from "../shell.ts";
import { table } from "../table.ts";

/** klish evaluate gan: how far a generator's images are from real ones. */
export function addEvaluateGan(evaluate: Command): void {
  const gan = evaluate
    .command("gan")
    .summary("measure a generator against real pictures")
    .description(
      "Sliced Wasserstein distance of patches at every scale; density and coverage, precision and recall of features of a " +
        "fixed random network; and, with a model of Inception, the Fréchet distance (FID). Figures compare generators of " +
        "one resolution against the same pictures, with the same number of samples. With --outdir, what was measured of the " +
        "images is kept: run the same command again to continue, on other machines too (--shard, --queue), or with more --samples.",
    );
  withOutput(withOptions(gan, ganQualityRequest)).action(async (options: OutputOptions) => {
    const request = requestOf(gan, ganQualityRequest);
    const result = await runWithProgress("evaluateGan", request, options);
    if ("part" in result) {
      const { folder, part, images, machines } = result;
      conclude(
        result,
        [`part ${part}: ${images} images measured`, `folder  ${folder}`, ...machinesOf(machines)],
        options,
        [["the same command without --shard", "when all parts are measured: the figures"]],
      );
      return;
    }
    const { network } = request;
    conclude(result, [...lines(result), ...machinesOf(result.machines)], options, [
      [
        shellCommand("generate", "--network", network, "--seeds", "0-63", "--sheet", "--outdir", "images"),
        "look at it too",
      ],
      [shellCommand("cluster", "--network", network, "--outdir", "parts"), "find its parts"],
    ]);
  });
}

const machinesOf = (machines: MachinesSummary | null): string[] => (machines === null ? [] : machineLines(machines));

function lines({
  samples,
  pictures,
  rejected,
  swd,
  density,
  coverage,
  precision,
  recall,
  fid,
}: GanQualitySummary): string[] {
  return table([
    [
      "images",
      `${samples} generated, ${samples} of ${pictures} real${rejected > 0 ? ` (${rejected} could not be read)` : ""}`,
    ],
    [
      "sliced Wasserstein",
      `${swd.mean.toFixed(2)} (${swd.levels.map(({ side, distance }) => `${side} px ${distance.toFixed(2)}`).join(", ")}), x 1000; 0 is equal`,
    ],
    ["density", `${density.toFixed(3)}; 1 is equal, less is less like the real ones`],
    ["coverage", `${coverage.toFixed(3)}; the share of real images with a generated one near`],
    ["precision", precision.toFixed(3)],
    ["recall", recall.toFixed(3)],
    ...(fid === null ? [] : [["Fréchet distance", fid.toFixed(2)]]),
  ]);
}
