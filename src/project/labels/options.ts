import { z } from "zod";
import { movedNetwork } from "../cluster/options.ts";
import { option, optional } from "../requests/request.ts";
import { runtimeOptions } from "../requests/runtime.ts";
import { SEED } from "../requests/seeds.ts";

/** Whose labels are drawn, and with what. */
export const labelPreviewRequest = z.strictObject({
  project: z.string().min(1),
  /** Other labels than the project's. */
  recipe: option(optional(z.string().min(1)), "--recipe <file>", "edit these labels, a second way to label the parts", {
    otherwise: "the project's labels.json",
  }),
  network: movedNetwork,
  ...runtimeOptions,
});

/** What is asked for; what is left out has its default. */
export type LabelPreviewRequest = z.input<typeof labelPreviewRequest>;

/** Which pixels of which picture a stroke covers. */
export const strokeOptions = z.strictObject({
  seed: option(SEED, "--seed <n>", "the seed of the picture"),
  mask: option(
    z.string().min(1),
    "--mask <png>",
    "what was painted: a square index PNG of any size, 255 where nothing was; any other number is the stroke",
  ),
});

/** Whose labels are taken over. */
export const applyFrom = z.strictObject({
  from: option(
    z.string().min(1),
    "--from <project>",
    "a labelled project of the same generator and layers, such as of another seed",
  ),
});

/** What `klish label apply` can be asked for: `project` gets the labels of `from`. */
export const applyLabelsRequest = z.strictObject({ ...labelPreviewRequest.shape, ...applyFrom.shape });
