/** Every command of --help: one mistyped option, one missing argument, one wrong path, each with the whole message. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { klishProgram, runKlish } from "../../src/cli/program.ts";
import { conclude, type OutputOptions } from "../../src/cli/run.ts";
import { type JobName, type JobRequest, jobs } from "../../src/project/jobs/jobs.ts";
import type { JobOptions } from "../../src/tensor/progress.ts";

// In this thread: a worker for each of these would take most of a minute.
vi.mock("../../src/project/jobs/runJob.ts", () => ({
  runJob: (name: JobName, request: JobRequest<JobName>, job: JobOptions) =>
    (jobs[name] as (request: unknown, job: JobOptions) => Promise<unknown>)(request, job),
}));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-doors-"));
  await writeFile(join(folder, "file"), "");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function typed(...args: string[]): Promise<{ code: number; message: string }> {
  const out = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  try {
    const code = await runKlish(args);
    return {
      code,
      message: out.mock.calls
        .map(([text]) => String(text))
        .join("")
        .replaceAll(folder, "TMP"),
    };
  } finally {
    out.mockRestore();
  }
}

/** Commands that do something, by what is typed for them. */
const commandsOf = (command: Command, path: readonly string[] = []): { path: string; command: Command }[] => {
  const inner = command.commands.flatMap((one) => commandsOf(one, [...path, one.name()]));
  const holdsOnly = inner.length > 0 && command.name() !== "dataset";
  return path.length === 0 || holdsOnly ? inner : [{ path: path.join(" "), command }, ...inner];
};
const commands = commandsOf(klishProgram());

const NOWHERE = "/nowhere/x";
const NO_FOLDER = `${NOWHERE}: there is no such folder.`;
const NO_PROJECT = `${NO_FOLDER} Make a project with \`klish cluster\`.`;
const NO_NETWORK = `${NOWHERE}: there is no such file. Give a generator: an .onnx, an official checkpoint, an https URL of one, a training run's folder, or portraits.`;
const NO_PICTURES = `${NOWHERE}: there is no such folder or file. Give a folder of pictures, or a .zip of them.`;
const OUT = ["--outdir", "TMP/a"];
const argument = (name: string) => `missing required argument '${name}'`;
const needed = (flag: string) => `required option '${flag}' not specified`;

interface Door {
  /** What is typed without one thing that is needed, and what is said of it. */
  readonly missing?: readonly [args: readonly string[], message: string];
  /** What is typed with a path that is not there. */
  readonly wrong?: readonly [args: readonly string[], message: string];
}

const onProject = (args: readonly string[], missing: Door["missing"]): Door => ({
  ...(missing === undefined ? {} : { missing }),
  wrong: [[NOWHERE, ...args], NO_PROJECT],
});
const noProject: Door["missing"] = [[], argument("project")];

