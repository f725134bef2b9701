import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as ask } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jobs } from "../../src/project/jobs/jobs.ts";
import { type Answer, apiError, type Body, type Query, type RouteName, routes, urlOf } from "../../src/studio/api.ts";
import type { RunJob } from "../../src/studio/jobs/jobs.ts";
import { type Studio, type StudioOptions, startStudio } from "../../src/studio/server.ts";

/** Jobs in this thread: a worker for each would take seconds. */
export const inThisThread = ((name, request, job) =>
  (jobs[name] as (request: unknown, job: unknown) => Promise<unknown>)(request, job ?? {})) as RunJob;

/** A studio with a page of one line, as a browser with a session sees it. */
export interface OpenedStudio extends Studio {
  readonly origin: string;
  /** The cookie's header. */
  readonly cookie: string;
  /** Any request, with the session and as from the studio's own page, unless `headers` say otherwise. */
  fetch(path: string, options?: RequestInit): Promise<Response>;
  /** A route of the table; throws "status: message" where it is refused. */
  call<R extends RouteName>(route: R, query: Query<R>, body?: Body<R> | Uint8Array): Promise<Answer<R>>;
}

/** Starts one on a free port. `close` takes the files with it that are not in `folder`. */
export async function openStudio(folder: string, options: Partial<StudioOptions> = {}): Promise<OpenedStudio> {
  const page = await mkdtemp(join(tmpdir(), "klish-page-"));
  await writeFile(join(page, "index.html"), "<!doctype html><title>studio</title>");
  await mkdir(join(page, "assets"));
  await writeFile(join(page, "assets", "studio.js"), "1;");
  process.env["KLISH_CACHE"] = join(page, "cache");
  const studio = await startStudio({ folder, page, run: inThisThread, ...options });
  const origin = `http://127.0.0.1:${studio.port}`;
  const entered = await fetch(studio.url);
  const [cookie] = (entered.headers.get("set-cookie") ?? "").split(";");
  const send = (path: string, { headers, ...init }: RequestInit = {}): Promise<Response> =>
    fetch(origin + path, { ...init, headers: { cookie, origin, ...(headers as Record<string, string>) } });
  return {
    ...studio,
    ...{ origin, cookie, fetch: send },
    async call(name, query, body) {
      const { method, path } = routes[name];
      const json = body === undefined || body instanceof Uint8Array ? undefined : JSON.stringify(body);
      const response = await send(urlOf(path, query as Record<string, string>), {
        method,
        ...(body !== undefined && { body: (json ?? body) as string | Uint8Array<ArrayBuffer> }),
        ...(json !== undefined && { headers: { "content-type": "application/json" } }),
      });
      const answer: unknown = await response.json();
      if (!response.ok) throw new Error(`${response.status}: ${apiError.parse(answer).message}`);
      return routes[name].answer.parse(answer) as Answer<typeof name>;
    },
    async close() {
      await studio.close();
      await rm(page, { recursive: true, force: true });
    },
  };
}

/** A request as fetch does not send it: with any Host, and a path that nobody normalised. */
export function rawRequest(
  port: number,
  { path, headers, method = "GET" }: { path: string; headers: Record<string, string>; method?: string },
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const asking = ask({ host: "127.0.0.1", port, path, method, headers, setHost: !("host" in headers) }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (piece: string) => {
        text += piece;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    asking.on("error", reject);
    asking.end();
  });
}
