import type { Command } from "commander";
import { loadTree, openProject } from "../../project/cluster/project.ts";
import { edit, freshRecipe, idTexts, type LabelAction, type LabelRecipe, undo } from "../../project/labels/recipe.ts";
import { checkCut, cutTo, loadRecipe, saveRecipe } from "../../project/labels/recipeFile.ts";
import { labeller } from "../../project/labels/recipeLabels.ts";
import { ProjectError } from "../../project/storage/files.ts";
import type { ProviderChoice } from "../../runtime/session.ts";
import { withRuntimeOptions } from "../networkOptions.ts";
import { parse, print, runWithProgress } from "../run.ts";
import { table } from "../table.ts";

interface LabelOptions {
  readonly recipe?: string;
  readonly network?: string;
  readonly provider: ProviderChoice;
  readonly threads?: number;
  readonly preview: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** klish label: names and merges clusters into classes. Every edit can be undone, and draws labels.png anew. */
export function addLabel(program: Command): void {
  const label = program
    .command("label")
    .summary("choose K, name and merge its parts into the classes of a dataset")
    .description(
      "Edits labels.json of a project folder: which clusters make which class. Classes are given by name or id. After each edit labels.png shows the result on a few samples.",
    );

  const add = (
    name: string,
    summary: string,
    make: (recipe: LabelRecipe, words: readonly string[]) => LabelRecipe | LabelAction,
    words = "",
  ): void => {
    withCommonOptions(
      label
        .command(`${name} <project>${words === "" ? "" : ` ${words}`}`)
        .summary(summary)
        .description(summary),
    ).action(async (project: string, ...rest: unknown[]) => {
      const options = rest.at(-2) as LabelOptions;
      const given = rest
        .slice(0, -2)
        .flat()
        .filter((w) => w !== undefined) as string[];
      await change(project, options, (recipe) => make(recipe, given));
    });
  };

  withCommonOptions(
    label.command("list <project>").summary("show the classes").description("Shows the classes."),
  ).action(async (project: string, options: LabelOptions) => {
    const { recipe } = await open(project, options);
    show(recipe, undefined, options.json);
  });
  withCommonOptions(
    label
      .command("cut <project> <K>")
      .summary("choose K")
      .description("Chooses K. Classes named before are inherited by the clusters that they consist of.")
      .option("--fresh", "start again: every cluster a class of its own", false),
  ).action(async (folder: string, text: string, options: LabelOptions & { fresh: boolean }) => {
    const k = parseArgument(text, "K");
    const project = await openProject(folder);
    const tree = await loadTree(project);
    if (tree === undefined) throw new ProjectError(`${folder} is not clustered yet.`);
    checkCut(tree, k);
    const before = await loadRecipe(project, tree, options.recipe);
    const action: LabelAction | undefined =
      before === undefined ? undefined : options.fresh ? { type: "cut", k, from: null } : cutTo(tree, before.state, k);
    const recipe = before === undefined || action === undefined ? freshRecipe(k) : edit(before, action);
    await saveRecipe(project, recipe, options.recipe);
    await finish(folder, recipe, options);
  });
  add("name", "give a class another name", (_, [c, name]) => ({ type: "name", class: c, name }), "<class> <name>");
  add(
    "color",
    "give a class another colour, #rrggbb",
    (_, [c, color]) => ({ type: "color", class: c, color }),
    "<class> <color>",
  );
  add(
    "merge",
    "merge classes into the first: <class> <class> … [as <name>]",
    (_, words) => {
      const named = words.at(-2) === "as";
      return { type: "merge", classes: named ? words.slice(0, -2) : [...words], name: named ? words.at(-1)! : null };
    },
    "<classes...>",
  );
  add(
    "take",
    "move clusters, by number, into a class: <cluster> … as <name>",
    (_, words) => {
      if (words.at(-2) !== "as") throw new RangeError("Say into which class: klish label take <project> 3 7 as hair");
      return {
        type: "take",
        clusters: words.slice(0, -2).map((w) => parseArgument(w, "cluster")),
        name: words.at(-1)!,
      };
    },
    "<words...>",
  );
  add(
    "ignore",
    "drop classes: their pixels become 255",
    (_, classes) => ({ type: "ignore", classes: [...classes] }),
    "<classes...>",
  );
  add(
    "background",
    "say which class is the background (it gets id 0); none without a class",
    (_, [c]) => ({ type: "background", class: c ?? null }),
    "[class]",
  );
  add(
    "split",
    "take a class apart by place: left-right, a number of areas (2 to 16), or none",
    (_, [c, how]) => ({
      type: "split",
      class: c,
      split:
        how === "none"
          ? null
          : how === "left-right"
            ? { kind: "left-right" }
            : { kind: "components", count: parseArgument(how, "number of areas") },
    }),
    "<class> <how>",
  );
  add("undo", "take the last edit back", (recipe) => undo(recipe));
}

const withCommonOptions = (command: Command): Command =>
  withRuntimeOptions(command)
    .option(
      "--recipe <file>",
      "edit these labels, a second way to label the parts (default: the project's labels.json)",
    )
    .option("--network <file>", "where the generator is now (default: where it was)")
    .option("--no-preview", "do not draw labels.png")
    .option("--json", "print the classes as JSON", false)
    .option("--quiet", "no progress bar", false);

const parseArgument = (text: string, what: string): number => {
  if (!/^\d+$/.test(text)) throw new RangeError(`Expected a ${what}, got "${text}".`);
  return parse.integer(0)(text);
};

async function open(
  folder: string,
  { recipe: file }: LabelOptions,
): Promise<{ recipe: LabelRecipe; project: Awaited<ReturnType<typeof openProject>> }> {
  const project = await openProject(folder);
  const tree = await loadTree(project);
  const recipe = tree === undefined ? undefined : await loadRecipe(project, tree, file);
  if (recipe === undefined)
    throw new ProjectError(
      `${file ?? folder} has no labels yet. Choose a K first: klish label cut ${folder} 12${file === undefined ? "" : ` --recipe ${file}`}`,
    );
  return { recipe, project };
}

async function change(
  folder: string,
  options: LabelOptions,
  make: (recipe: LabelRecipe) => LabelRecipe | LabelAction,
): Promise<void> {
  const { recipe, project } = await open(folder, options);
  const made = make(recipe);
  const changed = "type" in made ? edit(recipe, made) : made;
  await saveRecipe(project, changed, options.recipe);
  await finish(folder, changed, options);
}

async function finish(folder: string, recipe: LabelRecipe, options: LabelOptions): Promise<void> {
  const { recipe: file = null, network = null, provider, threads = null } = options;
  const sheet = options.preview
    ? await runWithProgress("labelPreview", { project: folder, recipe: file, network, provider, threads }, options)
    : undefined;
  show(recipe, sheet, options.json);
}

function show({ state, actions }: LabelRecipe, sheet: string | undefined, json: boolean): void {
  const ids = idTexts(state.classes);
  const rows = state.classes.map(({ name, color, clusters, background, split }, i) => [
    ids[i],
    name,
    color,
    `clusters ${clusters.join(", ")}`,
    [
      background ? "background" : "",
      split === null ? "" : split.kind === "left-right" ? "split left-right" : `split into ${split.count} areas`,
    ]
      .filter((s) => s !== "")
      .join(", "),
  ]);
  const lines = [
    `K = ${state.k}, ${labeller(state).classes.length} classes, ${actions.length} edit${actions.length === 1 ? "" : "s"}`,
    ...table(rows),
    ...(state.ignored.length > 0 ? [`255 ignored: clusters ${state.ignored.join(", ")}`] : []),
    ...(sheet === undefined ? [] : [`sheet   ${sheet}`]),
  ];
  print({ ...state, edits: actions.length, sheet: sheet ?? null }, lines, json);
}
