import { join } from "node:path";
import type { Command } from "commander";
import { portraitsRequest } from "../../project/portraits/options.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { formatSeconds } from "../progressBar.ts";
import { conclude, type OutputOptions, runWithProgress } from "../run.ts";
import { shellCommand } from "../shell.ts";

/** klish portraits: drawn portraits with exact masks. */
export function addPortraits(program: Command): void {
  const portraits = program
    .command("portraits")
    .summary("make portraits with exact masks of their parts, to train and to measure on")
    .description(
      "Draws portraits by rule, each from its number alone, with the exact class of every pixel: images/, masks/ and lists that " +
        "klish check, klish dataset export and klish train read. Run the same command again to continue, or with a larger " +
        "--count to extend.",
    );
  withOutput(withOptions(portraits, portraitsRequest)).action(async (options: OutputOptions) => {
    const result = await runWithProgress("portraits", requestOf(portraits, portraitsRequest), options);
    const { portraits: count, made, seconds, folder, preview } = result;
    const speed =
      made > 0 ? `; ${made} made in ${formatSeconds(seconds)}, ${(made / seconds).toFixed(0)} per second` : "";
    conclude(result, [`${count} portraits${speed}`, `folder  ${folder}`, `preview ${preview}`], options, [
      [shellCommand("train", "gan", "--data", join(folder, "images"), "--outdir", "run"), "train a generator on them"],
      [
        shellCommand("dataset", "export", folder, "--format", "coco", "--outdir", `${folder}-coco`),
        "or give them to another tool",
      ],
    ]);
  });
}
