import { basename, resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { formats } from "../../dataset/formats/index.ts";
import { size } from "../../project/dataset/runs.ts";
import type { ProviderChoice } from "../../runtime/session.ts";
import { withRuntimeOptions } from "../networkOptions.ts";
import { formatSeconds } from "../progressBar.ts";
import { EXIT_FAILED, parse, print, runWithProgress } from "../run.ts";
import { commandLine } from "../shell.ts";

interface DatasetOptions {
  readonly project?: string[];
  readonly recipe?: string[];
  readonly format?: string[];
  readonly outdir?: string;
  readonly count: number;
  readonly network?: string;
  readonly firstSeed: number;
  readonly shard?: { readonly index: number; readonly of: number };
  readonly resolution?: number;
  readonly trunc?: number;
  readonly imageFormat: "png" | "jpg" | "webp";
  readonly quality: number;
  readonly ignoreMargin: number;
  readonly maxUncertain?: number;
  readonly minForeground?: number;
  readonly require?: string[];
  readonly val: number;
  readonly test: number;
  readonly provider: ProviderChoice;
  readonly threads?: number;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** klish dataset: images with masks, by seed. */
export function addDataset(program: Command): void {
  const dataset = withRuntimeOptions(
    program
      .command("dataset")
      .summary("make images with masks from a clustered generator, in the formats that other tools read")
      .description(
        "Writes images/, masks/ (index PNG, 255 = ignore), manifest.jsonl and an overview page. Sample i depends on the generator, the labels and seed i alone. Run the same command again to continue an interrupted run; a larger --count extends a dataset.",
      ),
  )
    .option(
      "--project <folder>",
      "project with labels (see klish label); needed. Repeat it to label every image in several ways",
      collect,
    )
    .option("--recipe <file>", "labels in place of the project's labels.json; repeat it for several masks", collect)
    .option("--outdir <folder>", "folder to make or continue; needed")
    .option("--count <n>", "seeds to look at", parse.integer(1), 1000)
    .option("--first-seed <n>", "the first of them", parse.integer(0), 0)
    .option("--shard <i/n>", "only part i of n; any machine can make any part", shard)
    .option("--network <file>", "where the generator is now (default: where it was)")
    .option("--resolution <px>", "side of images and masks (default: the generator's)", parse.integer(8))
    .option("--trunc <psi>", "truncation psi (default: the project's)", parse.number(-10, 10))
    .addOption(
      new Option("--image-format <format>", "file format of the images").choices(["png", "jpg", "webp"]).default("png"),
    )
    .option("--quality <q>", "of jpg and webp, 1 to 100", quality, 95)
    .option("--ignore-margin <m>", "pixels whose best score leads by less become 255", parse.number(0, 100), 0)
    .option("--max-uncertain <share>", "leave out images with a larger share of uncertain pixels", parse.number(0, 1))
    .option("--min-foreground <share>", "leave out images with less that is no background", parse.number(0, 1))
    .option("--require <class>", "leave out images without this class; repeat it for several", collect)
    .option("--val <share>", "share of the validation split", parse.number(0, 1), 0.1)
    .option("--test <share>", "share of the test split", parse.number(0, 1), 0)
    .addOption(
      new Option("--format <name>", "write this layout too, in a folder of its name within; repeat it for several")
        .choices(formats.map((f) => f.name))
        .argParser((name: string, all?: readonly string[]) => {
          if (!formats.some((f) => f.name === name))
            throw new InvalidArgumentError(`Allowed choices are ${formats.map((f) => f.name).join(", ")}.`);
          return collect(name, all);
        }),
    )
    .option("--json", "print the result as JSON", false)
    .option("--quiet", "no progress bar", false);
  // Options after a subcommand are that one's.
  dataset.enablePositionalOptions();
  // Not commander's required options: those would be asked of the subcommands too.
  dataset.action(async (options: DatasetOptions) => {
    const { project: projects = [], recipe: recipes = [], format = [], outdir } = options;
    if (projects.length === 0) return dataset.error("error: required option '--project <folder>' not specified");
    if (outdir === undefined) return dataset.error("error: required option '--outdir <folder>' not specified");
    const result = await runWithProgress(
      "dataset",
      {
        projects,
        recipes,
        outdir,
        formats: format,
        network: options.network ?? null,
        resolution: options.resolution ?? null,
        truncationPsi: options.trunc ?? null,
        imageFormat: options.imageFormat,
        quality: options.quality,
        firstSeed: options.firstSeed,
        count: options.count,
        shard: options.shard ?? null,
        ignoreMargin: options.ignoreMargin,
        filter: {
          maxUncertain: options.maxUncertain ?? null,
          minForeground: options.minForeground ?? null,
          require: options.require ?? [],
        },
        split: { val: options.val, test: options.test },
        provider: options.provider,
        threads: options.threads ?? null,
        command: commandLine(),
      },
      options,
    );
    const { samples, kept, bytes, made, seconds, folder, overview, exports } = result;
    const speed =
      made > 0 ? `; ${made} made in ${formatSeconds(seconds)}, ${(made / seconds).toFixed(1)} images/s` : "";
    print(
      result,
      [
        `${kept} samples${kept < samples ? ` of ${samples} seeds` : ""}, ${size(bytes)}${speed}`,
        `dataset  ${folder}`,
        `overview ${overview}`,
        ...exports.map((e) => `layout   ${e.folder}`),
      ],
      options.json,
    );
  });
  addExport(dataset);
  addVerify(dataset);
}

interface ExportOptions {
  readonly format: string;
  readonly from?: string;
  readonly recipe?: string;
  readonly outdir: string;
  readonly name?: string;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** klish dataset export: another layout of a dataset. */
function addExport(dataset: Command): void {
  dataset
    .command("export <folders...>")
    .summary("write a dataset, its parts as one, or a foreign folder in another tool's format")
    .description(
      `Formats:\n${formats.map((f) => `  ${f.name.padEnd(12)} ${f.title}`).join("\n")}\n\nImages and masks are linked, not copied, where the file system can.`,
    )
    .addOption(new Option("--format <name>", "the format").choices(formats.map((f) => f.name)).makeOptionMandatory())
    .addOption(
      new Option("--from <name>", "layout of a foreign folder (default: found out)").choices([
        ...formats.map((f) => f.name),
        "celebamask",
      ]),
    )
    .option("--recipe <name>", "the label set of a dataset that has several")
    .requiredOption("--outdir <folder>", "new folder")
    .option("--name <name>", "title of the dataset (default: its folder's name)")
    .option("--json", "print the result as JSON", false)
    .option("--quiet", "no progress bar", false)
    .action(async (from: string[], _: unknown, command: Command) => {
      const options = command.opts<ExportOptions>();
      const { format, outdir, from: fromFormat = null, recipe = null } = options;
      const name = options.name ?? basename(resolve(from[0]));
      const result = await runWithProgress(
        "datasetExport",
        { from, fromFormat, recipe, format, outdir, name },
        options,
      );
      print(result, [`${result.samples} samples in ${result.folder}`, "", result.load], options.json);
    });
}

interface VerifyOptions {
  readonly remake: number;
  readonly project?: string[];
  readonly network?: string;
  readonly provider: ProviderChoice;
  readonly threads?: number;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** klish dataset verify: is everything there, and as it was made? */
function addVerify(dataset: Command): void {
  withRuntimeOptions(
    dataset
      .command("verify <dataset>")
      .summary("recompute hashes, and some samples, and name every bad file")
      .description("Recomputes every file's hash and makes some samples again. Ends with 1 when something is wrong."),
  )
    .option("--remake <n>", "samples to make again and compare byte for byte", parse.integer(0), 8)
    .option("--project <folder>", "where the project is now (default: where it was); one for each label set", collect)
    .option("--network <file>", "where the generator is now (default: where it was)")
    .option("--json", "print the result as JSON", false)
    .option("--quiet", "no progress bar", false)
    .action(async (folder: string, _: unknown, command: Command) => {
      const options = command.opts<VerifyOptions>();
      const { remake, project: projects = [], network = null, provider, threads = null } = options;
      const request = { dataset: folder, remake, projects, network, provider, threads };
      const result = await runWithProgress("datasetVerify", request, options);
      const { samples, files, remade, faults } = result;
      print(
        result,
        [
          ...faults.map(({ path, fault }) => `${path}: ${fault}`),
          `${samples} samples, ${files} files, ${remade} made again: ${faults.length === 0 ? "all as they should be" : `${faults.length} faults`}`,
        ],
        options.json,
      );
      if (faults.length > 0) process.exitCode = EXIT_FAILED;
    });
}

function quality(text: string): number {
  const value = parse.integer(1)(text);
  if (value > 100) throw new InvalidArgumentError(`Expected 1 to 100, got "${text}".`);
  return value;
}

/** Values of an option that may be repeated. */
const collect = (value: string, all: readonly string[] = []): string[] => [...all, value];

function shard(text: string): { index: number; of: number } {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [index, of] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || index < 1 || index > of)
    throw new InvalidArgumentError(`Expected a part such as 3/16, got "${text}".`);
  return { index, of };
}
