/** Requests to the studio's server, typed by its contract. */
import type {
  Answer,
  ApiError,
  Body,
  Job,
  PaintQuery,
  Query,
  RouteName,
  routes,
  StartJob,
  StudioJob,
} from "../../src/studio/api.ts";

type Routes = typeof routes;

/** The contract's own addresses: its schemas would bring a library with them that the page has no use for. */
const ADDRESSES: { readonly [R in RouteName]: readonly [Routes[R]["method"], Routes[R]["path"]] } = {
  workspace: ["GET", "/api/workspace"],
  project: ["GET", "/api/project"],
  report: ["GET", "/api/report"],
  labels: ["GET", "/api/labels"],
  editLabels: ["POST", "/api/labels"],
  teaching: ["GET", "/api/teaching"],
  jobs: ["GET", "/api/jobs"],
  startJob: ["POST", "/api/jobs"],
  actOnJob: ["POST", "/api/jobs/act"],
  jobOptions: ["GET", "/api/jobs/options"],
  run: ["GET", "/api/run"],
  clustering: ["GET", "/api/clustering"],
  dataset: ["GET", "/api/dataset"],
  painter: ["GET", "/api/painter"],
  style: ["POST", "/api/style"],
  addPhoto: ["POST", "/api/photo"],
  saveMask: ["POST", "/api/mask"],
};

/** An answer that is not the one that was asked for; its message is a sentence to be shown. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Sends a request. Throws Refused for an answer that is not 2xx. */
async function send(
  path: string,
  query: Readonly<Record<string, string | number | undefined>>,
  init: RequestInit,
): Promise<Response> {
  const words = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
  let response: Response;
  try {
    response = await fetch(words.size === 0 ? path : `${path}?${words}`, init);
  } catch {
    throw new Refused(0, "The studio does not answer: is `klish studio` still running?");
  }
  if (response.ok) return response;
  const text = await response.text();
  throw new Refused(response.status, messageOf(text) ?? `The studio answered ${response.status}.`);
}

const BYTES = { "content-type": "application/octet-stream" };

/** Asks for what a route answers. `body` is sent as JSON, or as it is where it is bytes. Throws Refused. */
export async function ask<R extends RouteName>(
  route: R,
  query: Query<R>,
  body: Body<R> | Blob | Uint8Array<ArrayBuffer> | null = null,
): Promise<Answer<R>> {
  const [method, path] = ADDRESSES[route];
  const bytes = body instanceof Blob || body instanceof Uint8Array;
  const sent = body !== null && {
    body: bytes ? body : JSON.stringify(body),
    headers: bytes ? BYTES : { "content-type": "application/json" },
  };
  const response = await send(path, query as Record<string, string | number | undefined>, { method, ...sent });
  return (await response.json()) as Answer<R>;
}

/** A file or picture of the server. Throws Refused. */
export async function fetchBytes(
  path: string,
  query: Readonly<Record<string, string | number | undefined>> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await send(path, query, {})).arrayBuffer());
}

/** A painter's picture of a mask, PNG. Throws Refused. */
export async function paint(query: PaintQuery, mask: Uint8Array<ArrayBuffer>): Promise<Blob> {
  return (await send("/api/paint", query, { method: "POST", body: mask, headers: BYTES })).blob();
}

function messageOf(text: string): string | null {
  try {
    return (JSON.parse(text) as ApiError).message;
  } catch {
    return null;
  }
}

/** Starts a job; its request is typed by its kind. Throws Refused. */
export const start = <J extends StudioJob>(
  kind: J,
  request: StartJob<J>["request"],
  { preview = false }: Pick<StartJob, "preview"> = {},
): Promise<Job> => ask("startJob", {}, { kind, request: request as Record<string, unknown>, preview });

/** What went wrong, as a sentence. */
export const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error));
