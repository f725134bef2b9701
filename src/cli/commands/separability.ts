import { type Command, InvalidArgumentError } from "commander";
import { type SeparabilityMethod, separabilityMethods } from "../../project/evaluation/separability.ts";
import type { SeparabilitySource } from "../../project/evaluation/separabilityInput.ts";
import { ProjectError } from "../../project/storage/files.ts";
import type { ProviderChoice } from "../../runtime/session.ts";
import { withRuntimeOptions } from "../networkOptions.ts";
import { parse, print, runWithProgress } from "../run.ts";
import { type SegmenterOptions, segmenterRequest, withSegmenterOptions } from "../segmenterOptions.ts";
import { commandLine } from "../shell.ts";

interface SeparabilityOptions extends SegmenterOptions {
  readonly network?: string;
  readonly project?: string;
  readonly features?: string;
  readonly truth?: string;
  readonly outdir: string;
  readonly images: number;
  readonly class?: number;
  readonly trunc: number;
  readonly layers: "none" | "auto" | "all" | string[];
  readonly resolution?: number;
  readonly methods: readonly SeparabilityMethod[];
  readonly shots: readonly number[];
  readonly splits: readonly number[];
  readonly testImages?: number;
  readonly pixels: number;
  readonly provider: ProviderChoice;
  readonly threads?: number;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** klish evaluate separability: how well linear classifiers tell the true classes apart. */
export function addSeparability(evaluate: Command): void {
  withSegmenterOptions(
    withRuntimeOptions(evaluate.command("separability"))
      .summary("how well linear classifiers tell known classes apart in a generator's features")
      .description(
        "Learns to tell the true classes of pixels from a generator's features in some images, and judges it on others: the nearest " +
          "centroid, a linear layer with cross-entropy (LSE), and one-vs-rest SVMs; from few images and from all (the paper's Tables I " +
          "and III). Run the same command again to continue, or with more methods, shots or splits to extend it.",
      ),
  )
    .option("--network <file>", "features: of a generator's images")
    .option("--project <folder>", "features: those of a project's generator and seeds")
    .option("--features <npz>", "features: layers [N,C,h,h] in an .npz")
    .option("--truth <path>", "true classes, as klish evaluate clusters takes them")
    .requiredOption("--outdir <folder>", "where the tables go, and what was measured so far is kept")
    .option("--images <n>", "of a --network: images, of seeds 0 to n - 1", parse.integer(2), 80)
    .option("--class <c>", "of a conditional --network", parse.integer(0))
    .option("--trunc <psi>", "of a --network: truncation", parse.number(-10, 10), 1)
    .option("--layers <choice>", "of a --network: auto, 16+ (from 16x16 up), all, or names", parse.layers, "auto")
    .option(
      "--resolution <px>",
      "of a --network: side of the label maps (default: the image's, at most 64)",
      parse.integer(2),
    )
    .option("--methods <list>", `of ${separabilityMethods.join(", ")}`, parseMethods, [...separabilityMethods])
    .option("--shots <list>", "images to learn from, beside all", parse.seeds, [1, 10])
    .option(
      "--splits <list>",
      "seeds of the splits into images to learn from and to judge on",
      parse.seeds,
      [0, 1, 2, 3, 4],
    )
    .option("--test-images <n>", "images to judge on (default: a quarter)", parse.integer(1))
    .option("--pixels <n>", "most pixels that a classifier learns from", parse.integer(2), 2 ** 16)
    .option("--json", "print the files as JSON", false)
    .option("--quiet", "no progress bar", false)
    .action(async (options: SeparabilityOptions) => {
      const { truth, outdir, methods, shots, splits, testImages, pixels, provider, threads } = options;
      const { text, ...result } = await runWithProgress(
        "separability",
        {
          source: sourceOf(options),
          truth: truth ?? null,
          segmenter: segmenterRequest(options),
          outdir,
          methods,
          shots,
          splits,
          testImages: testImages ?? null,
          mostPixels: pixels,
          provider,
          threads: threads ?? null,
          command: commandLine(),
        },
        options,
      );
      const { markdown, csv, rows } = result;
      print(result, [text, `table   ${markdown} (${rows} classifiers)`, `all     ${csv}`], options.json);
    });
}

function sourceOf({ network, project, features, images, ...options }: SeparabilityOptions): SeparabilitySource {
  if ([network, project, features].filter((given) => given !== undefined).length !== 1)
    throw new ProjectError(
      "say where the features are: one of --network <file>, --project <folder>, --features <npz>.",
    );
  if (project !== undefined) return { kind: "project", folder: project, network: null };
  if (features !== undefined) return { kind: "arrays", file: features };
  const { layers, resolution = null, trunc: truncationPsi, class: label = null } = options;
  if (layers === "none") throw new ProjectError("there is nothing to learn from without layers: use --layers auto.");
  const seeds = Array.from({ length: images }, (_, seed) => seed);
  return { kind: "network", file: network!, seeds, layers, resolution, truncationPsi, class: label };
}

function parseMethods(text: string): SeparabilityMethod[] {
  const methods = text.split(",").map((name) => {
    const found = separabilityMethods.find((method) => method === name.trim());
    if (found === undefined)
      throw new InvalidArgumentError(`There is no method "${name}"; there are ${separabilityMethods.join(", ")}.`);
    return found;
  });
  return [...new Set(methods)];
}
