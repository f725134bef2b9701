import type { Command } from "commander";
import { type NetworkOptions, withNetworkOptions } from "./networkOptions.ts";
import { parse, print, runWithProgress } from "./run.ts";

interface GenerateOptions extends NetworkOptions {
  readonly outdir: string;
  readonly seeds: number[];
  readonly sheet?: number | true;
  readonly json: boolean;
  readonly quiet: boolean;
}

const DEFAULT_COLUMNS = 8;

/** klish generate: images of a generator, by seed. */
export function addGenerate(program: Command): void {
  withNetworkOptions(
    program
      .command("generate")
      .summary("write images and sample sheets of a generator")
      .description("Writes one PNG per seed (seed0000.png, …). The same seed gives the same latent as NVIDIA's tools."),
    "default: 1, none",
  )
    .requiredOption("--seeds <list>", "seeds such as 0,1,4-6", parse.seeds)
    .requiredOption("--outdir <folder>", "folder to write to")
    .option("--sheet [columns]", "also all images on one sheet.png", parse.integer(1))
    .option("--json", "print the paths as JSON", false)
    .option("--quiet", "no progress bar", false)
    .action(async (options: GenerateOptions) => {
      const { network, outdir, seeds, noiseMode, latent, provider, sheet } = options;
      const paths = await runWithProgress(
        "generate",
        {
          network,
          outdir,
          seeds,
          class: options.class ?? null,
          truncationPsi: options.trunc ?? 1,
          truncationCutoff: options.truncCutoff ?? null,
          noiseMode,
          latent,
          sheetColumns: sheet === undefined ? null : sheet === true ? DEFAULT_COLUMNS : sheet,
          provider,
          threads: options.threads ?? null,
        },
        options,
      );
      print(paths, paths, options.json);
    });
}
