/** What each route of the table does. */
import { readdir } from "node:fs/promises";
import { basename } from "node:path";
import type { z } from "zod";
import { paletteOf } from "../dataset/labelMap.ts";
import { encodePng } from "../dataset/png.ts";
import { shippedNames } from "../project/network/shipped.ts";
import { portraitScenes } from "../project/paint/scenes.ts";
import { correctMask, maskSize } from "../project/segment/correct.ts";
import { packageVersion } from "../project/storage/versions.ts";
import { type Answer, type RouteName, type Run, routes, runKinds } from "./api.ts";
import { clusteringOf } from "./clusterings.ts";
import { datasetOf } from "./datasets.ts";
import type { IdleThread } from "./drawing/idleThread.ts";
import type { PaintCalls } from "./drawing/painters.ts";
import { optionsFor } from "./jobs/jobRequests.ts";
import type { Jobs } from "./jobs/jobs.ts";
import { extractorLabels, type LabelDesk, labelDesk } from "./labels.ts";
import { addPhoto } from "./photos.ts";
import { placeKind, RUNS } from "./places/kinds.ts";
import { modelPath } from "./places/models.ts";
import { placesOf } from "./places/places.ts";
import { folderOf, fileUrl as urlOfFile, type Workspace } from "./places/workspace.ts";
import { projectCache, projectSummary, reportOf } from "./projects.ts";
import { runOf } from "./runs.ts";
import { teachDesk, teachingOf } from "./teachings.ts";
import { readBytes } from "./web/bodies.ts";
import type { Events } from "./web/events.ts";
import { Refusal } from "./web/refusal.ts";

/** A route's work: it is given its query and body as the table has them. */
export type Handlers = {
  readonly [R in RouteName]: (
    query: z.output<(typeof routes)[R]["query"]>,
    body: (typeof routes)[R]["body"] extends z.ZodType
      ? z.output<(typeof routes)[R]["body"]>
      : ReadableStream<Uint8Array> | null,
  ) => Promise<Answer<R> | Response>;
};

/** What the routes work on. */
export interface Desk {
  readonly workspace: Workspace;
  readonly events: Events;
  readonly jobs: Jobs;
  /** Whether requests of jobs may name paths outside the workspace. */
  readonly outsidePaths: boolean;
  readonly painters: IdleThread<PaintCalls>;
}

/** The work of every route. */
export function handlersFor({ workspace, events, jobs, outsidePaths, painters }: Desk): Handlers {
  const openProjects = projectCache();
  const desks = { project: labelDesk(openProjects), teaching: teachDesk(), extractor: extractorLabels } as const;
  /** Whose labels they are, and where they lie. */
  const labelled = async (at: string): Promise<{ readonly folder: string; readonly desk: LabelDesk }> => {
    const folder = await folderOf(workspace, at, "project", "teaching", "extractor");
    return { folder, desk: desks[(await placeKind(folder)) as keyof typeof desks] };
  };
  const project = (at: string): Promise<string> => folderOf(workspace, at, "project");
  const dataset = (at: string): Promise<string> => folderOf(workspace, at, "dataset");
  return {
    async workspace() {
      const previews = new Set(jobs.list().flatMap(({ preview, at }) => (preview && at !== null ? [at] : [])));
      const places = (await placesOf(workspace)).filter(({ at }) => !previews.has(at));
      const { kind, prefix } = workspace;
      const taken = (await readdir(workspace.base).catch(() => [])).filter(workspace.admits);
      const opened = kind === "folder" ? places[0] : places.find(({ at }) => at === basename(workspace.folder));
      return {
        ...{ name: basename(workspace.folder), folder: workspace.folder, prefix, taken, places, outsidePaths },
        kind: kind === "folder" && places.length === 0 ? "empty" : kind,
        open: opened?.at ?? null,
        shipped: {
          generator: shippedNames("generator"),
          segmenter: shippedNames("segmenter"),
          painter: shippedNames("painter"),
        },
        version: packageVersion(),
      };
    },
    project: async ({ at }) => projectSummary(await project(at), at, openProjects),
    report: async ({ at }) =>
      new Response(await reportOf(await project(at)), {
        headers: { "content-type": "application/json; charset=utf-8" },
      }),
    async labels({ at }) {
      const { folder, desk } = await labelled(at);
      return desk.read(folder, at);
    },
    async editLabels({ at }, { edits, revision }) {
      const { folder, desk } = await labelled(at);
      const edited = await desk.edit(folder, at, edits, revision);
      events.send({ type: "labels", at, revision: edited.labels.revision });
      return edited;
    },
    teaching: async ({ at }) => teachingOf(await folderOf(workspace, at, "teaching"), at),
    jobs: async () => ({ jobs: [...jobs.list()] }),
    startJob: async (_, { kind, request, preview }) => jobs.start(kind, request, preview),
    async actOnJob(_, { id, action }) {
      await jobs.act(id, action);
      return { jobs: [...jobs.list()] };
    },
    jobOptions: async ({ kind }) => ({ options: optionsFor(kind) }),
    async run({ at }) {
      const folder = await folderOf(workspace, at, ...runKinds);
      return runOf(folder, at, (await placeKind(folder)) as Run["kind"]);
    },
    clustering: async ({ at }) => clusteringOf(await folderOf(workspace, at, "project"), at),
    dataset: async ({ at, ...asked }) => datasetOf(await dataset(at), at, asked),
    async painter({ model }) {
      const path = await modelPath(workspace, "painter", model);
      const { side, classes, encodes } = await painters.ask((calls) => calls.open(path));
      const run = (await placeKind(path)) === "painter";
      const fileUrl =
        path === model ? null : run ? urlOfFile(model, basename(RUNS.painter.network(path))) : urlOfFile(model);
      const scenes = portraitScenes(classes, side).map(({ name, mask }) => ({
        name,
        mask: Buffer.from(encodePng({ ...mask, palette: paletteOf(classes) })).toString("base64"),
      }));
      return { side, classes: [...classes], encodes, fileUrl, scenes };
    },
    async style({ model, otherwise }, body) {
      const path = await modelPath(workspace, "painter", model);
      const { side } = await painters.ask((calls) => calls.open(path));
      const area = side * side;
      const bytes = await readBytes(body, 5 * area);
      if (bytes.length !== 5 * area)
        throw new Refusal(
          400,
          `expected a picture of ${side} x ${side} RGBA and its mask, ${5 * area} bytes, got ${bytes.length}.`,
        );
      const [picture, mask] = [bytes.slice(0, 4 * area), bytes.slice(4 * area)];
      return { style: await painters.ask((calls) => calls.encode(path, picture, mask, otherwise)) };
    },
    addPhoto: (asked, body) => addPhoto(workspace, asked, body, routes.addPhoto.bytes),
    async saveMask({ at, name }, body) {
      const path = await dataset(at);
      const { width, height } = await maskSize(path, name);
      await correctMask(path, name, await readBytes(body, width * height));
      return { saved: true };
    },
  };
}
