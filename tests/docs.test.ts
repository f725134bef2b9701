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
      writeFileSync(file, code.replace('from "klish"', 'from "./src/node.ts"'));
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
