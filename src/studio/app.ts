/** The studio's addresses: who is let in, what is read of a request, and what answers it. */
import { Hono } from "hono";
import type { z } from "zod";
import { plainIssues } from "../text/issues.ts";
import { maskQuery, paintQuery, pictureQuery, type Route, type RouteName, routes } from "./api.ts";
import type { IdleThread } from "./drawing/idleThread.ts";
import { LABELS_CHANGED, type PictureCalls } from "./drawing/pictures.ts";
import { type Desk, handlersFor } from "./handlers.ts";
import { modelPath } from "./places/models.ts";
import { folderOf, pathWithin } from "./places/workspace.ts";
import { type Asker, type Session, type Standing, sameSecret, standingOf, type ticketOffice } from "./web/access.ts";
import { readBytes, readJson, refuseLarge } from "./web/bodies.ts";
import { entrance, strangerPage } from "./web/entrance.ts";
import { FILE_POLICY, fileAnswer, PAGE_POLICY, pageFile } from "./web/files.ts";
import { Refusal, refusalOf } from "./web/refusal.ts";

/** What the addresses work on. */
export interface AppOptions extends Desk {
  readonly pictures: IdleThread<PictureCalls>;
  readonly session: Session;
  readonly tickets: ReturnType<typeof ticketOffice>;
  /** Whether a Host header names this server. */
  readonly isOwn: (host: string | undefined) => boolean;
  /** The folder of the built page. */
  readonly page: string;
}

/** JSON that a page sends, in bytes. */
const MOST_JSON = 1_000_000;

/** Of answers that no page is made of. */
const NO_PAGE = "default-src 'none'";

type Json = Record<string, unknown>;
type App = Hono<{ Variables: { standing: Standing } }>;

