import type { Command } from "commander";
import { effectiveClusters, largestShare } from "../../cluster/tree/mergeTree.ts";
import type { TreeEdit } from "../../cluster/tree/treeEdits.ts";
import { parseClusterId } from "../../project/cluster/identity.ts";
import { openProject } from "../../project/cluster/project.ts";
import type { EditStepSummary } from "../../project/edits/job.ts";
import {
  applyOptions,
  type EditAction,
  editRequest,
  editStepRequest,
  startOptions,
} from "../../project/edits/options.ts";
import { editsPath, loadEdits } from "../../project/edits/recipe.ts";
import { ProjectError } from "../../project/storage/files.ts";
import { told } from "../../project/storage/untold.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { conclude, type OutputOptions, runWithProgress } from "../run.ts";
import { commandLine, openCommand, shellCommand } from "../shell.ts";
import { table } from "../table.ts";
import { guideWithin } from "../wrongDoors.ts";
import { afterClustering, summary } from "./cluster.ts";

const EDITS = "split <c>, merge <a> <b>, lock <c>, unlock <c>, name <c> <name>, cut <K>";

/** klish edit: cuts that no single K gives. Every edit can be undone, and redraws edits.png. */
export function addEdit(program: Command): void {
  const edit = program
    .command("edit")
    .summary("split, merge, lock and name the clusters of a project")
    .description(
      "Edits the clusters of a finished project in place; its tree stays as it is, edits.json says what was done, edits.png " +
        "shows the clusters after each edit. The first edit samples the generator; from then on an edit takes a moment. " +
        "`klish edit save` makes a project of the result.",
    );
  const add = (usage: string, summary: string, description = summary): Command =>
    withOutput(withOptions(edit.command(usage).summary(summary).description(description), editStepRequest));

  const doing = withOptions(
    add(
      "do <project> <edits...>",
      "edit clusters, one edit after another",
      `Edits clusters one after another: ${EDITS}. split takes a cluster apart into what was merged last; merge joins two ` +
        "and trains one SVM; cut chooses all but the locked ones again. 47, or '#47', is the cluster that the report shows as #47: its " +
        "id stays when others are edited.",
    ),
    startOptions,
  ).action((project: string, words: string[], options: OutputOptions) =>
    step(doing, project, { type: "do", edits: parseEdits(words), ...requestOf(doing, startOptions) }, options),
  );
  for (const [type, text] of [
    ["undo", "take the last edit back"],
    ["redo", "repeat the edit that was undone last"],
    ["list", "show the clusters and what was done"],
  ] as const) {
    const command = add(`${type} <project>`, text).action((project: string, options: OutputOptions) =>
      step(command, project, { type }, options),
    );
  }
  const apply = withOptions(
    add("apply <project>", "carry over the edits of another run, clusters matched by IoU"),
    applyOptions,
  ).action((project: string, options: OutputOptions) =>
    step(apply, project, { type: "apply", ...requestOf(apply, applyOptions) }, options),
  );
  addSave(edit);
  guideWithin(edit, ([project = "<project>", ...words]) => [
    `klish edit list ${project}`,
    `klish edit do ${project} ${words.length > 0 ? words.join(" ") : "split <cluster>"}`,
  ]);
}

function addSave(edit: Command): void {
  const text = "make a project of the edited clusters, with a report, ready for klish label";
  const save = edit.command("save <project>").summary(text).description(text);
  const place = editRequest.omit({ project: true, k: true, edits: true, command: true });
  withOutput(withOptions(save, place)).action(async (project: string, options: OutputOptions) => {
    const asked = requestOf(save, place);
    const { k, edits } = (await loadEdits(await openProject(project))) ?? {};
    if (k === undefined || edits === undefined) throw new ProjectError(`${project} has no edits to save.`);
    const request = { ...asked, project, k, edits, command: commandLine() };
    const result = await runWithProgress("edit", request, options);
    const lines = [`${result.clusters} clusters after ${edits.length} edits`, ...summary(result)];
    conclude(result, lines, options, afterClustering(result));
  });
}

async function step(command: Command, project: string, action: EditAction, options: OutputOptions): Promise<void> {
  const request = requestOf(command, editStepRequest, { project, action, tellsItself: true });
  const result = await runWithProgress("editStep", request, options);
  conclude(result, lines(result), options, [
    [openCommand(result.preview), "see the clusters"],
    ...(result.edits.length > 0 ? [[shellCommand("edit", "undo", project), "take the last edit back"] as const] : []),
    [shellCommand("edit", "save", project, "--outdir", `${project}-edited`), "make a project of them, to label"],
  ]);
  if (action.type !== "list") await told(editsPath({ folder: project }));
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
