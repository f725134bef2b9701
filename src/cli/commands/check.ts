import { type Command, Option } from "commander";
import { FAULTS, type Fault, type FaultKind } from "../../dataset/faults.ts";
import { formats } from "../../dataset/formats/index.ts";
import { EXIT_FAILED, parse, print, runWithProgress } from "../run.ts";

interface CheckOptions {
  readonly format?: string;
  readonly recipe?: string;
  readonly limit: number;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** klish check: what in a folder of images and masks will break training elsewhere. */
export function addCheck(program: Command): void {
  program
    .command("check <folder>")
    .summary("find what in a folder of images and masks breaks training elsewhere")
    .description(
      "Names every bad file, what was found, and what to do. Ends with 1 when there is an error; warnings may be meant.",
    )
    .addOption(new Option("--format <name>", "the layout (default: found out)").choices(formats.map((f) => f.name)))
    .option("--recipe <name>", "of a dataset with several label sets the one to check (default: all)")
    .option("--limit <n>", "files to list of each kind", parse.integer(1), 10)
    .option("--json", "print all as JSON", false)
    .option("--quiet", "no progress bar", false)
    .action(async (folder: string, options: CheckOptions) => {
      const result = await runWithProgress(
        "datasetCheck",
        { folder, format: options.format ?? null, recipe: options.recipe ?? null },
        options,
      );
      const { format, pairs, faults } = result;
      const errors = faults.filter((f) => FAULTS[f.kind].severity === "error").length;
      const verdict = faults.length === 0 ? "no faults" : `${errors} errors, ${faults.length - errors} warnings`;
      print(result, [...list(faults, options.limit), `${pairs} pairs, layout ${format}: ${verdict}`], options.json);
      if (errors > 0) process.exitCode = EXIT_FAILED;
    });
}

function list(faults: readonly Fault[], limit: number): string[] {
  return (Object.keys(FAULTS) as FaultKind[]).flatMap((kind) => {
    const found = faults.filter((f) => f.kind === kind);
    if (found.length === 0) return [];
    const { severity, fix } = FAULTS[kind];
    return [
      `${severity} ${kind}: ${fix}`,
      ...found.slice(0, limit).map((f) => `  ${f.path}: ${f.found}`),
      ...(found.length > limit ? [`  … and ${found.length - limit} more`] : []),
    ];
  });
}
