import type { Command } from "commander";
import { machineLines } from "../../project/queue/machines.ts";
import { segmentRequest } from "../../project/segment/options.ts";
import { SEGMENT_FILE } from "../../project/segment/record.ts";
import { homeOf } from "../../project/shards/shard.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { conclude, type OutputOptions, runWithProgress } from "../run.ts";
import { openCommand, shellCommand } from "../shell.ts";
import { table } from "../table.ts";

/** Photos that could not be read, as far as they are listed. */
const LISTED = 5;

/** klish segment: masks of photos. */
export function addSegment(program: Command): void {
  const segment = program
    .command("segment")
    .summary("find the parts of photos, by a trained segmenter")
    .description(
      "Finds the parts of photos of any size and shape with a segmenter, and writes a data set: the photos, index PNGs of " +
        "their own sizes, the classes, and a sheet to look at. Run the same command again to continue, or after adding photos.",
    );
  withOutput(withOptions(segment, segmentRequest)).action(async (options: OutputOptions) => {
    const request = requestOf(segment, segmentRequest);
    const outdir = await homeOf(request.outdir, request.shard, SEGMENT_FILE);
    const result = await runWithProgress("segment", { ...request, outdir }, options);
    const { folder, photos, rejected, confidence, shares, sheet, machines } = result;
    const present = shares.filter(({ share }) => share > 0);
    conclude(
      result,
      [
        `${photos} ${photos === 1 ? "photo" : "photos"}; the mean probability of the classes is ${confidence.toFixed(2)}`,
        ...table(present.map(({ name, share }) => [`  ${name}`, `${(share * 100).toFixed(1)} %`])),
        ...rejected.slice(0, LISTED).map(({ photo, reason }) => `not read: ${photo}: ${reason}`),
        ...(rejected.length > LISTED ? [`… and ${rejected.length - LISTED} more: ${folder}/photos.jsonl`] : []),
        `masks   ${folder}/masks`,
        `sheet   ${sheet}`,
        ...(machines === null ? [] : machineLines(machines)),
      ],
      options,
      [
        [openCommand(sheet), "photos and their parts, side by side"],
        [
          shellCommand("dataset", "export", folder, "--format", "coco", "--outdir", `${folder}-coco`),
          "in another tool's format",
        ],
      ],
    );
  });
}