const doors: Readonly<Record<string, Door>> = {
  studio: {
    missing: [
      ["--export", "paint", "portraits"],
      "--export paint needs a painter and a folder: klish studio --export paint <model> <outdir>",
    ],
    wrong: [["TMP/file"], "TMP/file is a file. Give a folder: a project, a run, a data set, or one for new ones."],
  },
  cluster: {
    missing: [["--network", "x"], needed("--outdir <folder>")],
    wrong: [["--network", NOWHERE, ...OUT], NO_NETWORK],
  },
  report: onProject([], [[], argument("folder")]),
  "label list": onProject([], noProject),
  "label cut": onProject(["12"], noProject),
  "label name": onProject(["part 1", "hair"], [["p", "part 1"], argument("name")]),
  "label color": onProject(["part 1", "#ff0000"], [["p", "part 1"], argument("color")]),
  "label merge": onProject(["part 1", "part 2"], [["p"], argument("classes")]),
  "label take": onProject(["3", "as", "hair"], [["p"], argument("clusters")]),
  "label ignore": onProject(["part 1"], [["p"], argument("classes")]),
  "label background": onProject(["part 1"], noProject),
  "label split": onProject(["part 1", "left-right"], [["p", "part 1"], argument("how")]),
  "label apart": onProject(["part 1"], [["p"], argument("class")]),
  "label lock": onProject(["part 1"], [["p"], argument("class")]),
  "label unlock": onProject(["part 1"], [["p"], argument("class")]),
  "label apply": onProject(["--from", "q"], [["p"], needed("--from <project>")]),
  "label stroke": {
    missing: [["p", "hair", "--mask", "x.png"], needed("--seed <n>")],
    wrong: [[NOWHERE, "hair", "--seed", "0", "--mask", NOWHERE], `${NOWHERE}: there is no such file.`],
  },
  "label undo": onProject([], noProject),
  "label redo": onProject([], noProject),
  worker: {
    missing: [[], needed("--queue <url>")],
    wrong: [
      ["--queue", "http://host"],
      "http:// is not a queue. Give it as redis://host:6379, rediss://host:6379 (with TLS) or postgres://host:5432/database; user and password may be in it, or in KLISH_QUEUE_USER and KLISH_QUEUE_PASSWORD.",
    ],
  },
  dataset: { missing: [OUT, needed("--project <folder>")], wrong: [["--project", NOWHERE, ...OUT], NO_PROJECT] },
  "dataset export": {
    missing: [["x", ...OUT], needed("--format <name>")],
    wrong: [[NOWHERE, "--format", "coco", ...OUT], NO_FOLDER],
  },
  "dataset join": {
    missing: [[], argument("folders")],
    wrong: [[NOWHERE], `${NO_FOLDER} Make the parts with \`klish dataset --shard\`.`],
  },
  "dataset verify": {
    missing: [[], argument("dataset")],
    wrong: [[NOWHERE], `${NO_FOLDER} Make a data set with \`klish dataset\`.`],
  },
  check: { missing: [[], argument("folder")], wrong: [[NOWHERE], NO_FOLDER] },
  "edit do": onProject(["split", "3"], [["p"], argument("edits")]),
  "edit undo": onProject([], noProject),
  "edit redo": onProject([], noProject),
  "edit list": onProject([], noProject),
  "edit apply": onProject(["--from", "q"], [["p"], needed("--from <project>")]),
  "edit save": onProject(OUT, [["p"], needed("--outdir <folder>")]),
  "evaluate gan": {
    missing: [["--network", "x"], needed("--data <path>")],
    wrong: [["--network", NOWHERE, "--data", "x"], NO_NETWORK],
  },
  "evaluate separability": {
    missing: [["--network", "x"], needed("--outdir <folder>")],
    wrong: [["--features", NOWHERE, ...OUT], `${NOWHERE}: there is no such file.`],
  },
  "evaluate segmenter": {
    missing: [["--truth", "x", ...OUT], needed("--model <[name=]file>")],
    wrong: [["--model", NOWHERE, "--truth", NOWHERE, ...OUT], NO_FOLDER],
  },
  "evaluate painter": {
    missing: [["--model", "x", ...OUT], needed("--data <dataset>")],
    wrong: [["--model", NOWHERE, "--data", NOWHERE, ...OUT], `${NOWHERE}: there is no such file.`],
  },
  "evaluate labels": {
    missing: [["--truth", "x", ...OUT], needed("--project <folder>")],
    wrong: [["--project", NOWHERE, "--truth", "x", ...OUT], NO_PROJECT],
  },
  "evaluate clusters": {
    missing: [OUT, "say where the features are: either --project <folder> or --features <npz>"],
    wrong: [["--features", NOWHERE, ...OUT], `${NOWHERE}: there is no such file.`],
  },
  generate: {
    missing: [["--network", "x", ...OUT], "one of --seeds, --projected-w, or --rows with --cols is needed"],
    wrong: [["--network", NOWHERE, "--seeds", "0", ...OUT], NO_NETWORK],
  },
  portraits: {
    missing: [[], needed("--outdir <folder>")],
    wrong: [
      ["--outdir", "TMP/file/a"],
      "TMP/file/a: a part of this path is a file, not a folder. Choose another folder with --outdir.",
    ],
  },
  segment: {
    missing: [["--model", "portraits", ...OUT], needed("--images <path>")],
    wrong: [["--model", "portraits", "--images", NOWHERE, ...OUT], NO_PICTURES],
  },
  paint: {
    missing: [["--masks", "x", ...OUT], needed("--model <file>")],
    wrong: [["--model", NOWHERE, "--masks", NOWHERE, ...OUT], `${NOWHERE}: there is no such file.`],
  },
  "train gan": {
    missing: [
      ["--data", "x"],
      "say where the run's files go: --outdir <folder>, or --resume <folder> of an earlier run",
    ],
    wrong: [["--data", NOWHERE, ...OUT], NO_PICTURES],
  },
  auto: {
    missing: [OUT, needed("--data <path>")],
    wrong: [["--data", NOWHERE, ...OUT], NO_PICTURES],
  },
  "train extractor": {
    missing: [
      ["--network", "x", "--masks", "y"],
      "say where the run's files go: --outdir <folder>, or --resume <folder> of an earlier run",
    ],
    wrong: [["--network", NOWHERE, "--masks", NOWHERE, ...OUT], NO_NETWORK],
  },
  "train painter": { wrong: [["--data", NOWHERE, ...OUT], NO_FOLDER] },
  "train segmenter": { wrong: [["--data", NOWHERE, ...OUT], NO_FOLDER] },
  convert: {
    missing: [["--network", "x"], needed("--out <file>")],
    wrong: [["--network", NOWHERE, "--out", "TMP/a.onnx"], NO_NETWORK],
  },
  info: { missing: [[], argument("file")], wrong: [[NOWHERE], NO_NETWORK] },
  doctor: {},
};

