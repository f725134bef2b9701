import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");

it("CONTRIBUTING.md adds one of each kind by files and rows that compile", async () => {
  const copy = join(root, `.contributing-${process.pid}`);
  try {
    cpSync(join(root, "src"), join(copy, "src"), { recursive: true });
    const blocks = [
      ...readFileSync(join(root, "CONTRIBUTING.md"), "utf8").matchAll(
        /```ts\n\/\/ (src\S+?\.ts)(, a row)?\n([\s\S]*?)```/g,
      ),
    ];
    expect(blocks.length).toBeGreaterThan(12);
    for (const [, path, row, code] of blocks) {
      const file = join(copy, path);
      if (row === undefined) mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, row === undefined ? code : withRow(readFileSync(file, "utf8"), code));
    }
    const settings = {
      extends: "../tsconfig.base.json",
      compilerOptions: {
        ...{ composite: false, declaration: false, rewriteRelativeImportExtensions: false },
        ...{ noEmit: true, types: ["node"] },
      },
      include: ["src"],
    };
    writeFileSync(join(copy, "tsconfig.json"), JSON.stringify(settings));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    await promisify(execFile)(process.execPath, [tsc, "-p", copy]).catch(({ stdout }) => {
      throw new Error(stdout);
    });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}, 120_000);

/** A source with the imports of a snippet, and its row behind the opening bracket of the table that it names. */
function withRow(source: string, snippet: string): string {
  const lines = snippet.split("\n").filter((line) => line !== "");
  const heads = lines.filter((line) => /^(import|export \{)/.test(line));
  const [, table, row] = /^(.*? (?:= |= \w+\(".*?", )[[{])(.*)…$/s.exec(lines.slice(heads.length).join("\n")) ?? [];
  if (lines.length === heads.length) return [...heads, source].join("\n");
  expect(table, snippet).toBeDefined();
  expect(source.split(table).length, table).toBe(2);
  return [...heads, source.replace(table, () => `${table}${row}`)].join("\n");
}
