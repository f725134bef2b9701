import type { Command } from "commander";
import { z } from "zod";
import { IGNORE_LABEL } from "../../dataset/labelMap.ts";
import { type ClusterIdentity, clusterOf, parseClusterId } from "../../project/cluster/identity.ts";
import { readLabelMap } from "../../project/dataset/seedMasks.ts";
import { takeApart } from "../../project/labels/apart.ts";
import { carryLabels, type LostLabel } from "../../project/labels/carry.ts";
import { applyFrom, labelPreviewRequest, strokeOptions } from "../../project/labels/options.ts";
import { type Cuts, openParts, type Parts } from "../../project/labels/parts.ts";
import {
  classIndex,
  edit,
  freshLabels,
  freshRecipe,
  idTexts,
  isFresh,
  type LabelAction,
  type LabelRecipe,
  redo,
  undo,
} from "../../project/labels/recipe.ts";
import { type ChangedRecipe, changeRecipe, checkCut, loadRecipe } from "../../project/labels/recipeFile.ts";
import { labeller } from "../../project/labels/recipeLabels.ts";
import { runsOf } from "../../project/labels/strokes.ts";
import { classNamed, classNotes, clusterList, sparedBy } from "../../project/labels/words.ts";
import { suggestedK } from "../../project/report/suggestedK.ts";
import { option } from "../../project/requests/request.ts";
import { ProjectError } from "../../project/storage/files.ts";
import { SAVED_BEFORE } from "../../project/storage/untold.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { conclude, type NextStep, type OutputOptions, runWithProgress } from "../run.ts";
import { openCommand, shellCommand } from "../shell.ts";
import { table } from "../table.ts";
import { guideWithin } from "../wrongDoors.ts";

/** Whether labels.png is drawn. */
const previewOption = z.strictObject({
  preview: option(z.boolean().default(true), "--no-preview", "do not draw labels.png"),
});

/** What was asked for with a command. */
interface Asked extends OutputOptions, Pick<z.output<typeof previewOption>, "preview"> {
  readonly request: z.output<typeof labelPreviewRequest>;
}

