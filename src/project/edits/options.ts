import { z } from "zod";
import { movedNetwork } from "../cluster/options.ts";
import { option, optional } from "../requests/request.ts";
import { runtimeOptions } from "../requests/runtime.ts";
import { treeEdit } from "./recipe.ts";

const path = z.string().min(1);

/** Where edits begin. */
export const startOptions = z.strictObject({
  k: option(optional(z.int().min(2)), "--k <k>", "the K to start from; starts again where there are edits", {
    otherwise: "the suggested one",
  }),
});

/** Which edits are carried over. */
export const applyOptions = z.strictObject({
  from: option(path, "--from <project>", "a project of the same generator and layers, such as of another seed"),
  minIou: option(
    z.number().min(0).max(1).default(0.5),
    "--min-iou <t>",
    "skip edits whose clusters match by a lower IoU than this",
  ),
});

/** What to do to the edits of a project. Clusters by their ids. */
export const editAction = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("do"), ...startOptions.shape, edits: z.array(treeEdit).readonly() }),
  z.strictObject({ type: z.literal("undo") }),
  z.strictObject({ type: z.literal("redo") }),
  z.strictObject({ type: z.literal("list") }),
  z.strictObject({ type: z.literal("apply"), ...applyOptions.shape }),
]);

/** What the commands of `klish edit` but save can be asked for. */
export const editStepRequest = z.strictObject({
  project: path,
  action: editAction,
  network: movedNetwork,
  ...runtimeOptions,
  /** Whether the caller says when the user has been told (`told` of storage/untold); else that is when the job ends. */
  tellsItself: z.boolean().default(false),
});

/** What `klish edit save` can be asked for. */
export const editRequest = z.strictObject({
  project: path,
  outdir: option(path, "--outdir <folder>", "project folder to make"),
  /** The cut to start from. */
  k: z.int().min(2),
  edits: z.array(treeEdit).readonly(),
  network: movedNetwork,
  ...runtimeOptions,
  /** The command, to be shown. */
  command: z.string().default("the call of editJob"),
});

/** What is asked for; what is left out has its default. */
export type EditAction = z.input<typeof editAction>;
export type EditStepRequest = z.input<typeof editStepRequest>;
export type EditRequest = z.input<typeof editRequest>;
