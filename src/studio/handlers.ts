/** What each route of the table does. */
import { basename } from "node:path";
import type { z } from "zod";
import { correctMask, maskSize } from "../project/segment/correct.ts";
import { packageVersion } from "../project/storage/versions.ts";
import { type Answer, type RouteName, routes } from "./api.ts";
import { readBytes } from "./bodies.ts";
import { datasetOf } from "./datasets.ts";
import type { Events } from "./events.ts";
import { optionsFor } from "./jobRequests.ts";
import type { Jobs } from "./jobs.ts";
import { labelDesk } from "./labels.ts";
import { addPhoto } from "./photos.ts";
import { projectCache, projectSummary, reportOf } from "./projects.ts";
import { runOf } from "./runs.ts";
import { folderOf, placesOf, type Workspace } from "./workspace.ts";

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
}

/** The work of every route. */
export function handlersFor({ workspace, events, jobs, outsidePaths }: Desk): Handlers {
  const openProjects = projectCache();
  const labels = labelDesk(openProjects);
  const project = (at: string): Promise<string> => folderOf(workspace, at, "project");
  const dataset = (at: string): Promise<string> => folderOf(workspace, at, "dataset");
  return {
    async workspace() {
      const places = await placesOf(workspace);
      const { kind, prefix } = workspace;
      const opened = kind === "folder" ? places[0] : places.find(({ at }) => at === basename(workspace.folder));
      return {
        ...{ name: basename(workspace.folder), folder: workspace.folder, prefix, places, outsidePaths },
        kind: kind === "folder" && places.length === 0 ? "empty" : kind,
        open: opened?.at ?? null,
        shipped: ["portraits"],
        version: packageVersion(),
      };
    },
    project: async ({ at }) => projectSummary(await project(at), at, openProjects),
    report: async ({ at }) =>
      new Response(await reportOf(await project(at)), {
        headers: { "content-type": "application/json; charset=utf-8" },
      }),
    labels: async ({ at }) => labels.read(await project(at), at),
    async editLabels({ at }, { edits, revision }) {
      const edited = await labels.edit(await project(at), at, edits, revision);
      events.send({ type: "labels", at, revision: edited.labels.revision });
      return edited;
    },
    jobs: async () => ({ jobs: [...jobs.list()] }),
    startJob: async (_, { kind, request }) => jobs.start(kind, request),
    async actOnJob(_, { id, action }) {
      await jobs.act(id, action);
      return { jobs: [...jobs.list()] };
    },
    jobOptions: async ({ kind }) => ({ options: optionsFor(kind) }),
    async run({ at }) {
      const place = (await placesOf(workspace)).find((one) => one.at === at);
      const kind = place?.kind === "segmenter" ? "segmenter" : "gan";
      return runOf(await folderOf(workspace, at, kind), at, kind);
    },
    dataset: async ({ at, ...asked }) => datasetOf(await dataset(at), at, asked),
    addPhoto: (asked, body) => addPhoto(workspace, asked, body, routes.addPhoto.bytes),
    async saveMask({ at, name }, body) {
      const path = await dataset(at);
      const { width, height } = await maskSize(path, name);
      await correctMask(path, name, await readBytes(body, width * height));
      return { saved: true };
    },
  };
}
