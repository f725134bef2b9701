/** The package's interface: a small root, a place for each kind of part, and a comment on every exported name (`npm run docs:api`). */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { format } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";

const root = resolve(import.meta.dirname, "..");
const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  exports: Record<string, string | { default: string; browser?: { default: string } }>;
};
const sourceOf = (built: string): string => join(root, built.replace(/^\.\/dist\//, "src/").replace(/\.js$/, ".ts"));
const entries = Object.entries(exports).flatMap(([name, target]) =>
  typeof target === "string"
    ? []
    : [
        [name, sourceOf(target.default)] as const,
        ...(target.browser === undefined ? [] : [[`${name} (browser)`, sourceOf(target.browser.default)] as const]),
      ],
);

/** A name of an entry, and where it is declared. */
interface Exported {
  readonly name: string;
  readonly file: string;
  readonly local: string;
}

/** What a file exports, followed to the declarations. */
function exportsOf(file: string): Exported[] {
  const text = readFileSync(file, "utf8");
  const at = (target: string): string => resolve(dirname(file), target);
  const declared = [...text.matchAll(/^export (?:async )?(?:function|const|class|interface|type) (\w+)/gm)].map(
    ([, name]) => ({ name, file, local: name }),
  );
  const all = [...text.matchAll(/^export \* (?:as \w+ )?from "(\.[^"]+)";/gm)].flatMap(([, target]) =>
    exportsOf(at(target)),
  );
  const listed = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from "(\.[^"]+)";/gm)].flatMap(([, list, target]) =>
    list
      .split(",")
      .map((item) => item.replace(/\btype /, "").trim())
      .filter((item) => item !== "")
      .map((item) => {
        const [local, name = local] = item.split(" as ");
        return { ...declarationOf(at(target), local), name };
      }),
  );
  return [...declared, ...all, ...listed];
}

/** Where a name that a file exports is declared: there, or in what it exports again. */
function declarationOf(file: string, name: string): Exported {
  const found = exportsOf(file).find((one) => one.name === name);
  if (found === undefined) throw new Error(`${relative(root, file)} does not export ${name}`);
  return found;
}

/** The lines of the comment of a declaration, without their stars. */
function commentOf({ file, local }: Exported): string[] {
  const lines = readFileSync(file, "utf8").split("\n");
  const end = lineOf(lines, local) - 1;
  const start = lines.findLastIndex((line, i) => i <= end && line.startsWith("/**"));
  return lines.slice(start, end).map((line) => line.replace(/^ \* ?/, ""));
}

/** Examples of all exported names whose comments say what they print. */
const examples = [
  ...new Map(
    entries
      .filter(([name]) => !name.endsWith("(browser)"))
      .flatMap(([, file]) => exportsOf(file))
      .map((one) => {
        const comment = commentOf(one);
        const at = comment.indexOf("@example");
        return [one.name, at < 0 ? "" : comment.slice(at + 1).join("\n")] as const;
      })
      .filter(([, code]) => /console\.log\(.*\); \/\/ /.test(code)),
  ),
];

describe("@example", () => {
  it("are found", () => {
    expect(examples.length).toBeGreaterThan(20);
  });

  it.each(examples)("%s prints what its comment says", async (_, code) => {
    const parts = await Promise.all(
      entries.filter(([name]) => !name.endsWith("(browser)")).map(([, file]) => import(pathToFileURL(file).href)),
    );
    const all: Record<string, unknown> = Object.assign({}, ...parts.reverse());
    const names = Object.keys(all).filter((name) => new RegExp(`\\b${name}\\b`).test(code) && !declares(code, name));
    const printed: string[] = [];
    const console = { log: (...values: unknown[]) => printed.push(format(...values)) };
    const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
    await new AsyncFunction("console", ...names, code)(console, ...names.map((name) => all[name]));
    expect(printed).toEqual([...code.matchAll(/console\.log\(.*\); \/\/ (.*)/g)].map(([, expected]) => expected));
  });
});