/** klish label: names and merges clusters into classes. Every edit can be undone, and redraws labels.png. */
export function addLabel(program: Command): void {
  const label = program
    .command("label")
    .summary("choose K, name and merge its parts into the classes of a dataset")
    .description(
      "Edits labels.json of a project folder: which clusters make which class. A class is given by its name or by any of its " +
        "clusters: 47 is the cluster that the report shows as #47. After each edit labels.png shows the result on a few samples.",
    );

  const add = (
    name: string,
    summary: string,
    make: (labels: Opened, words: readonly string[]) => LabelRecipe | LabelAction,
    words = "",
    usage = words,
  ): void => {
    const command = withCommonOptions(
      label
        .command(`${name} <project>${words === "" ? "" : ` ${words}`}`)
        .usage(`[options] <project> ${usage}`.trimEnd())
        .summary(summary)
        .description(`${summary[0].toUpperCase()}${summary.slice(1)}.`),
    ).action(async (project: string, ...rest: unknown[]) => {
      const given = rest
        .slice(0, -2)
        .flat()
        .filter((w) => w !== undefined) as string[];
      await change(asked(command, project), [name, ...given], (labels) => make(labels, given));
    });
  };

  const list = withCommonOptions(
    label.command("list <project>").summary("show the classes").description("Shows the classes."),
  ).action(async (project: string) => {
    const options = asked(list, project);
    const { recipe, identity } = await open(options);
    show(recipe, identity, undefined, options);
  });
  const cut = withCommonOptions(
    label
      .command("cut <project> [K]")
      .summary("choose K (default: the suggested one)")
      .description(
        "Chooses K, by default the one at which the report opens. Names stay with the clusters that they were given to: one " +
          "that a coarse K cannot show returns at a finer one.",
      )
      .option("--fresh", "start again: every cluster a class of its own", false),
  ).action(async (folder: string, text: string | undefined, { fresh }: { readonly fresh: boolean }) => {
    const options = asked(cut, folder);
    const file = options.request.recipe ?? undefined;
    const { parts, identity } = await openCuts(folder);
    if (parts.merged === undefined)
      throw new ProjectError(
        `${folder} has the classes that it was taught, and no other K. Name, merge or ignore them; \`klish label list ${folder}\` shows them.`,
      );
    const { project, tree } = parts.merged;
    const k = text === undefined ? await suggestedK(project, tree) : parseArgument(text, "K");
    checkCut(tree, k);
    const names = { ids: identity.hierarchy.aliveAt(k), colors: identity.colors };
    let lost: readonly LostLabel[] = [];
    const recut = (before: LabelRecipe | undefined): LabelRecipe => {
      if (before === undefined) return freshRecipe(k, names);
      if (fresh) return edit(before, { type: "recut", labels: freshLabels(k, names), fresh: true });
      const carried = carryLabels(tree, identity, before, k);
      lost = carried.lost;
      return edit(before, carried.action);
    };
    const changed = await changeRecipe(project, tree, ["cut", k, fresh], recut, file);
    await finish(options, changed, identity, { notes: lostLines(folder, lost), lost });
  });
  add(
    "name",
    "give a class another name",
    ({ named }, [c, name]) => ({ type: "name", class: named(c), name }),
    "<class> <name>",
  );
  add(
    "color",
    "give a class another colour, #rrggbb",
    ({ named }, [c, color]) => ({ type: "color", class: named(c), color }),
    "<class> <color>",
  );
  add(
    "merge",
    "merge classes into the first",
    ({ named }, words) => {
      const renamed = words.at(-2) === "as";
      const classes = renamed ? words.slice(0, -2) : words;
      return { type: "merge", classes: classes.map(named), name: renamed ? words.at(-1)! : null };
    },
    "<classes...>",
    "<class> <class>... [as <name>]",
  );
  add(
    "take",
    "move clusters, by id, into a class",
    ({ recipe, identity }, words) => {
      if (words.at(-2) !== "as") throw new RangeError("Say into which class: klish label take <project> 3 7 as hair");
      const ids = words.slice(0, -2).map((word) => {
        const id = parseClusterId(word);
        if (id === undefined) throw new RangeError(`Expected a cluster such as 47, got "${word}".`);
        return id;
      });
      const clusters = ids.map((id) => clusterOf(identity, recipe.state.k, id));
      return { type: "take", clusters, name: words.at(-1)!, color: identity.colors[ids[0]] };
    },
    "<clusters...>",
    "<cluster>... as <name>",
  );
  add(
    "ignore",
    "drop classes: their pixels become 255",
    ({ named }, classes) => ({ type: "ignore", classes: classes.map(named) }),
    "<classes...>",
  );
  add(
    "background",
    "say which class is the background (it gets id 0); none without a class",
    ({ named }, [c]) => ({ type: "background", class: c === undefined ? null : named(c) }),
    "[class]",
  );
  add(
    "split",
    "take a class apart by place: left-right, a number of areas (2 to 16), or none",
    ({ named }, [c, how]) => ({
      type: "split",
      class: named(c),
      split:
        how === "none"
          ? null
          : how === "left-right"
            ? { kind: "left-right" }
            : { kind: "components", count: areas(how) },
    }),
    "<class> <how>",
  );
  add(
    "apart",
    "take a class apart into its clusters; a cluster into the two that the tree made it of, which raises K",
    ({ cuts, identity, recipe, named }, [c]) => takeApart(cuts, identity, recipe.state, named(c)),
    "<class>",
  );
  for (const [word, locked] of [
    ["lock", true],
    ["unlock", false],
  ] as const)
    add(
      word,
      locked ? "let no other edit, stroke or K change what a class holds" : "let a locked class be edited again",
      ({ named }, [c]) => ({ type: "lock", class: named(c), locked }),
      "<class>",
    );
  const apply = withCommonOptions(
    label
      .command("apply <project>")
      .summary("take over the labels of another run, cluster by cluster")
      .description(
        "Takes over the labels of another run of the same generator and layers, such as of another seed, at the same K: a " +
          "cluster joins the class that most of its pixels are in there.",
      ),
  );
  withOptions(apply, applyFrom).action(async (folder: string) => {
    const options = asked(apply, folder);
    const { from } = requestOf(apply, applyFrom);
    const { left } = await runWithProgress("labelApply", { ...options.request, from }, options);
    const { recipe, identity } = await open(options);
    const notes = left.map((name) => `left out: "${name}": no cluster here is most of it`);
    // Made again, it is the same.
    await finish(options, { recipe, repeated: false, told: async () => undefined }, identity, { notes });
  });
  const stroke = withCommonOptions(
    label
      .command("stroke <project> <class>")
      .summary("paint pixels of a class; the masks of all pictures follow")
      .description(
        "Adds a stroke to the labels: pixels of one picture that belong to a class, whatever the clusters say. The clusters' classifiers are " +
          "trained again with it, so the masks of all pictures follow. The first stroke of a project samples its generator.",
      ),
  );
  withOptions(stroke, strokeOptions).action(async (folder: string, word: string) => {
    const options = asked(stroke, folder);
    const { seed, mask } = requestOf(stroke, strokeOptions);
    const { side, labels } = await readLabelMap(mask);
    const runs = runsOf(side, (p) => labels[p] !== IGNORE_LABEL);
    if (runs.length === 0) throw new ProjectError(`${mask}: nothing is painted; all pixels are 255.`);
    await change(options, ["stroke", word, seed, runs], ({ parts, recipe, identity, named }) => {
      if (parts.merged === undefined)
        throw new ProjectError(
          `${folder} learned from masks: paint what is wrong into them, and train the extractor again in another folder.`,
        );
      const { k, classes } = recipe.state;
      const { clusters } = classes[classIndex(recipe.state, named(word))];
      const ids = identity.hierarchy.aliveAt(k);
      const spared = sparedBy(identity, recipe.state);
      return { type: "stroke", seed, side, runs, clusters: clusters.map((c) => ids[c]), ...(spared && { spared }) };
    });
  });
  add("undo", "take the last edit back", ({ recipe }) => undo(recipe));
  add("redo", "repeat the edit that was undone last", ({ recipe }) => redo(recipe));
  guideWithin(label, ([project = "<project>"]) => [
    `klish label cut ${project}`,
    `klish label list ${project}`,
    `klish label name ${project} <class> <name>`,
  ]);
}

