/** The package's interface: a small root, a place for each kind of part, and a comment on every exported name (`npm run docs:api`). */
import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

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

function isDocumented({ file, local }: Exported): boolean {
  const lines = readFileSync(file, "utf8").split("\n");
  const declaration = new RegExp(`^export (?:async |abstract )*(?:function|const|class|interface|type) ${local}\\b`);
  const at = lines.findIndex((line) => declaration.test(line));
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
