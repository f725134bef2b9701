import type { Command } from "commander";
import { painterQualityRequest } from "../../project/evaluation/painter/options.ts";
import { figureRows } from "../../project/evaluation/painter/tables.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { conclude, type OutputOptions, runWithProgress } from "../run.ts";
import { commandLine, openCommand } from "../shell.ts";
import { table } from "../table.ts";

/** klish evaluate painter: how a painter's pictures look, and whether they obey their masks. */
export function addEvaluatePainter(evaluate: Command): void {
  const painter = evaluate
    .command("painter")
    .summary("how a painter's pictures compare with real ones, and whether they obey their masks")
    .description(
      "Paints the masks of a data set and compares with its pictures: sliced Wasserstein distance, density and coverage as klish " +
        "evaluate gan has them; how far the styles of one mask are apart; and, with a segmenter, whether it sees in paintings the classes " +
        "that were asked for: in the data set's own masks, and in masks with a part enlarged, moved, removed or doubled.",
    );
  withOutput(withOptions(painter, painterQualityRequest)).action(async (options: OutputOptions) => {
    const request = requestOf(painter, painterQualityRequest, { command: commandLine() });
    const result = await runWithProgress("evaluatePainter", request, options);
    const { markdown, csv, sheet, edited } = result;
    const files = [`table   ${markdown}`, `all     ${csv}`, `sheet   ${sheet}`];
    conclude(
      result,
      [...table(figureRows(result)), ...files, ...(edited === null ? [] : [`edits   ${edited}`])],
      options,
      [[openCommand(sheet), "masks, pictures and paintings"]],
    );
  });
}