const withCommonOptions = (command: Command): Command =>
  withOutput(withOptions(withOptions(command, labelPreviewRequest), previewOption));

const asked = (command: Command, project: string): Asked => ({
  ...command.opts<OutputOptions>(),
  ...requestOf(command, previewOption),
  request: requestOf(command, labelPreviewRequest, { project }),
});

const parseArgument = (text: string, what: string): number => {
  if (!/^\d+$/.test(text)) throw new RangeError(`Expected a ${what}, got "${text}".`);
  return Number(text);
};

/** "4", as into how many areas a class is taken apart. */
function areas(text: string): number {
  const count = parseArgument(text, "number of areas");
  if (count < 2 || count > 16) throw new RangeError(`Expected 2 to 16 areas, got ${count}.`);
  return count;
}

interface OpenedCuts {
  readonly parts: Parts;
  readonly cuts: Cuts;
  readonly identity: ClusterIdentity;
}

interface Opened extends OpenedCuts {
  readonly recipe: LabelRecipe;
  /** The class that a word means. */
  readonly named: (word: string) => string;
}

async function openCuts(folder: string): Promise<OpenedCuts> {
  const parts = await openParts(folder);
  const identity = await parts.identity();
  return { parts, cuts: parts.cuts as Cuts, identity };
}

async function open(options: Asked): Promise<Opened> {
  const { project, recipe } = options.request;
  const opened = await openCuts(project);
  return labelsIn(opened, await loadRecipe(opened.parts, opened.cuts, recipe ?? undefined), options);
}

function labelsIn(
  opened: OpenedCuts,
  recipe: LabelRecipe | undefined,
  { request: { project, recipe: file } }: Asked,
): Opened {
  if (recipe === undefined)
    throw new ProjectError(
      `${file ?? project} has no labels yet. Choose a K first: ${shellCommand("label", "cut", project, ...(file === null ? [] : ["--recipe", file]))}`,
    );
  return { ...opened, recipe, named: (word) => classNamed(opened.identity, recipe.state, word) };
}

