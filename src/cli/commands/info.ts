import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { readCheckpoint } from "../../checkpoint/readCheckpoint.ts";
import { effectiveClusters, largestShare, type MergeTree } from "../../cluster/tree/mergeTree.ts";
import { GeneratorError } from "../../gan/errors.ts";
import { exportGraph } from "../../gan/exportNetwork.ts";
import type { GeneratorInfo, GeneratorOrigin, LatentDistribution } from "../../gan/generator.ts";
import { buildNetwork, looksLikeOnnx } from "../../gan/openGenerator.ts";
import { autoLayers } from "../../gan/selectLayers.ts";
import { printGraph } from "../../graph/print.ts";
import { simplify } from "../../graph/simplify.ts";
import { loadExplained } from "../../project/cluster/explained.ts";
import { clusterIdentity } from "../../project/cluster/identity.ts";
import { loadTree, openProject, type Project } from "../../project/cluster/project.ts";
import { loadExtractorSettings } from "../../project/extractor/settings.ts";
import { checkCut, loadRecipe } from "../../project/labels/recipeFile.ts";
import { networkFile, networkModel, openNetwork } from "../../project/network/network.ts";
import { latentOption } from "../../project/network/options.ts";
import { isTrainingRun, PAINTER_RUN, SEGMENTER_RUN } from "../../project/network/trainingRun.ts";
import { suggestedK } from "../../project/report/suggestedK.ts";
import { option, optional } from "../../project/requests/request.ts";
import { formatSeeds } from "../../project/requests/seeds.ts";
import { loadSettings } from "../../project/train/gan/settings.ts";
import { loadPainterSettings } from "../../project/train/painter/settings.ts";
import { loadSegmenterSettings } from "../../project/train/segmenter/settings.ts";
import { workerRuntime } from "../../runtime/node/workerRuntime.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { conclude, type NextStep, type OutputOptions, print } from "../run.ts";
import { openCommand, shellCommand } from "../shell.ts";
import { table } from "../table.ts";
import { extractorInfo, painterInfo, segmenterInfo, trainingInfo } from "../trainingInfo.ts";

/** What to show, and how an ONNX generator is tried. */
const infoRequest = z.strictObject({
  latent: latentOption,
  graph: option(z.boolean().default(false), "--graph", "print the generator's nodes, as they are run"),
  k: option(optional(z.int().min(2)), "--k <k>", "show the clusters of a project at this K", {
    otherwise: "the suggested one",
  }),
});

/** klish info: what a file, a project folder or a training run holds. */
export function addInfo(program: Command): void {
  const info = program
    .command("info")
    .summary("show what a generator, a project folder or a training run holds")
    .description(
      "Shows a generator's family, sizes and layers (those of the paper's rule marked), or the state of a project or a training run.",
    )
    .argument("<file>", "a generator (.onnx or official .pkl), or the folder of a project or a training run");
  withOutput(withOptions(info, infoRequest)).action(async (file: string, options: OutputOptions) => {
    const { latent, graph, k } = requestOf(info, infoRequest);
    if (graph) return printNetwork(file, options.json ?? false);
    const folder = await stat(file).then(
      (s) => s.isDirectory(),
      () => false,
    );
    if (!folder) return networkInfo(file, latent, options);
    if (await isTrainingRun(file, SEGMENTER_RUN)) {
      const segmenter = await loadSegmenterSettings(file);
      if (segmenter !== undefined) return segmenterInfo(file, segmenter, options);
    }
    const extractor = await loadExtractorSettings(file);
    if (extractor !== undefined) return extractorInfo(file, extractor, options);
    if (await isTrainingRun(file, PAINTER_RUN)) {
      const painter = await loadPainterSettings(file);
      if (painter !== undefined) return painterInfo(file, painter, options);
    }
    const training = await loadSettings(file);
    if (training !== undefined) return trainingInfo(file, training, options);
    if (existsSync(join(file, "project.json"))) return projectInfo(file, k, options);
    // Whatever else a folder is, the message says what to do with it.
    await networkFile(file);
  });
}

async function networkInfo(file: string, latent: LatentDistribution, options: OutputOptions): Promise<void> {
  const { generator, sha256 } = await openNetwork(file, {
    runtime: workerRuntime(),
    provider: "cpu",
    latent,
    mayVary: true,
  });
  const { info } = generator;
  await generator.dispose();
  const auto = info.layers.length > 0 ? autoLayers(info.layers) : { layers: [], reason: "there is none" };
  const rows = [
    ["family", info.family],
    [
      "image",
      `${info.imageChannels} x ${info.resolution} x ${info.resolution}, values in [${info.imageRange.join(", ")}]`,
    ],
    ...(info.zDim > 0 ? [["z", `${info.zDim}, ${info.latent === "normal" ? "N(0,1)" : "U(-1,1)"}`]] : []),
    ...(info.wDim > 0 ? [["w", `${info.wDim}, for ${info.numWs} layers`]] : []),
    ...(info.cDim > 0 ? [["classes", `${info.cDim}`]] : []),
    ["sha256", sha256],
    ...(info.origin === undefined ? [] : originRows(info.origin)),
    ...(info.notes ?? []).map((note, i) => [i === 0 ? "notes" : "", note]),
  ];
  const layers = info.layers.map((l) => [
    auto.layers.includes(l) ? "*" : " ",
    `${l.resolution}x${l.resolution}`,
    `${l.channels} channels`,
    l.name,
  ]);
  const lines = [...table(rows), "", `layers, * = ${auto.reason}:`, ...table(layers)];
  conclude({ ...info, sha256, autoLayers: auto.layers.map((l) => l.name) }, lines, options, nextFor(file, info));
}

