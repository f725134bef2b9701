import { type Command, Option } from "commander";
import type { UsualCut } from "../../project/report/writeReport.ts";
import { commandLine } from "../commandLine.ts";
import { type NetworkOptions, withNetworkOptions } from "../networkOptions.ts";
import { formatSeconds } from "../progressBar.ts";
import { parse, print, runWithProgress } from "../run.ts";

interface ClusterOptions extends NetworkOptions {
  readonly outdir: string;
  readonly seeds?: number[];
  readonly images: number;
  readonly resolution?: number;
  readonly layers: "none" | "auto" | "all" | string[];
  readonly pixelStride?: number;
  readonly pixels?: number;
  readonly memory?: number;
  readonly deviceMemory?: number;
  readonly keepFeatures: boolean;
  readonly initClusters: number;
  readonly seed: number;
  readonly restarts: number;
  readonly criterion: "paper" | "pair";
  readonly balance: number | "auto";
  readonly filter: boolean;
  readonly tolerance: number;
  readonly minClusters: number;
  readonly minIou?: number;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** klish cluster: the main job, from a generator to its parts. */
export function addCluster(program: Command): void {
  withNetworkOptions(
    program
      .command("cluster")
      .summary("find the semantic parts of a generator, without labels")
      .description(
        `Samples a generator, clusters its inner feature maps with KLiSH at every K, and writes a project folder with the
merge tree, pictures and a report that opens in any browser. Run the same command again to continue an
interrupted run.`,
      ),
    "default: 0.7 where the generator can truncate",
  )
    .requiredOption("--outdir <folder>", "project folder to make or continue")
    .option("--images <n>", "number of images to sample: seeds 0 to n-1", parse.integer(1), 256)
    .option("--seeds <list>", "the seeds themselves, such as 0,1,4-6", parse.seeds)
    .option("--resolution <px>", "side of the label maps (default: the image's, at most 64)", parse.integer(1))
    .option(
      "--layers <choice>",
      "auto (the paper's rule), 16+ (the same, from 16x16 up), all, or names separated by commas",
      parse.layers,
      "auto",
    )
    .option(
      "--pixel-stride <s>",
      "cluster one pixel of every s x s cell (default: 1, or as large as keeps to 262,144 pixels)",
      parse.integer(1),
    )
    .option(
      "--pixels <n>",
      "cluster about n pixels in all, one of each cell of a grid over every image",
      parse.integer(1),
    )
    .option(
      "--memory <GB>",
      "what the features may take in memory; above, they go to disk in half precision (default: 40 % of the machine's)",
      parse.number(0, 1e6),
    )
    .option(
      "--device-memory <GB>",
      "what the features may take of a GPU's memory; the rest is sent there at each pass (default: 4)",
      parse.number(0, 1e6),
    )
    .option("--keep-features", "leave the features on disk in the project when done", false)
    .option("--init-clusters <k>", "K0: clusters to start from", parse.integer(2), 100)
    .option("--seed <n>", "seed of the clustering", parse.integer(0), 0)
    .option(
      "--restarts <n>",
      "try the starts of so many seeds on a sample, and take the one whose clusters separate best",
      parse.integer(1),
      1,
    )
    .addOption(
      new Option(
        "--criterion <rule>",
        "which clusters merge: the best pair, chance-corrected, or the paper's lowest IoU into highest ECoS",
      )
        .choices(["paper", "pair"])
        .default("pair"),
    )
    .option(
      "--balance <lambda>",
      "how much chance overlap the pair rule subtracts: 0 to 1, or auto",
      parse.balance,
      "auto",
    )
    .option("--filter", "drop the least separable start clusters and cluster again (paper)", false)
    .option("--tolerance <gap>", "certified relative gap of every SVM", parse.number(1e-8, 0.1), 1e-3)
    .option("--min-clusters <k>", "stop merging at this K", parse.integer(2), 2)
    .option("--min-iou <t>", "stop merging when every cluster's IoU is at least this", parse.number(0, 1))
    .option("--json", "print the result as JSON", false)
    .option("--quiet", "no progress bar", false)
    .action(async (options: ClusterOptions) => {
      const started = performance.now();
      const result = await runWithProgress(
        "cluster",
        {
          network: options.network,
          outdir: options.outdir,
          latent: options.latent,
          seeds: options.seeds ?? Array.from({ length: options.images }, (_, i) => i),
          class: options.class ?? null,
          truncationPsi: options.trunc ?? null,
          truncationCutoff: options.truncCutoff ?? null,
          noiseMode: options.noiseMode,
          layers: options.layers,
          resolution: options.resolution ?? null,
          pixelStride: options.pixelStride ?? null,
          pixels: options.pixels ?? null,
          memory: options.memory === undefined ? null : options.memory * 1e9,
          deviceMemory: options.deviceMemory === undefined ? null : options.deviceMemory * 1e9,
          keepFeatures: options.keepFeatures,
          initialClusters: options.initClusters,
          seed: options.seed,
          restarts: options.restarts,
          criterion: options.criterion,
          balance: options.criterion === "paper" ? 0 : options.balance,
          filter: options.filter,
          tolerance: options.tolerance,
          minClusters: options.minClusters,
          minIou: options.minIou ?? null,
          provider: options.provider,
          threads: options.threads ?? null,
          command: commandLine(),
        },
        options,
      );
      const time = `finished in ${formatSeconds((performance.now() - started) / 1000)}`;
      print(result, [...summary(result), time], options.json);
    });
}

export interface ReportSummary {
  readonly report: string;
  readonly sheets: readonly string[];
  readonly initialClusters: number;
  readonly minClusters: number;
  readonly usual: UsualCut;
  readonly raisedBalance: number | null;
}

/** From this share on one cluster has swallowed the picture, and the user should know. */
const COLLAPSE_SHARE = 0.8;

export function summary(result: ReportSummary): string[] {
  const { report, sheets, initialClusters, minClusters, usual, raisedBalance } = result;
  const percent = Math.round(usual.largestShare * 100);
  return [
    `${initialClusters} clusters merged down to ${minClusters}; at K = ${usual.k} the largest holds ${percent} % of the pixels, ` +
      `effective clusters ${usual.effectiveClusters.toFixed(1)}, R2rel ${usual.r2rel.toFixed(2)}`,
    ...(raisedBalance === null
      ? []
      : [`  without balance one cluster would hold too much to say much; balance was raised to ${raisedBalance}`]),
    ...(usual.largestShare > COLLAPSE_SHARE
      ? ["  one cluster swallows the picture: look at larger K, or try --criterion pair with a higher --balance"]
      : []),
    `report  ${report}`,
    ...sheets.map((sheet) => `sheet   ${sheet}`),
  ];
}
