/** The examples of docs/SCALE.md for other people's schedulers: every klish command in them is one that this version understands. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { klishProgram } from "../src/cli/program.ts";

const page = await readFile(join(import.meta.dirname, "..", "docs", "SCALE.md"), "utf8");

/** Words of klish commands in examples: of shells and unit files, and lists of JSON and YAML. */
function commands(): string[][] {
  const blocks = [...page.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language, text]) => ({ language, text }));
  const typed = blocks
    .filter(({ language }) => language === "sh" || language === "ini")
    .flatMap(({ text }) => text.replaceAll("\\\n", " ").split("\n"))
    .flatMap((line) => /^(?:srun |ExecStart=\/usr\/bin\/env )?klish (.*)$/.exec(line)?.[1] ?? [])
    .map((words) =>
      words
        .replace(/ +#.*$/, "")
        .split(/ +/)
        .filter(Boolean),
    );
  const listed = [...page.matchAll(/(?:args|"command"): (\[[^\]]*\])/g)].map(
    ([, list]) => JSON.parse(list) as string[],
  );
  return [...typed, ...listed];
}

const found = commands();

describe("docs/SCALE.md", () => {
  it("shows commands for every way to start them", () => {
    for (const name of ["dataset", "dataset join", "segment", "evaluate gan", "worker"])
      expect(
        found.some((words) => words.join(" ").startsWith(name)),
        name,
      ).toBe(true);
    for (const way of ["--shard auto ", "--shard auto/16", "--upload s3://", "--queue redis://", "--idle "])
      expect(
        found.some((words) => `${words.join(" ")} `.includes(way)),
        way,
      ).toBe(true);
  });

  it.each(found.map((words) => [words.join(" "), words] as const))("klish %s", (_, words) => {
    const known = (command: Command, rest: readonly string[]): void => {
      const [first] = rest;
      const inner = command.commands.find((one) => one.name() === first);
      if (inner !== undefined) {
        known(inner, rest.slice(1));
        return;
      }
      expect(command.parent, `klish ${first}`).not.toBe(null);
      const flags = rest.filter((word) => word.startsWith("--"));
      expect(flags.length, words.join(" ")).toBeGreaterThan(command.name() === "join" ? -1 : 0);
      for (const flag of flags)
        expect(
          command.options.some((option) => option.long === flag),
          flag,
        ).toBe(true);
    };
    known(klishProgram(), words);
  });

  it("installs in the container what the messages ask for", () => {
    const [, install] = /npm install --global ([\w ]+?) &&/.exec(page) ?? [];
    expect(install?.split(" ")).toEqual(["klish", "bullmq", "ioredis", "aws4fetch"]);
    expect(/^FROM node:(\d+)-slim$/m.exec(page)?.[1]).toMatch(/^(2[2-9]|[3-9]\d)$/);
  });
});