/** Whether code makes a variable of this name itself. */
const declares = (code: string, name: string): boolean =>
  new RegExp(`\\bconst (?:${name}\\b|[[{][^=]*\\b${name}\\b[^=]*[\\]}] =)`).test(code);

function lineOf(lines: readonly string[], local: string): number {
  const declaration = new RegExp(`^export (?:async |abstract )*(?:function|const|class|interface|type) ${local}\\b`);
  return lines.findIndex((line) => declaration.test(line));
}

function isDocumented({ file, local }: Exported): boolean {
  const lines = readFileSync(file, "utf8").split("\n");
  const at = lineOf(lines, local);
  return at > 0 && lines[at - 1].trimEnd().endsWith("*/");
}

describe.each(entries)("%s", (_, file) => {
  it("says of every name what it is", () => {
    const found = exportsOf(file);
    expect(found.length).toBeGreaterThan(5);
    const bare = found.filter((one) => !isDocumented(one));
    expect(bare.map((one) => `${one.name} (${relative(root, one.file)})`)).toEqual([]);
  });
});

/** Examples of whole entries: files that print what their comments say. */
const exampleFolder = join(root, "examples/api");
const exampleFiles = readdirSync(exampleFolder).filter((name) => name !== "tinyGenerator.ts");

describe("examples/api", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each(exampleFiles)(
    "%s prints what its comments say",
    async (name) => {
      const text = readFileSync(join(exampleFolder, name), "utf8");
      const printed: string[] = [];
      vi.spyOn(console, "log").mockImplementation((...values) => void printed.push(format(...values)));
      await import(pathToFileURL(join(exampleFolder, name)).href);
      expect(printed).toEqual([...text.matchAll(/console\.log\(.*\); \/\/ (.*)/g)].map(([, expected]) => expected));
      expect(printed.length).toBe(text.split("console.log(").length - 1);
    },
    60_000,
  );

  it("use every exported function", async () => {
    const code = [
      ...exampleFiles.map((name) => readFileSync(join(exampleFolder, name), "utf8")),
      ...examples.map(([, example]) => example),
    ]
      .join("\n")
      .replaceAll(/^import .*?;$/gms, "");
    const bare: string[] = [];
    for (const [entry, file] of entries.filter(([name]) => !name.endsWith("(browser)")))
      for (const [name, value] of Object.entries(await import(pathToFileURL(file).href)))
        if (typeof value === "function" && !/^class\b/.test(String(value)))
          if (!new RegExp(`\\b${name}\\b`).test(code)) bare.push(`${name} (${entry})`);
    expect(bare).toEqual([]);
  });
});

describe("klish", () => {
  it("has a root of at most 40 values, every job of the command line among them", async () => {
    const node = await import("../src/node.ts");
    expect(Object.keys(node).length).toBeLessThanOrEqual(40);
    expect(Object.keys(node.jobs)).toEqual(
      expect.arrayContaining(["cluster", "generate", "convert", "dataset", "trainGan"]),
    );
    const named = [
      "openGenerator",
      "readCheckpoint",
      "featurePyramid",
      "denseFeatures",
      "kMeans",
      "linearSvm",
      "klish",
    ];
    expect(Object.keys(node)).toEqual(
      expect.arrayContaining([...named, "ahc", "kasp", "graph", "grad", "ops", "compile"]),
    );
  });

  it("runs a job with defaults, progress and a signal, and says what is wrong with a request", async () => {
    const { jobs } = await import("../src/node.ts");
    await expect(jobs.generate({ network: "portraits", outdir: "x", seeds: [0], shet: 3 } as never)).rejects.toThrow(
      'the request: unknown name "shet"; did you mean "sheet"?',
    );
    await expect(jobs.portraits({ outdir: "x", count: 0 })).rejects.toThrow(
      "count: expected an integer of at least 1, got 0",
    );
  });
});
