import type { Command } from "commander";
import { formats } from "../../dataset/formats/index.ts";
import { datasetRequest, exportRequest, joinRequest, verifyRequest } from "../../project/dataset/options.ts";
import { size } from "../../project/dataset/runs.ts";
import { DATASET_FILE } from "../../project/dataset/settings.ts";
import type { Cleaned } from "../../project/dataset/statistics.ts";
import { truncationWarning } from "../../project/network/options.ts";
import { machineLines } from "../../project/queue/machines.ts";
import { homeOf } from "../../project/shards/shard.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { formatSeconds } from "../progressBar.ts";
import { conclude, EXIT_FAILED, type NextStep, type OutputOptions, runWithProgress, warn } from "../run.ts";
import { commandLine, openCommand, shellCommand } from "../shell.ts";

/** klish dataset: images with masks, by seed. */
export function addDataset(program: Command): void {
  const dataset = program
    .command("dataset")
    .summary("make images with masks from a clustered generator, in the formats that other tools read")
    .description(
      "Writes images/, masks/ (index PNG, 255 = ignore), manifest.jsonl and an overview page. Sample i depends on the generator, " +
        "the labels and seed i alone. Run the same command again to continue an interrupted run; a larger --count extends a dataset.",
    );
  withOutput(withOptions(dataset, datasetRequest)).action(async (options: OutputOptions) => {
    const request = requestOf(dataset, datasetRequest, { command: commandLine() });
    warn(truncationWarning(request.truncationPsi));
    const { outdir, shard } = request;
    const home = await homeOf(outdir, shard, DATASET_FILE);
    const result = await runWithProgress("dataset", { ...request, outdir: home }, options);
    const { samples, kept, bytes, made, seconds, folder, overview, exports, cleaned, machines, uploaded } = result;
    const speed =
      made > 0 ? `; ${made} made in ${formatSeconds(seconds)}, ${(made / seconds).toFixed(1)} images/s` : "";
    const lines = [
      `${kept} samples${kept < samples ? ` of ${samples} seeds` : ""}, ${size(bytes)}${speed}`,
      ...cleanedLines(cleaned),
      `dataset  ${folder}`,
      `overview ${overview}`,
      ...exports.map((e) => `layout   ${e.folder}`),
      ...(machines === null ? [] : machineLines(machines)),
      ...(uploaded === null ? [] : [`uploaded ${uploaded}`]),
    ];
    if (home !== outdir) {
      const join: NextStep = [
        shellCommand("dataset", "join", outdir),
        "when all parts are made: the whole, with its overview",
      ];
      conclude(result, lines, options, [join]);
      return;
    }
    conclude(result, lines, options, [
      [openCommand(overview), "in a browser: samples, classes and their shares"],
      [shellCommand("dataset", "export", folder, "--format", "coco", "--outdir", `${folder}-coco`), "for another tool"],
      [shellCommand("dataset", "verify", folder), "after it was copied: is every file as it was made?"],
    ]);
  });
  // Options after a subcommand are that one's.
  dataset.enablePositionalOptions();
  addJoin(dataset);
  addExport(dataset);
  addVerify(dataset);
}

/** What was left out, where that was asked for. */
const cleanedLines = ({ implausible, contested }: Cleaned): string[] => [
  ...(implausible === null ? [] : [`left out as implausible: ${implausible} images`]),
  ...(contested === null ? [] : [`255 where clusterings disagree: ${(100 * contested).toFixed(1)} % of the pixels`]),
];

/** klish dataset join: the shards of a dataset as one. */
function addJoin(dataset: Command): void {
  const command = dataset
    .command("join <folders...>")
    .summary("join the parts that --shard made into one dataset")
    .description(
      "Checks that all parts are there, complete and of one recipe, and makes of them the folder that one run would have made. Give " +
        "the folder in which they lie, an address such as s3://bucket/folder, or a folder for each. It can be repeated at any time.",
    );
  withOutput(withOptions(command, joinRequest)).action(async (folders: string[], options: OutputOptions) => {
    const result = await runWithProgress("datasetJoin", requestOf(command, joinRequest, { folders }), options);
    const { folder, overview, shards, samples, kept, bytes, exports, cleaned } = result;
    const lines = [
      shards === 0 ? "all parts were joined before" : `${shards} parts joined`,
      `${kept} samples${kept < samples ? ` of ${samples} seeds` : ""}, ${size(bytes)}`,
      ...cleanedLines(cleaned),
      `dataset  ${folder}`,
      `overview ${overview}`,
      ...exports.map((e) => `layout   ${e.folder}`),
    ];
    conclude(result, lines, options, [
      [openCommand(overview), "in a browser: samples, classes and their shares"],
      [shellCommand("dataset", "verify", folder), "is every file as it was made?"],
    ]);
  });
}

/** klish dataset export: another layout of a dataset. */
function addExport(dataset: Command): void {
  const command = dataset
    .command("export <folders...>")
    .summary("write a dataset, its parts as one, or a foreign folder in another tool's format")
    .description(
      `Formats:\n${formats.map((f) => `  ${f.name.padEnd(12)} ${f.title}`).join("\n")}\n\nImages and masks are linked, not copied, where the file system can.`,
    );
  withOutput(withOptions(command, exportRequest)).action(async (from: string[], options: OutputOptions) => {
    const request = requestOf(command, exportRequest, { from });
    const result = await runWithProgress("datasetExport", request, options);
    conclude(result, [`${result.samples} samples in ${result.folder}`, "", ...result.load.split("\n")], options, [
      [shellCommand("check", result.folder), "see whether anything in it would break training"],
    ]);
  });
}

/** klish dataset verify: is everything there, and as it was made? */
function addVerify(dataset: Command): void {
  const command = dataset
    .command("verify <dataset>")
    .summary("recompute hashes, and some samples, and name every bad file")
    .description("Recomputes every file's hash and makes some samples again. Ends with 1 when something is wrong.");
  withOutput(withOptions(command, verifyRequest)).action(async (folder: string, options: OutputOptions) => {
    const result = await runWithProgress(
      "datasetVerify",
      requestOf(command, verifyRequest, { dataset: folder }),
      options,
    );
    const { samples, files, remade, faults } = result;
    const lines = [
      ...faults.map(({ path, fault }) => `${path}: ${fault}`),
      `${samples} samples, ${files} files, ${remade} made again: ${faults.length === 0 ? "all as they should be" : `${faults.length} faults`}`,
    ];
    conclude(result, lines, options, [
      faults.length > 0
        ? ["the command that made it, once more", "makes missing and damaged files again"]
        : [shellCommand("check", folder), "see whether anything in it would break training"],
    ]);
    if (faults.length > 0) process.exitCode = EXIT_FAILED;
  });
}
