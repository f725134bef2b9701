import { type Command, CommanderError, Option } from "commander";
import type { GenerateWhat } from "../../project/generate/generateJob.ts";
import { type NetworkOptions, withNetworkOptions } from "../networkOptions.ts";
import { EXIT_USAGE, parse, print, runWithProgress } from "../run.ts";

interface GenerateOptions extends NetworkOptions {
  readonly outdir: string;
  readonly seeds?: number[];
  readonly projectedW?: string;
  readonly interpolate?: number | true;
  readonly rows?: number[];
  readonly cols?: number[];
  readonly styles: number[];
  readonly sheet?: number | true;
  readonly json: boolean;
  readonly quiet: boolean;
}

const DEFAULT_COLUMNS = 8;
const DEFAULT_FRAMES = 60;

/** klish generate: images of a generator, by seed. */
export function addGenerate(program: Command): void {
  withNetworkOptions(
    program
      .command("generate")
      .summary("write images and sample sheets of a generator")
      .description(
        `Writes one PNG per seed (seed0000.png, …), of projected ws, of mixed styles, or of frames between seeds. The same
seed gives the same latent as NVIDIA's tools.`,
      ),
    "default: 1, none",
  )
    .option("--seeds <list>", "seeds such as 0,1,4-6", parse.seeds)
    .addOption(
      new Option("--ws, --projected-w <file>", "ws of a projection: .npz with w [N, layers, w]").conflicts([
        "seeds",
        "rows",
      ]),
    )
    .option(
      "--interpolate [frames]",
      "frames of a closed path through --seeds, this many between two",
      parse.integer(1),
    )
    .option("--rows <list>", "style mixing: seeds of the rows", parse.seeds)
    .option("--cols <list>", "style mixing: seeds of the columns", parse.seeds)
    .option(
      "--styles <list>",
      "style mixing: layers that columns give, such as 0-6",
      parse.seeds,
      [0, 1, 2, 3, 4, 5, 6],
    )
    .requiredOption("--outdir <folder>", "folder to write to")
    .option("--sheet [columns]", "also all images on one sheet.png", parse.integer(1))
    .option("--json", "print the paths as JSON", false)
    .option("--quiet", "no progress bar", false)
    .addHelpText("after", "\nA video of the frames: ffmpeg -framerate 30 -i frame%04d.png -pix_fmt yuv420p video.mp4")
    .action(async (options: GenerateOptions) => {
      const { network, outdir, noiseMode, latent, provider, sheet } = options;
      const paths = await runWithProgress(
        "generate",
        {
          network,
          outdir,
          what: what(options),
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

function what({ seeds, projectedW, interpolate, rows, cols, styles }: GenerateOptions): GenerateWhat {
  if (projectedW !== undefined) return { kind: "ws", file: projectedW };
  if (rows !== undefined && cols !== undefined) return { kind: "mix", rows, columns: cols, styles };
  if (rows !== undefined || cols !== undefined) throw usage("style mixing needs both --rows and --cols");
  if (seeds === undefined) throw usage("one of --seeds, --projected-w, or --rows with --cols is needed");
  if (interpolate === undefined) return { kind: "seeds", seeds };
  return { kind: "interpolate", seeds, frames: interpolate === true ? DEFAULT_FRAMES : interpolate };
}

function usage(message: string): CommanderError {
  process.stderr.write(`error: ${message}\n(add --help for the options)\n`);
  return new CommanderError(EXIT_USAGE, "klish.usage", message);
}
