/** What people type who look for something that stands elsewhere, and where it is. */
import { statSync } from "node:fs";
import type { Command } from "commander";
import { nearest } from "../project/requests/nearest.ts";
import { shellWord } from "../text/escape.ts";
import { usageError } from "./options.ts";

/** Words that are not commands of klish, with the commands that do what they say. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  export: [
    "klish dataset export <folder> --format <name> --outdir <folder>",
    "klish convert --network <file> --out <file>",
  ],
  verify: ["klish dataset verify <folder>"],
  masks: ["klish dataset --project <folder> --outdir <folder>"],
  gan: ["klish train gan --data <pictures> --outdir <folder>"],
  fit: ["klish train gan --data <pictures> --outdir <folder>"],
  sample: ["klish generate --network <file> --seeds 0-15 --outdir <folder>"],
  images: ["klish generate --network <file> --seeds 0-15 --outdir <folder>"],
  mix: ["klish generate --network <file> --rows 0-3 --cols 4-7 --outdir <folder>"],
  interpolate: ["klish generate --network <file> --seeds 0-3 --interpolate --outdir <folder>"],
  parts: ["klish cluster --network <file> --outdir <folder>"],
  segment: ["klish cluster --network <file> --outdir <folder>"],
  kmeans: [
    "klish cluster --network <file> --outdir <folder>",
    "klish evaluate clusters --project <folder> --truth <path>",
  ],
  clusters: [
    "klish cluster --network <file> --outdir <folder>",
    "klish evaluate clusters --project <folder> --truth <path>",
  ],
  separability: ["klish evaluate separability --project <folder> --truth <path>"],
  fid: ["klish evaluate gan --network <file> --data <pictures>"],
  metrics: ["klish evaluate gan --network <file> --data <pictures>"],
  name: ["klish label name <project> <class> <name>"],
  merge: ["klish label merge <project> <classes...>", "klish edit do <project> merge <a> <b>"],
  split: ["klish edit do <project> split <cluster>", "klish label split <project> <class> <how>"],
  cut: ["klish label cut <project> <K>"],
  undo: ["klish label undo <project>", "klish edit undo <project>"],
  resume: ["the command that began the run, once more, continues it; klish info <folder> shows it"],
  version: ["klish --version"],
};

/** Has `program` and every command that only holds others say where to go when something else is typed. */
export function guideFromWrongDoors(program: Command): void {
  program.on("command:*", ([word]: string[]) => usageError(program, wrongCommand(program, word)));
}

function wrongCommand(program: Command, word: string): string {
  const names = program.commands.map((command) => command.name());
  const unknown = `unknown command '${word}'`;
  const elsewhere = Object.hasOwn(ELSEWHERE, word) ? ELSEWHERE[word] : undefined;
  if (elsewhere !== undefined)
    return [`${unknown}; did you mean one of these?`, ...elsewhere.map((c) => `  ${c}`)].join("\n");
  const meant = nearest(word, names);
  if (meant !== undefined) return `${unknown}; did you mean ${meant}?`;
  const found = kindOf(word);
  if (found === undefined) return unknown;
  const path = shellWord(word);
  const doors =
    found === "file"
      ? [`klish info ${path}`, `klish cluster --network ${path} --outdir parts`]
      : [`klish info ${path}`, `klish train gan --data ${path} --outdir run`, `klish check ${path}`];
  return [`${unknown}: it is a ${found}. What shall be done with it?`, ...doors.map((c) => `  ${c}`)].join("\n");
}

const kindOf = (path: string): "file" | "folder" | undefined => {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? undefined : found.isDirectory() ? "folder" : "file";
};

/**
 * Makes `group`, which only holds commands, say which of them was probably meant when it is called with anything else:
 * "klish train --data x", "klish label p1". `repaired` gives whole commands for what was typed.
 */
export function guideWithin(group: Command, repaired: (words: readonly string[]) => readonly string[]): void {
  group
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      const words = group.args;
      if (words.length === 0) return group.help({ error: true });
      const names = group.commands.map((command) => command.name());
      const meant = words[0].startsWith("-") ? undefined : nearest(words[0], names);
      const say = (name: string): string => `${group.name()} ${name}`;
      if (meant !== undefined)
        return usageError(group, `unknown command '${say(words[0])}'; did you mean ${say(meant)}?`);
      const commands = repaired(words.map(shellWord)).map((c) => `  ${c}`);
      return usageError(
        group,
        [`klish ${group.name()} needs to know what: ${names.join(", ")}. Did you mean one of these?`, ...commands].join(
          "\n",
        ),
      );
    });
}
