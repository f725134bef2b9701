import type { Command } from "commander";
import { reportRequest } from "../../project/cluster/options.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { conclude, type OutputOptions, runWithProgress } from "../run.ts";
import { afterClustering, summary } from "./cluster.ts";

/** klish report: the report and sheets of a project, again. */
export function addReport(program: Command): void {
  const report = program
    .command("report")
    .summary("write the report of a project folder again")
    .description("Writes report.html and the sheets of a finished project again, with its generator.")
    .argument("<folder>", "project folder made by `klish cluster`");
  withOutput(withOptions(report, reportRequest)).action(async (folder: string, options: OutputOptions) => {
    const request = requestOf(report, reportRequest, { outdir: folder });
    const result = await runWithProgress("report", request, options);
    conclude(result, summary(result), options, afterClustering(result));
  });
}