/** All addresses. */
export function studioApp(options: AppOptions): App {
  const { workspace, events, pictures, painters, session, tickets, page } = options;
  const app: App = new Hono();
  app.use(async (context, next) => {
    const { req } = context;
    const header = (name: string): string | undefined => req.header(name);
    const asker: Asker = {
      ...{ method: req.method, host: header("host"), origin: header("origin"), site: header("sec-fetch-site") },
      ...{ cookie: header("cookie"), authorization: header("authorization") },
    };
    if (!options.isOwn(asker.host))
      throw new Refusal(403, "this is not the address of the studio: open the one that `klish studio` printed.");
    const standing = standingOf(asker, session);
    context.set("standing", standing);
    const isPage = req.method === "GET" && !/^\/(api|files)(\/|$)/.test(req.path);
    // A link from elsewhere may lead to the page, which shows nothing by itself.
    if (standing === "foreign" && !(isPage && asker.origin === undefined))
      throw new Refusal(403, "requests of other pages are refused.");
    if (standing === "stranger" && !isPage)
      throw new Refusal(401, "this needs the studio's session: open the address that `klish studio` printed.");
    await next();
    secure(context.res.headers);
  });
  app.onError((error) => {
    const { status, body } = refusalOf(error);
    const answer = Response.json(body, { status });
    // What was not read of a body that is too large must not be taken for the next request.
    if (status === 413) answer.headers.set("connection", "close");
    secure(answer.headers);
    return answer;
  });
  app.notFound(() => {
    throw new Refusal(404, "there is nothing at this address.");
  });

  const handlers = handlersFor(options);
  for (const [name, route] of Object.entries(routes) as [RouteName, Route][]) {
    const handle = handlers[name] as (query: Json, body: unknown) => Promise<unknown>;
    app.on(route.method, route.path, async (context) => {
      const query = checked(route.query, context.req.query()) as Json;
      const answer = await handle(query, await bodyOf(route, context.req.raw));
      return answer instanceof Response ? answer : Response.json(answer);
    });
  }
  app.get("/api/picture", async ({ req }) => {
    const { at, seed } = checked(pictureQuery, req.query());
    const folder = await folderOf(workspace, at, "project", "teaching");
    return png(await pictures.ask((calls) => calls.picture(folder, seed)));
  });
  app.get("/api/mask", async ({ req }) => {
    const { at, seed, k, revision } = checked(maskQuery, req.query());
    const folder = await folderOf(workspace, at, "project", "teaching");
    const asked = pictures.ask((calls) => calls.mask(folder, seed, k ?? null, revision ?? null));
    const mask = await asked.catch((error: Error) => {
      if (error.name === LABELS_CHANGED) return undefined;
      throw error;
    });
    // Nothing is wrong: strokes follow each other sooner than their masks, and browsers tell of refusals as of faults.
    if (mask === undefined) return new Response(null, { status: 204 });
    // Of the labels, whichever they are, another mask is asked for by the same address.
    return k === undefined && revision === undefined ? png(mask, "no-store") : png(mask);
  });
  app.post("/api/paint", async ({ req }) => {
    const { model, style } = checked(paintQuery, req.query());
    const path = await modelPath(workspace, "painter", model);
    const { side } = await painters.ask((calls) => calls.open(path));
    refuseLarge(req.raw.headers, side * side);
    const mask = await readBytes(req.raw.body, side * side);
    return png(await painters.ask((calls) => calls.paint(path, mask, style)), "no-store");
  });
  app.get("/api/events", ({ req }) => {
    const lastId = req.header("last-event-id") ?? req.query("lastEventId");
    return new Response(events.stream(lastId), { headers: { "content-type": "text/event-stream; charset=utf-8" } });
  });
  app.get("/files/*", async ({ req }) =>
    fileAnswer(await pathWithin(workspace, pathOf(req.url, "/files/")), req.raw.headers, FILE_POLICY),
  );
  app.get("*", async ({ req, get }) => {
    const { token, cookie } = session;
    const given = req.query("token");
    const admitted = (given !== undefined && sameSecret(given, token)) || tickets.take(req.query("ticket"));
    if (req.path === "/" && admitted) return entrance(cookie);
    const standing = get("standing");
    if (req.path === "/" && standing !== "page" && standing !== "program") return strangerPage();
    const file = await pageFile(page, pathOf(req.url, "/"));
    if (file === undefined) throw new Refusal(404, "there is nothing at this address.");
    return fileAnswer(file, req.raw.headers, PAGE_POLICY);
  });
  return app;
}

/** What every answer says: for pages of this server alone, of the type that it is, and not kept, unless it says otherwise. */
function secure(headers: Headers): void {
  headers.set("x-content-type-options", "nosniff");
  headers.set("referrer-policy", "no-referrer");
  headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("cross-origin-resource-policy", "same-origin");
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  if (!headers.has("content-security-policy")) headers.set("content-security-policy", NO_PAGE);
}

/** A picture; what one shows is named by its address, unless it is painted. */
const png = (bytes: Uint8Array, cache = "private, max-age=3600"): Response =>
  new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { "content-type": "image/png", "cache-control": cache } });

/** The path after `prefix` as it was meant: each part decoded once. Throws Refusal where it is no text. */
function pathOf(url: string, prefix: string): string {
  const { pathname } = new URL(url);
  try {
    return pathname
      .slice(prefix.length)
      .split("/")
      .map((part) => {
        const text = decodeURIComponent(part);
        if (text.includes("/")) throw new URIError("a part of a path");
        return text;
      })
      .join("/");
  } catch {
    throw new Refusal(404, "there is nothing at this address.");
  }
}

function checked<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (!result.success) throw new Refusal(400, plainIssues(result.error, value));
  return result.data;
}

async function bodyOf({ body, bytes, method }: Route, { body: stream, headers }: Request): Promise<unknown> {
  if (method === "GET") return null;
  refuseLarge(headers, bytes ?? MOST_JSON);
  if (body === null) return stream;
  if (!/^application\/json\b/i.test(headers.get("content-type") ?? ""))
    throw new Refusal(400, "the request's body should be JSON (content-type: application/json).");
  return checked(body, await readJson(stream, MOST_JSON));
}