async function change(
  options: Asked,
  words: readonly unknown[],
  make: (labels: Opened) => LabelRecipe | LabelAction,
): Promise<void> {
  const opened = await openCuts(options.request.project);
  const { parts, cuts, identity } = opened;
  const changed = await changeRecipe(
    parts,
    cuts,
    words,
    (before) => {
      const labels = labelsIn(opened, before, options);
      const made = make(labels);
      return "type" in made ? edit(labels.recipe, made) : made;
    },
    options.request.recipe ?? undefined,
  );
  await finish(options, changed, identity);
}

/** What became of labels, in lines for people and as data. */
interface Said {
  readonly notes?: readonly string[];
  readonly lost?: readonly LostLabel[];
}

async function finish(
  options: Asked,
  { recipe, repeated, told }: ChangedRecipe,
  identity: ClusterIdentity,
  { notes = [], lost = [] }: Said = {},
): Promise<void> {
  const { request, preview } = options;
  const sheet = preview ? await runWithProgress("labelPreview", request, options) : undefined;
  show(recipe, identity, sheet, options, { notes: [...(repeated ? [SAVED_BEFORE] : []), ...notes], lost });
  await told();
}

/** What is done with labels, in the order of doing it. */
function nextSteps({ project, recipe }: Asked["request"], first: string, sheet: string | undefined): NextStep[] {
  const same = recipe === null ? [] : ["--recipe", recipe];
  return [
    ...(sheet === undefined ? [] : [[openCommand(sheet), "see the classes"] as const]),
    [
      shellCommand("label", "name", project, first, "<name>", ...same),
      "name them one by one; or merge, ignore and split them",
    ],
    [
      shellCommand("dataset", "--project", project, ...same, "--outdir", `${project}-data`),
      "make images with these masks",
    ],
  ];
}

/** What the new K could not keep, and where it is again. */
function lostLines(folder: string, lost: readonly LostLabel[]): string[] {
  if (lost.length === 0) return [];
  const lines = lost.map(({ name, share, whole, into }) => {
    const holder = into.name === null ? "ignored" : into.name.startsWith("#") ? "" : `"${into.name}"`;
    return `"${name}"${whole ? "" : ", a part of it"} (${(100 * share).toFixed(1)} % of the pixels) is in #${into.id}${holder === "" ? "" : `, ${holder}`}, here`;
  });
  const [{ backAt }] = lost;
  return [
    ...lines,
    ...(backAt === null ? [] : [`nothing is forgotten: ${shellCommand("label", "cut", folder, String(backAt))}`]),
  ];
}

function show(
  { state, actions }: LabelRecipe,
  identity: ClusterIdentity,
  sheet: string | undefined,
  options: Asked,
  { notes = [], lost = [] }: Said = {},
): void {
  const ids = idTexts(state.classes);
  const rows = state.classes.map((c, i) => [
    clusterList(identity, state.k, c.clusters),
    c.name,
    c.color,
    ids[i],
    classNotes(c),
  ]);
  const lines = [
    `K = ${state.k}, ${labeller(state).classes.length} classes, ${actions.length} edit${actions.length === 1 ? "" : "s"}`,
    ...table([["clusters", "class", "colour", "in masks", ""], ...rows]),
    ...(state.strokes === undefined ? [] : [`strokes: ${state.strokes.length}; the classifiers follow them`]),
    ...(state.ignored.length > 0 ? [`ignored, 255 in masks: ${clusterList(identity, state.k, state.ignored)}`] : []),
    ...notes,
    ...(sheet === undefined ? [] : [`sheet   ${sheet}`]),
  ];
  const alive = identity.hierarchy.aliveAt(state.k);
  const clusterIds = Array.from(alive);
  const value = { ...state, clusterIds, edits: actions.length, lost, sheet: sheet ?? null };
  conclude(
    value,
    lines,
    options,
    nextSteps(options.request, (state.classes.find(isFresh) ?? state.classes[0])?.name ?? "<class>", sheet),
  );
}
