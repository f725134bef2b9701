import type { Command } from "commander";
import type { TreeEdit } from "../cluster/treeEdits.ts";
import type { ProviderChoice } from "../runtime/session.ts";
import { summary } from "./cluster.ts";
import { commandLine } from "./commandLine.ts";
import { withRuntimeOptions } from "./networkOptions.ts";
import { parse, print, runWithProgress } from "./run.ts";

interface EditOptions {
  readonly outdir: string;
  readonly k: number;
  readonly network?: string;
  readonly provider: ProviderChoice;
  readonly threads?: number;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** klish edit: a cut that no single K gives. */
export function addEdit(program: Command): void {
  withRuntimeOptions(
    program
      .command("edit")
      .summary("split, merge and lock clusters: a project with the edited tree")
      .description(
        "Starts at one K of a finished project and edits its clusters one after another: split <c> takes a cluster apart " +
          "into what was merged last, merge <a> <b> joins two and trains the one SVM of both, lock <c> and unlock <c> " +
          "keep a cluster from further edits, cut <K> cuts all but the locked ones anew. Clusters are numbered as before " +
          "each edit. The result is a project of its own, for `klish label` and all else; the edits are in its edits.json.",
      )
      .argument("<project>", "project folder made by `klish cluster`")
      .argument("<edits...>", "such as: split 3 merge 0 5 lock 1 cut 9")
      .requiredOption("--outdir <folder>", "project folder to make")
      .requiredOption("--k <k>", "the K to start from", parse.integer(2))
      .option("--network <file>", "the generator, where it has moved since"),
  )
    .option("--json", "print the result as JSON", false)
    .option("--quiet", "no progress bar", false)
    .action(async (project: string, words: string[], options: EditOptions) => {
      const { outdir, k, network = null, provider, threads = null } = options;
      const edits = parseEdits(words);
      const request = { project, outdir, k, edits, network, provider, threads, command: commandLine() };
      const result = await runWithProgress("edit", request, options);
      print(result, [`${result.clusters} clusters after ${edits.length} edits`, ...summary(result)], options.json);
    });
}

/** "split 3 merge 0 5" as edits. Throws RangeError that says what was expected. */
export function parseEdits(words: readonly string[]): TreeEdit[] {
  const edits: TreeEdit[] = [];
  let at = 0;
  const number = (after: string): number => {
    const word = words[at++] ?? "";
    if (!/^\d+$/.test(word)) throw new RangeError(`expected a number after "${after}", got "${word}"`);
    return Number(word);
  };
  while (at < words.length) {
    const word = words[at++];
    if (word === "split") edits.push({ type: "split", cluster: number(word) });
    else if (word === "merge") edits.push({ type: "merge", clusters: [number(word), number(word)] });
    else if (word === "lock") edits.push({ type: "lock", cluster: number(word), locked: true });
    else if (word === "unlock") edits.push({ type: "lock", cluster: number(word), locked: false });
    else if (word === "cut") edits.push({ type: "cut", k: number(word) });
    else throw new RangeError(`there is no edit "${word}"; there are split, merge, lock, unlock and cut`);
  }
  return edits;
}
