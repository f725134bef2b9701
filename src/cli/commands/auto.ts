import type { Command } from "commander";
import { autoRequest } from "../../project/auto/options.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { formatSeconds } from "../progressBar.ts";
import { conclude, type OutputOptions, runWithProgress } from "../run.ts";
import { commandLine, openCommand, shellCommand } from "../shell.ts";
import { table } from "../table.ts";

/** klish auto: photos in, masks of their parts out. */
export function addAuto(program: Command): void {
  const auto = program
    .command("auto")
    .summary("from a folder of photos to the masks of their parts, without a label")
    .description(
      "Trains a generator on your photos, finds the parts that it draws with, makes pictures with masks, trains a segmenter on " +
        "them and on your photos, and segments the photos: each step is a command of its own, with its results in a folder. " +
        "Run the same command again to continue. Photos of one kind of thing, framed alike, work best; from about 1,000 on.",
    );
  withOutput(withOptions(auto, autoRequest))
    .option("--dry-run", "say what would be done and what it would cost, and write nothing", false)
    .action(async ({ dryRun, ...options }: OutputOptions & { readonly dryRun: boolean }) => {
      const request = requestOf(auto, autoRequest, { command: commandLine() });
      if (dryRun) {
        const plan = await runWithProgress("autoPlan", request, options);
        const { photos, stages, generator, warnings } = plan;
        const rows = stages.map(({ title, hours }, i) => [
          `${i + 1}. ${title}`,
          hours > 0 ? formatSeconds(hours * 3600) : "minutes",
        ]);
        const { resolution, kimg, memoryBytes } = generator;
        conclude(
          plan,
          [
            `${photos} photos`,
            ...warnings,
            ...table(rows),
            `the generator: ${resolution} px, about ${Math.round(kimg)} thousand images in its time here, ${(memoryBytes / 1e9).toFixed(1)} GB of memory`,
          ],
          options,
        );
        return;
      }
      const result = await runWithProgress("auto", request, options);
      const { stages, page, masks } = result;
      conclude(
        result,
        [
          ...stages.flatMap(({ title, facts, warnings, seconds }) => [
            `${title} (${formatSeconds(seconds)})`,
            ...facts.map(([label, value]) => `  ${label}: ${value}`),
            ...warnings.map((text) => `  mind: ${text}`),
          ]),
          `page    ${page}`,
          `masks   ${masks}`,
        ],
        options,
        [
          [openCommand(page), "everything on one page"],
          [shellCommand("label", "list", `${result.folder}/parts`), "the parts; give them names"],
          [
            shellCommand("dataset", "export", masks, "--format", "coco", "--outdir", `${masks}-coco`),
            "for another tool",
          ],
        ],
      );
    });
}
