import type { Command } from "commander";
import { effectiveClusters, largestShare } from "../../cluster/tree/mergeTree.ts";
import type { TreeEdit } from "../../cluster/tree/treeEdits.ts";
import { parseClusterId } from "../../project/cluster/identity.ts";
import { openProject } from "../../project/cluster/project.ts";
import type { EditAction, EditStepSummary } from "../../project/edits/job.ts";
import { loadEdits } from "../../project/edits/recipe.ts";
import { ProjectError } from "../../project/storage/files.ts";
import type { ProviderChoice } from "../../runtime/session.ts";
import { withRuntimeOptions } from "../networkOptions.ts";
import { parse, print, runWithProgress } from "../run.ts";
import { commandLine } from "../shell.ts";
import { table } from "../table.ts";
import { summary } from "./cluster.ts";

interface EditOptions {
  readonly network?: string;
  readonly provider: ProviderChoice;
  readonly threads?: number;
  readonly json: boolean;
  readonly quiet: boolean;
}

const EDITS = "split <c>, merge <a> <b>, lock <c>, unlock <c>, name <c> <name>, cut <K>";

/** klish edit: cuts that no single K gives. Every edit can be undone, and draws edits.png anew. */
export function addEdit(program: Command): void {
  const edit = program
    .command("edit")
    .summary("split, merge, lock and name the clusters of a project")
    .description(
      `Edits the clusters of a finished project in place; its tree stays as it is, edits.json says what was done, edits.png
shows the clusters after each edit. The first edit samples the generator; from then on an edit takes a moment.
\`klish edit save\` makes a project of the result.`,
    );
  const command = (usage: string, text: string): Command =>
    withRuntimeOptions(edit.command(usage).summary(text).description(text))
      .option("--network <file>", "the generator, where it has moved since")
      .option("--json", "print the result as JSON", false)
      .option("--quiet", "no progress bar", false);

  command("do <project> <edits...>", "edit clusters, one edit after another")
    .description(
      `Edits clusters one after another: ${EDITS}. split takes a cluster apart into what was merged last; merge joins two
and trains one SVM; cut cuts all but the locked ones anew. 47, or '#47', is the cluster that the report shows as #47: its
id stays when others are edited. The first edit begins at the suggested K unless --k says another.`,
    )
    .option("--k <k>", "the K to start from; starts again where there are edits", parse.integer(2))
    .action((project: string, words: string[], options: EditOptions & { readonly k?: number }) =>
      step(project, { type: "do", k: options.k ?? null, edits: parseEdits(words) }, options),
    );
  for (const [type, text] of [
    ["undo", "take the last edit back"],
    ["redo", "do again what was undone last"],
    ["list", "show the clusters and what was done"],
  ] as const)
    command(`${type} <project>`, text).action((project: string, options: EditOptions) =>
      step(project, { type }, options),
    );
  command("apply <project>", "carry over the edits of another run, clusters matched by IoU")
    .requiredOption("--from <project>", "a project of the same generator and layers, such as of another seed")
    .option("--min-iou <t>", "edits of clusters less alike than this are left out", parse.number(0, 1), 0.5)
    .action((project: string, options: EditOptions & { readonly from: string; readonly minIou: number }) =>
      step(project, { type: "apply", from: options.from, minIou: options.minIou }, options),
    );
  command("save <project>", "make a project of the edited clusters, with a report, ready for klish label")
    .requiredOption("--outdir <folder>", "project folder to make")
    .action(async (project: string, options: EditOptions & { readonly outdir: string }) => {
      const recipe = await loadEdits(await openProject(project));
      if (recipe === undefined) throw new ProjectError(`${project} has no edits to save.`);
      const { k, edits } = recipe;
      const { outdir, network = null, provider, threads = null } = options;
      const request = { project, outdir, k, edits, network, provider, threads, command: commandLine() };
      const result = await runWithProgress("edit", request, options);
      print(result, [`${result.clusters} clusters after ${edits.length} edits`, ...summary(result)], options.json);
    });
}

async function step(project: string, action: EditAction, options: EditOptions): Promise<void> {
  const { network = null, provider, threads = null } = options;
  const result = await runWithProgress("editStep", { project, action, network, provider, threads }, options);
  print(result, lines(result), options.json);
}

function lines({ k, edits, undone, notes, clusters, preview, skipped, milliseconds }: EditStepSummary): string[] {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const shares = clusters.map(({ share }) => share);
  const rows = clusters.map(({ id, name, locked, share, iou, starts }) => [
    `#${id}`,
    name ?? "",
    percent(share),
    iou.toFixed(3),
    String(starts),
    locked ? "locked" : "",
  ]);
  return [
    `K = ${k}${edits.length > 0 ? `, ${edits.join(", ")}` : ", no edits"}${undone.length > 0 ? ` (undone: ${undone.join(", ")})` : ""}`,
    ...notes,
    ...skipped.map(({ edit, reason }) => `left out: ${edit}: ${reason}`),
    "",
    ...table([["cluster", "name", "area", "IoU", "of", ""], ...rows]),
    "",
    `largest ${percent(largestShare(shares))}, effective clusters ${effectiveClusters(shares).toFixed(1)}; ${milliseconds.toFixed(0)} ms`,
    `preview ${preview}`,
  ];
}

/** "split 3 merge 0 #5" as edits of clusters by id. Throws RangeError that says what was expected. */
export function parseEdits(words: readonly string[]): TreeEdit[] {
  const edits: TreeEdit[] = [];
  let at = 0;
  const number = (after: string): number => {
    const word = words[at++] ?? "";
    if (!/^\d+$/.test(word)) throw new RangeError(`expected a number after "${after}", got "${word}"`);
    return Number(word);
  };
  const cluster = (after: string): number => {
    const word = words[at++] ?? "";
    const id = parseClusterId(word);
    if (id === undefined) throw new RangeError(`expected a cluster such as 47 after "${after}", got "${word}"`);
    return id;
  };
  while (at < words.length) {
    const word = words[at++];
    if (word === "split") edits.push({ type: "split", cluster: cluster(word) });
    else if (word === "merge") edits.push({ type: "merge", clusters: [cluster(word), cluster(word)] });
    else if (word === "lock") edits.push({ type: "lock", cluster: cluster(word), locked: true });
    else if (word === "unlock") edits.push({ type: "lock", cluster: cluster(word), locked: false });
    else if (word === "cut") edits.push({ type: "cut", k: number(word) });
    else if (word === "name") {
      const id = cluster(word);
      const name = words[at++];
      if (name === undefined) throw new RangeError(`expected a name after "name ${id}"; "" takes it away`);
      edits.push({ type: "name", cluster: id, name });
    } else throw new RangeError(`there is no edit "${word}"; there are ${EDITS}`);
  }
  return edits;
}
