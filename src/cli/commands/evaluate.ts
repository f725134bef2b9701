import { type Command, InvalidArgumentError } from "commander";
import { type MethodName, methodNames } from "../../cluster/methods.ts";
import { ProjectError } from "../../project/storage/files.ts";
import type { ProviderChoice } from "../../runtime/session.ts";
import { withRuntimeOptions } from "../networkOptions.ts";
import { parse, print, runWithProgress } from "../run.ts";
import { type SegmenterOptions, segmenterRequest, withSegmenterOptions } from "../segmenterOptions.ts";
import { commandLine } from "../shell.ts";
import { addEvaluateGan } from "./evaluateGan.ts";
import { addEvaluateSegmenter } from "./evaluateSegmenter.ts";
import { addSeparability } from "./separability.ts";

interface EvaluateOptions extends SegmenterOptions {
  readonly project?: string;
  readonly features?: string;
  readonly truth?: string;
  readonly outdir: string;
  readonly methods: readonly MethodName[];
  readonly k?: readonly number[];
  readonly seeds: readonly number[];
  readonly initClusters: number;
  readonly background?: number;
  readonly pixelStride?: number;
  readonly network?: string;
  readonly provider: ProviderChoice;
  readonly threads?: number;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** klish evaluate: how good clusters are, where the truth is known; how good a generator is. */
export function addEvaluate(program: Command): void {
  const evaluate = program.command("evaluate").summary("measure clusters against known classes, or a GAN");
  addEvaluateGan(evaluate);
  addSeparability(evaluate);
  addEvaluateSegmenter(evaluate);
  withSegmenterOptions(
    withRuntimeOptions(evaluate.command("clusters"))
      .summary("compare KLiSH and its rivals with true label maps")
      .description(
        "Clusters the same pixels with every method at every K from several seeds, and measures the agreement with " +
          "true classes: a table with means, spreads and near ties (Markdown), all scores (CSV) and a plot (SVG). Run " +
          "the same command again to continue, or with more methods, K or seeds to extend it.",
      ),
  )
    .option("--project <folder>", "features: those of a project's generator and seeds")
    .option("--features <npz>", "features: layers [N,C,h,h], or points [N,D], in an .npz")
    .option(
      "--truth <path>",
      "true classes: a folder of index PNGs seed0000.png ..., an .npz with `truth`, or an .npy; 255 is left out (default: in --features)",
    )
    .requiredOption("--outdir <folder>", "where the tables go, and what was measured so far is kept")
    .option("--methods <list>", `of ${methodNames.join(", ")}`, parseMethods, [...methodNames])
    .option("--k <list>", "numbers of clusters, such as 12,18,24 (default: the classes, 1.5 and 2 times)", parseKs)
    .option("--seeds <list>", "seeds of the clustering", parse.seeds, [0, 1, 2])
    .option("--init-clusters <k>", "K0: clusters that KLiSH starts from", parse.integer(2), 100)
    .option("--background <class>", "true class that the foreground scores leave out", parse.integer(0))
    .option("--pixel-stride <s>", "one pixel of every s x s cell (default: the project's, or 1)", parse.integer(1))
    .option("--network <file>", "the project's generator, where it has moved since")
    .option("--json", "print the files as JSON", false)
    .option("--quiet", "no progress bar", false)
    .action(async (options: EvaluateOptions) => {
      const { project, features, truth, network, outdir, methods, k, seeds, initClusters, background } = options;
      if ((project === undefined) === (features === undefined))
        throw new ProjectError("say where the features are: either --project <folder> or --features <npz>.");
      const { text, ...result } = await runWithProgress(
        "evaluate",
        {
          source:
            project === undefined
              ? { kind: "arrays", file: features as string }
              : { kind: "project", folder: project, network: network ?? null },
          truth: truth ?? null,
          segmenter: segmenterRequest(options),
          outdir,
          methods,
          ks: k ?? null,
          seeds,
          initialClusters: initClusters,
          background: background ?? null,
          pixelStride: options.pixelStride ?? null,
          provider: options.provider,
          threads: options.threads ?? null,
          command: commandLine(),
        },
        options,
      );
      const { markdown, csv, plot, rows } = result;
      const files = [`table   ${markdown} (${rows} clusterings)`, `all     ${csv}`, `plot    ${plot}`];
      print(result, [text, ...files], options.json);
    });
}

function parseMethods(text: string): MethodName[] {
  const methods = text.split(",").map((name) => {
    const found = methodNames.find((method) => method === name.trim());
    if (found === undefined)
      throw new InvalidArgumentError(`There is no method "${name}"; there are ${methodNames.join(", ")}.`);
    return found;
  });
  return [...new Set(methods)];
}

function parseKs(text: string): number[] {
  return [...new Set(text.split(",").map(parse.integer(2)))].sort((a, b) => a - b);
}
