import type { Command } from "commander";
import { paintRequest } from "../../project/paint/options.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { conclude, type OutputOptions, runWithProgress } from "../run.ts";
import { openCommand } from "../shell.ts";

/** klish paint: pictures from masks. */
export function addPaint(program: Command): void {
  const paint = program
    .command("paint")
    .summary("turn masks into pictures, by a trained painter")
    .description(
      "Paints masks whose classes are a painter's, in styles by seed or like a picture, and writes a data set: pictures, masks, classes, " +
        "and a sheet to look at. With --edit, pictures are repainted only where their masks changed.",
    );
  withOutput(withOptions(paint, paintRequest))
    .addHelpText(
      "after",
      `
Examples:
  klish paint --model run --masks faces/masks --outdir painted
  klish paint --model run --masks mask.png --style 0-7 --outdir eight       one mask in eight styles
  klish paint --model run --masks mask.png --style me.png --segmenter seg --outdir like-me
  klish paint --model run --edit recipe.json --outdir edited                {"edits": [{"picture": "a.png", "mask": "b.png"}]}`,
    )
    .action(async (options: OutputOptions) => {
      const result = await runWithProgress("paint", requestOf(paint, paintRequest), options);
      const { folder, paintings, filled, smoothed, changed, sheet } = result;
      const [first] = smoothed;
      conclude(
        result,
        [
          `${paintings} ${paintings === 1 ? "painting" : "paintings"}${changed === null ? "" : `; ${(100 * changed).toFixed(1)} % of the pixels changed their class`}`,
          ...(filled > 0 ? [`${filled} pixels of no class (255) took the nearest one`] : []),
          ...(first === undefined
            ? []
            : [
                `${smoothed.length} of the masks ${smoothed.length === 1 ? "looks" : "look"} smoothed: in ${first.path} ${(100 * first.share).toFixed(0)} % of the pixels at borders have an id between their neighbours'; draw and resize masks without smoothing (nearest neighbour)`,
              ]),
          `images  ${folder}/images`,
          `sheet   ${sheet}`,
        ],
        options,
        [[openCommand(sheet), "masks and paintings, side by side"]],
      );
    });
}
