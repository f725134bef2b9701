/** What a page may ask of a job: its own schema, with paths that stay where they belong; and its options, for forms. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { z } from "zod";
import { autoRequest } from "../../project/auto/options.ts";
import { clusterRequest, reportRequest } from "../../project/cluster/options.ts";
import { checkRequest, datasetRequest, exportRequest, verifyRequest } from "../../project/dataset/options.ts";
import { editRequest, editStepRequest } from "../../project/edits/options.ts";
import { generateRequest } from "../../project/generate/options.ts";
import { applyLabelsRequest, labelPreviewRequest } from "../../project/labels/options.ts";
import { isUrl } from "../../project/network/address.ts";
import { paintPageRequest } from "../../project/paint/options.ts";
import { portraitsRequest } from "../../project/portraits/options.ts";
import { bare, choicesOf, defaultOf, optionsOf, readRequest } from "../../project/requests/request.ts";
import { segmentRequest } from "../../project/segment/options.ts";
import { teachRequest } from "../../project/teach/options.ts";
import { trainExtractorRequest } from "../../project/train/extractor/options.ts";
import { trainGanRequest } from "../../project/train/gan/options.ts";
import { trainPainterRequest } from "../../project/train/painter/options.ts";
import { trainSegmenterRequest } from "../../project/train/segmenter/options.ts";
import { shellWord } from "../../text/escape.ts";
import type { JobOption, StudioJob } from "../api.ts";
import { type ModelKind, namesShipped } from "../places/models.ts";
import { newPathWithin, pathWithin, type Workspace } from "../places/workspace.ts";
import { Refusal } from "../web/refusal.ts";

/** A job's request, and which of its members are paths, by their names from the request down. */
interface Asked {
  readonly schema: z.ZodObject;
  /** The folder that it makes or changes; the first that is given says which place that is. */
  readonly writes: readonly string[];
  /** What it reads: a path, or a list of them. */
  readonly reads: readonly string[];
}

/** What has this machine speak to others: commands may ask for it, pages may not. */
const OTHER_MACHINES = { queue: true, root: true } as const;

/** Every job that a page may start. `tests/studio/jobRequests.test.ts` asks of each member that is a text what it is. */
export const asked: Readonly<Record<StudioJob, Asked>> = {
  cluster: { schema: clusterRequest.omit(OTHER_MACHINES), writes: ["outdir"], reads: ["network", "images"] },
  report: { schema: reportRequest, writes: ["outdir"], reads: ["network"] },
  auto: { schema: autoRequest, writes: ["outdir"], reads: ["data", "start"] },
  autoPlan: { schema: autoRequest, writes: ["outdir"], reads: ["data", "start"] },
  editStep: { schema: editStepRequest, writes: ["project"], reads: ["network", "action.from"] },
  edit: { schema: editRequest, writes: ["outdir"], reads: ["project", "network"] },
  teach: { schema: teachRequest, writes: ["outdir"], reads: ["network"] },
  labelApply: { schema: applyLabelsRequest, writes: ["project", "recipe"], reads: ["network", "from"] },
  labelPreview: { schema: labelPreviewRequest, writes: ["project", "recipe"], reads: ["network"] },
  dataset: {
    schema: datasetRequest.omit({ ...OTHER_MACHINES, upload: true }),
    writes: ["outdir"],
    reads: ["projects", "recipes", "agree", "network"],
  },
  datasetExport: { schema: exportRequest, writes: ["outdir"], reads: ["from"] },
  datasetVerify: { schema: verifyRequest, writes: [], reads: ["dataset", "projects", "network"] },
  datasetCheck: { schema: checkRequest, writes: ["fix"], reads: ["folder"] },
  segment: { schema: segmentRequest.omit(OTHER_MACHINES), writes: ["outdir"], reads: ["model.file", "images"] },
  trainGan: { schema: trainGanRequest, writes: ["outdir"], reads: ["data", "resume"] },
  trainGanPlan: { schema: trainGanRequest, writes: ["outdir"], reads: ["data", "resume"] },
  trainSegmenter: { schema: trainSegmenterRequest, writes: ["outdir"], reads: ["data", "resume", "unlabelled"] },
  trainSegmenterPlan: { schema: trainSegmenterRequest, writes: ["outdir"], reads: ["data", "resume", "unlabelled"] },
  trainPainter: { schema: trainPainterRequest, writes: ["outdir"], reads: ["data", "resume", "vgg"] },
  trainPainterPlan: { schema: trainPainterRequest, writes: ["outdir"], reads: ["data", "resume", "vgg"] },
  trainExtractor: { schema: trainExtractorRequest, writes: ["outdir"], reads: ["network", "masks", "resume"] },
  trainExtractorPlan: { schema: trainExtractorRequest, writes: ["outdir"], reads: ["network", "masks", "resume"] },
  portraits: { schema: portraitsRequest, writes: ["outdir"], reads: [] },
  paintPage: { schema: paintPageRequest, writes: ["outdir"], reads: ["model", "scenes"] },
  generate: { schema: generateRequest, writes: ["outdir"], reads: ["network", "projectedW"] },
};

