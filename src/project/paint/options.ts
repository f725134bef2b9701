import { z } from "zod";
import { shippedWords } from "../network/shipped.ts";
import { option, optional } from "../requests/request.ts";
import { runtimeOptions } from "../requests/runtime.ts";

/** The painter, as every command takes it. */
export const painterOption = option(
  z.string().min(1),
  "--model <file>",
  `the painter: the folder of a training run, a .safetensors or .onnx of klish${shippedWords("painter")}`,
);

/** What `klish paint` can be asked for. */
export const paintRequest = z
  .strictObject({
    model: painterOption,
    masks: option(
      optional(z.string().min(1)),
      "--masks <path>",
      "a mask, a folder of index PNGs, or a data set in any layout that klish reads; classes are found by name",
    ),
    edit: option(
      optional(z.string().min(1)),
      "--edit <recipe.json>",
      "pictures with edited masks: repaint only where the mask changed",
    ),
    outdir: option(z.string().min(1), "--outdir <folder>", "where paintings go, to make or to write again"),
    style: option(
      z.string().min(1).default("0"),
      "--style <seeds|picture>",
      "how the parts look: a seed, several such as 0-3 for several paintings of each mask, or a picture to look like",
    ),
    mix: option(optional(z.string().min(1)), "--mix <seed|picture>", "another style, to be mixed in"),
    share: option(z.number().min(0).max(1).default(0.5), "--share <t>", "of the mixed-in style, 0 to 1"),
    styleMask: option(
      optional(z.string().min(1)),
      "--style-mask <file>",
      "the mask of the picture that is the style; else a segmenter finds its parts",
    ),
    segmenter: option(
      optional(z.string().min(1)),
      "--segmenter <file>",
      "finds the parts of pictures whose mask is not given, as klish segment takes it",
      { otherwise: "portraits for --model portraits" },
    ),
    ...runtimeOptions,
  })
  .refine(({ masks, edit }) => (masks === null) !== (edit === null), {
    error: "one of --masks and --edit is needed, and not both",
  });
export type PaintRequest = z.output<typeof paintRequest>;

/** What `klish studio --export paint` can be asked for. */
export const paintPageRequest = z.strictObject({
  /** What `readPainter` takes. */
  model: z.string().min(1),
  outdir: z.string().min(1),
  scenes: option(
    optional(z.string().min(1)),
    "--scenes <path>",
    "masks to begin with: a folder of index PNGs or a data set, the first 24 of it",
    { otherwise: "portraits for a painter of these" },
  ),
  title: option(z.string().min(1).max(200).default("Paint"), "--title <text>", "heading of the page"),
});
