import type { Command } from "commander";
import { z } from "zod";
import { FAULTS, type Fault, type FaultKind } from "../../dataset/faults.ts";
import { checkRequest } from "../../project/dataset/options.ts";
import { option } from "../../project/requests/request.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { conclude, EXIT_FAILED, type OutputOptions, runWithProgress } from "../run.ts";
import { shellCommand } from "../shell.ts";

/** How the findings are shown. */
const listing = z.strictObject({
  limit: option(z.int().min(1).default(10), "--limit <n>", "files to list of each kind"),
});

/** klish check: what in a folder of images and masks will break training elsewhere. */
export function addCheck(program: Command): void {
  const check = program
    .command("check <folder>")
    .summary("find what in a folder of images and masks breaks training elsewhere")
    .description(
      "Names every bad file, what was found, and what to do. The exit code is 1 when there are errors; warnings may be intended.",
    );
  withOutput(withOptions(withOptions(check, checkRequest), listing)).action(
    async (folder: string, options: OutputOptions) => {
      const request = requestOf(check, checkRequest, { folder });
      const { limit } = requestOf(check, listing);
      const result = await runWithProgress("datasetCheck", request, options);
      const { format, pairs, faults, mended } = result;
      const errors = faults.filter((f) => FAULTS[f.kind].severity === "error").length;
      const verdict = faults.length === 0 ? "no faults" : `${errors} errors, ${faults.length - errors} warnings`;
      const copy = mended === undefined ? [] : [`${mended.masks} masks mended in the copy ${mended.folder}`];
      const checked = mended?.folder ?? folder;
      conclude(result, [...list(faults, limit), ...copy, `${pairs} pairs, layout ${format}: ${verdict}`], options, [
        errors > 0
          ? [shellCommand("check", checked), "again, once the errors are fixed"]
          : [
              shellCommand("dataset", "export", checked, "--format", "coco", "--outdir", `${checked}-coco`),
              "give it to another tool",
            ],
      ]);
      if (errors > 0) process.exitCode = EXIT_FAILED;
    },
  );
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
