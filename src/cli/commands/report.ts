import type { Command } from "commander";
import type { ProviderChoice } from "../../runtime/session.ts";
import { withRuntimeOptions } from "../networkOptions.ts";
import { print, runWithProgress } from "../run.ts";
import { summary } from "./cluster.ts";

interface ReportOptions {
  readonly network?: string;
  readonly provider: ProviderChoice;
  readonly threads?: number;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** klish report: the report and sheets of a project, again. */
export function addReport(program: Command): void {
  withRuntimeOptions(
    program
      .command("report")
      .summary("write the report of a project folder again")
      .description("Writes report.html and the sheets of a finished project again, with its generator.")
      .argument("<folder>", "project folder made by `klish cluster`")
      .option("--network <file>", "the generator, where it has moved since"),
  )
    .option("--json", "print the result as JSON", false)
    .option("--quiet", "no progress bar", false)
    .action(async (folder: string, options: ReportOptions) => {
      const { provider, threads, network } = options;
      const request = { outdir: folder, provider, threads: threads ?? null, network: network ?? null };
      const result = await runWithProgress("report", request, options);
      print(result, summary(result), options.json);
    });
}
