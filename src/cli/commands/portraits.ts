import type { Command } from "commander";
import { formatSeconds } from "../progressBar.ts";
import { parse, print, runWithProgress } from "../run.ts";

interface PortraitsOptions {
  readonly outdir: string;
  readonly count: number;
  readonly resolution: number;
  readonly firstSeed: number;
  readonly val: number;
  readonly test: number;
  readonly threads?: number;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** klish portraits: drawn portraits with exact masks. */
export function addPortraits(program: Command): void {
  program
    .command("portraits")
    .summary("make portraits with exact masks of their parts, to train and to measure on")
    .description(
      "Draws portraits by rule, each from its number alone, with the exact class of every pixel: images/, masks/ and lists that " +
        "klish check, klish dataset export and klish train read. Run the same command again to continue, or with a larger " +
        "--count to extend.",
    )
    .requiredOption("--outdir <folder>", "where images and masks go")
    .option("--count <n>", "number of portraits", parse.integer(1), 1000)
    .option("--resolution <side>", "pixels a side", parse.integer(8), 64)
    .option("--first-seed <n>", "number of the first portrait", parse.integer(0), 0)
    .option("--val <share>", "share of the validation split", parse.number(0, 1), 0.1)
    .option("--test <share>", "share of the test split", parse.number(0, 1), 0)
    .option("--threads <n>", "worker threads (default: one a core)", parse.integer(1))
    .option("--json", "print the result as JSON", false)
    .option("--quiet", "no progress bar", false)
    .action(async (options: PortraitsOptions) => {
      const { outdir, count, resolution, firstSeed, val, test, threads } = options;
      const result = await runWithProgress(
        "portraits",
        { outdir, count, resolution, firstSeed, split: { val, test }, threads: threads ?? null },
        options,
      );
      const { portraits, made, seconds, folder, preview } = result;
      const speed =
        made > 0 ? `; ${made} made in ${formatSeconds(seconds)}, ${(made / seconds).toFixed(0)} a second` : "";
      print(result, [`${portraits} portraits${speed}`, `folder  ${folder}`, `preview ${preview}`], options.json);
    });
}