/** What a generator is of use for: not every one makes images of seeds, or the same ones again. */
function nextFor(file: string, { zDim, cDim, varies }: GeneratorInfo): NextStep[] {
  if (zDim === 0) return [];
  const chosen = cDim > 0 ? ["--class", "0"] : [];
  const draw = shellCommand("generate", "--network", file, ...chosen, "--seeds", "0-15", "--outdir", "images");
  const parts = shellCommand("cluster", "--network", file, ...chosen, "--outdir", "parts");
  return [[draw, "see what it draws"], ...(varies === undefined ? [[parts, "find its parts"] as const] : [])];
}

/** The whole generator, z to image, with its constants folded. */
async function printNetwork(file: string, json: boolean): Promise<void> {
  const { bytes } = await networkModel(file);
  if (looksLikeOnnx(bytes))
    throw new GeneratorError(`${file} is an ONNX model: any ONNX viewer shows its nodes; --graph is for checkpoints`);
  const text = printGraph(simplify(exportGraph(buildNetwork(readCheckpoint(bytes), file))));
  print({ graph: text.trimEnd().split("\n") }, text.trimEnd().split("\n"), json);
}

/** Where the weights are from, what had no use, and whose terms may bind them. */
function originRows({ format, source, network, ignored }: GeneratorOrigin): string[][] {
  const list = `${ignored.slice(0, 4).join(", ")}${ignored.length > 4 ? ", …" : ""}`;
  return [
    ["file", `${format}, names of ${source}${network === "" ? "" : `, network ${network}`}`],
    ["ignored", ignored.length === 0 ? "nothing" : `${ignored.length} tensors without part in images: ${list}`],
    ["licence", "the file does not say; NVIDIA's official weights are for non-commercial use"],
  ];
}

async function projectInfo(folder: string, asked: number | null, options: OutputOptions): Promise<void> {
  const project = await openProject(folder);
  const tree = await loadTree(project);
  const { settings, complete, family, command } = project.file;
  const rows = [
    ["generator", `${settings.network} (${family})`],
    ["seeds", `${formatSeeds(settings.seeds)} (${settings.seeds.length} images)`],
    ["layers", settings.layers.join(", ")],
    ["clustered at", `${settings.resolution}x${settings.resolution}, stride ${settings.pixelStride}`],
    ["state", complete ? "finished" : `not finished; continue with: ${command}`],
  ];
  const explained = tree === undefined ? undefined : await loadExplained(project, tree);
  const steps = (tree?.steps ?? []).map(({ k, iou, sizes }, i) => ({
    k,
    minIou: Math.min(...iou),
    largestShare: largestShare(sizes),
    effectiveClusters: effectiveClusters(sizes),
    r2rel: explained?.[i].r2rel ?? null,
  }));
  const shown = steps.filter(({ k }, i) => i === 0 || i === steps.length - 1 || k <= 10 || k % 10 === 0);
  const clusters = [
    ["K", "lowest IoU", "largest share", "effective clusters", "R2rel"],
    ...shown.map((s) => [
      String(s.k),
      s.minIou.toFixed(3),
      `${(s.largestShare * 100).toFixed(1)} %`,
      s.effectiveClusters.toFixed(1),
      s.r2rel === null ? "?" : s.r2rel.toFixed(2),
    ]),
  ];
  const open: NextStep[] = complete ? [] : [[command, "continue"]];
  if (tree === undefined)
    return conclude({ ...project.file, steps }, [...table(rows), "", "not clustered yet"], options, open);
  const suggested = await suggestedK(project, tree);
  const k = asked ?? suggested;
  checkCut(tree, k);
  const parts = await clustersAt(project, tree, k);
  const list = [
    ["cluster", "colour", "area", "IoU", "class"],
    ...parts.map((c) => [`#${c.id}`, c.color, `${(100 * c.share).toFixed(1)} %`, c.iou.toFixed(3), c.class ?? ""]),
  ];
  const next: NextStep[] = [
    [openCommand(join(folder, "report.html")), "in a browser: the parts at every K"],
    [shellCommand("label", "cut", folder, String(suggested)), "choose a K; then give its parts names"],
  ];
  conclude(
    { ...project.file, steps, suggestedK: suggested, k, clusters: parts },
    [
      ...table(rows),
      "",
      ...table(clusters),
      "",
      `clusters at K = ${k}${k === suggested ? ", as suggested" : ` (suggested: ${suggested})`}`,
      ...table(list),
    ],
    options,
    complete ? next : open,
  );
}

/** The clusters at `k`, the largest first, as the report shows them; `class` is what they are labelled, where labels are of this K. */
async function clustersAt(project: Project, tree: MergeTree, k: number) {
  const { hierarchy, colors } = await clusterIdentity(project, tree);
  const step = tree.steps[tree.initialClusters - k];
  const labels = (await loadRecipe(project, tree))?.state;
  const classOf = (c: number): string | null =>
    labels?.k === k ? (labels.classes.find(({ clusters }) => clusters.includes(c))?.name ?? "ignored") : null;
  return Array.from(hierarchy.aliveAt(k), (id, c) => ({
    id,
    color: colors[id],
    share: step.sizes[c] / tree.pixels,
    iou: step.iou[c],
    class: classOf(c),
  })).sort((a, b) => b.share - a.share || a.id - b.id);
}
