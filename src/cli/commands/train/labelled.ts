/** What the commands that train on pictures with masks have alike. */
import { z } from "zod";
import { size } from "../../../project/dataset/runs.ts";
import { option } from "../../../project/requests/request.ts";
import type { LabelledCost } from "../../../project/train/labelled/cost.ts";
import { formatSeconds } from "../../progressBar.ts";
import { table } from "../../table.ts";

/** Looking ahead in place of training. */
export const dryRunOption = z.strictObject({
  dryRun: option(
    z.boolean().default(false),
    "--dry-run",
    "say what would be trained and what it would cost, and write nothing",
  ),
});

/** Of settings, what is told. */
type Cost = LabelledCost<{
  readonly recipe: { readonly resolution: number; readonly batch: number };
  readonly preset: string;
  readonly classes: readonly { readonly name: string }[];
  readonly hours: number | null;
}>;

/** Rejected pictures that are named. */
const NAMED = 5;

/** What could not be used of the pictures that were tried. */
const rejectedRows = ({ rejected, tried }: Pick<Cost, "rejected" | "tried">): string[][] => [
  ["rejected", `${rejected.length} of ${tried} that were tried`],
  ...rejected.slice(0, NAMED).map(({ name, reason }) => ["", `${name}: ${reason}`]),
];

/** What a dry run says; `network`: what is trained; `more`: what there is beside the pictures. */
export function labelledCostLines(cost: Cost, network: string, more = ""): string[] {
  const { settings, pictures, images, done } = cost;
  const { recipe, preset, classes, hours } = settings;
  return table([
    ["pictures", `${pictures.all}, about ${pictures.train} of them to learn from${more}`],
    ...rejectedRows(cost),
    ["classes", `${classes.length}: ${classes.map(({ name }) => name).join(", ")}`],
    [
      network,
      `${preset}, ${(cost.parameters / 1e6).toFixed(2)} million weights, ${recipe.resolution}x${recipe.resolution} pixels`,
    ],
    ["training", `${images} pictures in batches of ${recipe.batch}${hours === null ? "" : `, at most ${hours} h`}`],
    ["speed", `${cost.imagesPerSecond.toFixed(1)} pictures/s (${cost.stepsTimed} steps timed)`],
    ["left", `${formatSeconds(cost.secondsLeft)}${done > 0 ? `; ${done} pictures were shown` : ""}`],
    ["memory", size(cost.memoryBytes)],
    ["disk", size(cost.diskBytes)],
  ]);
}
