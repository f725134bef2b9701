import type { Command } from "commander";
import { clusterRequest } from "../../project/cluster/options.ts";
import { size } from "../../project/dataset/runs.ts";
import type { SuggestedCut } from "../../project/report/writeReport.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { formatSeconds } from "../progressBar.ts";
import { conclude, type NextStep, type OutputOptions, runWithProgress } from "../run.ts";
import { commandLine, openCommand, shellCommand } from "../shell.ts";

/** klish cluster: the main job, from a generator to its parts. */
export function addCluster(program: Command): void {
  const cluster = program
    .command("cluster")
    .summary("find the semantic parts of a generator, without labels")
    .description(
      "Samples a generator, clusters its inner feature maps with KLiSH at every K, and writes a project folder with the merge " +
        "tree, pictures and a report that opens in any browser. Run the same command again to continue an interrupted run. " +
        "Machines that share a folder can each sample a part of the images (--shard), or hold and compute on them (--queue).",
    );
  withOutput(withOptions(cluster, clusterRequest)).action(async (options: OutputOptions) => {
    const started = performance.now();
    const request = requestOf(cluster, clusterRequest, { command: commandLine() });
    const result = await runWithProgress("cluster", request, options);
    if ("part" in result) {
      const { folder, part, images, bytes, bytesOfAll } = result;
      conclude(result, [`part ${part}: ${images} images sampled, ${size(bytes)}`, `folder  ${folder}`], options, [
        [
          "the same command without --shard",
          `when all parts are sampled: clusters them. Their ${size(bytesOfAll)} in ${folder}/features are removed then`,
        ],
      ]);
      return;
    }
    const time = `finished in ${formatSeconds((performance.now() - started) / 1000)}`;
    conclude(result, [...summary(result), time], options, afterClustering(result));
  });
}

/** What one does with the parts: look at them, name them. */
export const afterClustering = ({
  folder,
  report,
  suggested,
}: ReportSummary & { readonly folder: string }): NextStep[] => [
  [shellCommand("studio", folder), "in a browser: the parts at every K; name, correct, make images with masks"],
  [openCommand(report), "the parts alone, as a page to keep and to send"],
  [shellCommand("label", "cut", folder, String(suggested.k)), "choose a K; then give its parts names"],
  [shellCommand("edit", "list", folder), "or split and merge single clusters"],
];

export interface ReportSummary {
  readonly report: string;
  readonly sheets: readonly string[];
  readonly warnings: readonly string[];
  readonly initialClusters: number;
  readonly minClusters: number;
  readonly suggested: SuggestedCut;
  readonly raisedBalance: number | null;
}

/** From this share on one cluster has swallowed the picture, and the user should know. */
const COLLAPSE_SHARE = 0.8;

export function summary(result: ReportSummary): string[] {
  const { report, sheets, initialClusters, minClusters, suggested, raisedBalance } = result;
  const percent = Math.round(suggested.largestShare * 100);
  return [
    `${initialClusters} clusters merged down to ${minClusters}; at K = ${suggested.k} the largest holds ${percent} % of all clustered pixels, ` +
      `effective clusters ${suggested.effectiveClusters.toFixed(1)}, R2rel ${suggested.r2rel.toFixed(2)}`,
    ...(raisedBalance === null
      ? []
      : [`  without balance one cluster would hold too much to say much; balance was raised to ${raisedBalance}`]),
    ...(suggested.largestShare > COLLAPSE_SHARE
      ? ["  one cluster swallows the picture: look at larger K, or try --criterion pair with a higher --balance"]
      : []),
    ...result.warnings.map((warning) => `warning: ${warning}`),
    `report  ${report}`,
    ...sheets.map((sheet) => `sheet   ${sheet}`),
  ];
}