/** A request that may run. */
export interface Admitted {
  /** With its defaults left out, and paths of the disk. */
  readonly request: Record<string, unknown>;
  /** The place that it makes or changes. */
  readonly at: string | null;
}

/**
 * The request with paths of the disk. Throws Refusal that names each member that is wrong, or a path that may not be: what is written is in
 * the workspace; what is read too, unless `outsidePaths`, where the user may name anything on this machine.
 */
export async function admit(
  workspace: Workspace,
  kind: StudioJob,
  given: Readonly<Record<string, unknown>>,
  outsidePaths: boolean,
): Promise<Admitted> {
  const { schema, writes, reads } = asked[kind];
  const request = structuredClone(given) as Record<string, unknown>;
  const wrong = readRequest(schema, request);
  if (Array.isArray(wrong)) {
    const lines = wrong.map(({ path, message }) => `${path.join(".") || "the request"}: ${message}`);
    throw new Refusal(400, lines.join("; "));
  }
  let at: string | null = null;
  for (const name of writes)
    await changePaths(request, name, (path) => {
      at ??= path;
      return newPathWithin(workspace, path);
    });
  for (const name of reads)
    await changePaths(request, name, async (path) => {
      const model = Object.hasOwn(MODELS, name) ? MODELS[name] : undefined;
      const shipped = model !== undefined && (await namesShipped(workspace, model, path));
      return shipped ? path : readPath(workspace, path, outsidePaths);
    });
  if (kind.startsWith("train")) {
    // A run that is continued is written where it lies.
    const { outdir, resume } = given as { readonly outdir?: string | null; readonly resume?: string | null };
    if ((outdir ?? null) === null && typeof resume === "string") {
      await pathWithin(workspace, resume);
      at = resume;
    }
  }
  if ("command" in schema.shape) request["command"] = `klish studio ${shellWord(workspace.folder)}`;
  return { request, at };
}

/** Replaces the path, or each of the paths, at a dotted name; what is no text (a number of images, null) stays. */
async function changePaths(
  request: Record<string, unknown>,
  name: string,
  change: (path: string) => Promise<string>,
): Promise<void> {
  const names = name.split(".");
  const last = names.pop()!;
  const holder = names.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], request);
  if (typeof holder !== "object" || holder === null) return;
  const values = holder as Record<string, unknown>;
  const value = values[last];
  if (typeof value === "string") values[last] = await change(value);
  else if (Array.isArray(value))
    values[last] = await Promise.all(value.map((one) => (typeof one === "string" ? change(one) : one)));
}

/** Members that may name a model of the package, and of which kind. Any other means a place, and one may be called "portraits", too. */
const MODELS: Readonly<Record<string, ModelKind>> = {
  network: "generator",
  start: "generator",
  "model.file": "segmenter",
  model: "painter",
};

/** A path that is read. As it is typed on this machine: from the home folder, from the workspace, or from where klish was started. */
async function readPath(workspace: Workspace, path: string, outsidePaths: boolean): Promise<string> {
  if (isUrl(path)) return path;
  if (!outsidePaths) {
    if (!isAbsolute(path)) return pathWithin(workspace, path);
    throw new Refusal(
      403,
      `${path} lies outside the opened folder, and this studio serves other machines: put it into the folder, or open the studio without --host.`,
    );
  }
  if (/^~[\\/]/.test(path)) return join(homedir(), path.slice(2));
  if (isAbsolute(path)) return resolve(path);
  const within = await pathWithin(workspace, path).catch(() => undefined);
  return within !== undefined && existsSync(within) ? within : resolve(path);
}

/** The options of a job, in the order of the command's help. */
export function optionsFor(kind: StudioJob): JobOption[] {
  return optionsOf(asked[kind].schema).map(({ path, flag, help, group = "", schema, otherwise = "", required }) => {
    const inner = bare(schema);
    const number = inner instanceof z.ZodNumber ? inner : undefined;
    return {
      ...{ path: [...path], flag, help, group, otherwise },
      type: typeOf(inner),
      choices: [...choicesOf(schema)],
      minimum: bound(number?.minValue),
      maximum: bound(number?.maxValue),
      default: defaultOf(schema) ?? null,
      required: required === "always",
    };
  });
}

/** Integers are bounded by what a number holds exactly: that is no bound to be told. */
const bound = (value: number | null | undefined): number | null =>
  value === null || value === undefined || Math.abs(value) >= Number.MAX_SAFE_INTEGER || !Number.isFinite(value)
    ? null
    : value;

function typeOf(schema: z.ZodType): JobOption["type"] {
  if (schema instanceof z.ZodNumber) return schema.isInt ? "integer" : "number";
  if (schema instanceof z.ZodBoolean) return "switch";
  if (schema instanceof z.ZodEnum) return "choice";
  if (schema instanceof z.ZodString) return "text";
  if (schema instanceof z.ZodArray) return bare(schema.element as z.ZodType) instanceof z.ZodEnum ? "choices" : "list";
  return "other";
}
