import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");
const documents = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
];

/** The source of an entry of the package, from its exports in package.json. */
function sourceOf(entry: string | undefined): string {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    exports: Record<string, { default: string }>;
  };
  return exports[entry === undefined ? "." : `./${entry}`].default.replace(/^\.\/dist\/(.*)\.js$/, "$1");
}

describe.each(documents)("%s", (document) => {
  const text = readFileSync(join(root, document), "utf8");

  it("links to files that exist", () => {
    for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g))
      expect(existsSync(resolve(root, dirname(document), target)), `${document} links to ${target}`).toBe(true);
  });

  const snippets = [...text.matchAll(/<!-- run -->\n```ts\n([\s\S]*?)```/g)].map((m) => m[1]);
  it.each(snippets.map((code, i) => [i + 1, code] as const))(
    "snippet %i prints what its comments say",
    async (i, code) => {
      const file = join(root, `.snippet-${process.pid}-${i}.ts`);
      writeFileSync(
        file,
        code.replaceAll(/from "klish(?:\/(\w+))?"/g, (_, entry) => `from "./src/${sourceOf(entry)}.ts"`),
      );
      try {
        const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", file]);
        const expected = [...code.matchAll(/console\.log\(.*\);? \/\/ (.*)/g)].map((m) => m[1]);
        expect(expected.length).toBeGreaterThan(0);
        expect(stdout.trim().split("\n")).toEqual(expected);
      } finally {
        rmSync(file);
      }
    },
  );
});

it.each([...documents, ".ci/run"])("%s runs scripts that exist", (document) => {
  const text = readFileSync(join(root, document), "utf8");
  for (const [, script] of text.matchAll(/npx tsx ([\w./-]+\.ts)/g))
    expect(existsSync(join(root, script)), `${document} runs ${script}`).toBe(true);
});