const usage = (path: string, command: Command): string => `usage: klish ${path} ${command.usage()}; --help says more\n`;
const inFolder = (args: readonly string[]): string[] => args.map((arg) => arg.replace("TMP", folder));

describe.each(commands)("klish $path", ({ path, command }) => {
  it("has its doors here", () => {
    expect(Object.keys(doors)).toContain(path);
  });

  it("knows what a mistyped option was meant to be", async () => {
    const flag = command.options.find(({ hidden, long }) => !hidden && long !== "--json")?.long ?? "--json";
    const mistyped = flag.replace(/(.)(.)$/, "$2$1");
    const { code, message } = await typed(...path.split(" "), mistyped);
    expect({ code, message }).toEqual({
      code: 2,
      message: `error: unknown option '${mistyped}'; did you mean ${flag}?\n${usage(path, command)}`,
    });
  });

  const { missing, wrong } = doors[path] ?? {};
  it.skipIf(missing === undefined)("says what is missing", async () => {
    const [args, message] = missing!;
    const found = await typed(...path.split(" "), ...inFolder(args));
    expect(found).toEqual({ code: 2, message: `error: ${message}\n${usage(path, command)}` });
  });

  it.skipIf(wrong === undefined)("says that a path is wrong", async () => {
    const [args, message] = wrong!;
    const found = await typed(...path.split(" "), ...inFolder(args), "--quiet");
    expect(found).toEqual({ code: 1, message: `klish: ${message}\n` });
  });
});

describe("names of NVIDIA's older tools", () => {
  it.each([
    ["generate", "--seeds", "0", "--truncation-psi", "0.5", "--truncation-cutoff", "4", "--result-dir", "TMP/a"],
    ["generate", "--row-seeds", "0", "--col-seeds", "1", "--col-styles", "0-3", "--result-dir", "TMP/a"],
    ["cluster", "--truncation-psi", "0.5", "--result-dir", "TMP/a"],
  ])("klish %s takes them", async (...args) => {
    expect(await typed(...inFolder(args), "--network", NOWHERE, "--quiet")).toEqual({
      code: 1,
      message: `klish: ${NO_NETWORK}\n`,
    });
  });
});

describe("wrong doors", () => {
  it.each([
    [
      ["export"],
      "unknown command 'export'; did you mean one of these?\n  klish dataset export <folder> --format <name> --outdir <folder>\n  klish convert --network <file> --out <file>",
    ],
    [["clutser"], "unknown command 'clutser'; did you mean cluster?"],
    [["nonsense"], "unknown command 'nonsense'"],
    [
      ["train", "--data", "my photos"],
      "klish train needs to know what: gan, segmenter, painter, extractor. Did you mean one of these?\n  klish train gan --data 'my photos'\n  klish train segmenter --data 'my photos'\n  klish train painter --data 'my photos'",
    ],
    [["train", "gna"], "unknown command 'train gna'; did you mean train gan?"],
    [["dataset", "p1"], 'unexpected argument "p1"; did you mean --project p1?'],
    [["dataset", "exprot"], "unknown command 'dataset exprot'; did you mean dataset export?"],
    [["cluster", "my-gan.onnx"], 'unexpected argument "my-gan.onnx"; did you mean --network my-gan.onnx?'],
    [
      ["cluster", "--network", "x", "--outdir", "y", "--shard", "5/4"],
      '--shard: expected a part such as 3/16, got "5/4"',
    ],
  ])("klish %j", async (args, message) => {
    const found = await typed(...args);
    expect({ code: found.code, message: found.message.split("\nusage: ")[0] }).toEqual({
      code: 2,
      message: `error: ${message}`,
    });
  });

  it("klish label <project> shows what can be done with its labels", async () => {
    const { code, message } = await typed("label", "p1");
    expect(code).toBe(2);
    expect(message).toContain("\n  klish label cut p1\n  klish label list p1\n");
  });

  it("a file in place of a command is asked what shall be done with it", async () => {
    const { message } = await typed(join(folder, "file"));
    expect(message).toContain("  klish info TMP/file\n  klish cluster --network TMP/file --outdir parts\n");
  });
});

describe("conclude()", () => {
  const said = (options: OutputOptions): string[] => {
    const spies = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, "write").mockReturnValue(true));
    try {
      conclude({ a: 1 }, ["done"], options, [
        ["klish info x", "look"],
        ["klish label cut x", "name"],
      ]);
      return spies.map((spy) => spy.mock.calls.map(([text]) => String(text)).join(""));
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
  };

  it("prints the result on stdout, and what comes next on stderr, for people alone", () => {
    expect(said({})).toEqual(["done\n", "next:\n  klish info x       look\n  klish label cut x  name\n"]);
    expect(said({ quiet: true })).toEqual(["done\n", ""]);
    expect(said({ json: true })).toEqual(['{"a":1}\n', ""]);
  });
});
