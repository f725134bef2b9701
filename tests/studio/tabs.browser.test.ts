/** Many tabs of one studio, and pages of others, in Chromium: what the browser itself sends, and what it keeps back. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { handmadeDataset } from "../project/dataset/handmade.ts";
import { labelledProject } from "../project/dataset/project.ts";
import { built, hasChromium, launch } from "../site.ts";
import { type OpenedStudio, openStudio } from "./openStudio.ts";

if (!hasChromium) console.warn("studio/tabs.browser.test: skipped, there is no Chromium");

describe.skipIf(!hasChromium)("a studio in a browser", () => {
  let folder: string;
  let studio: OpenedStudio;
  let browser: Browser;
  let context: BrowserContext;
  let foreign: Server;
  let foreignOrigin: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-tabs-"));
    await handmadeDataset(join(folder, "first"));
    studio = await openStudio(folder, { page: built.studio });
    browser = await launch();
    context = await browser.newContext();
    foreign = createServer((_, answer) => answer.setHeader("content-type", "text/html").end("<title>foreign</title>"));
    await new Promise<void>((resolve) => foreign.listen(0, "127.0.0.1", resolve));
    foreignOrigin = `http://127.0.0.1:${(foreign.address() as AddressInfo).port}`;
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await studio?.close();
    foreign?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("lets a browser in by its ticket, and more tabs than a browser has connections agree", async () => {
    const [first, ...others] = await Promise.all(Array.from({ length: 9 }, () => context.newPage()));
    await first.goto(studio.ticket());
    await first.waitForURL(`${studio.origin}/`);
    for (const tab of others) await tab.goto(`${studio.origin}/`);
    const tabs = [first, ...others];
    for (const tab of tabs) await tab.getByText("first", { exact: true }).waitFor();
    await studio.call("startJob", {}, { kind: "portraits", request: { outdir: "second", count: 1, resolution: 8 } });
    for (const tab of tabs) await tab.getByText("second", { exact: true }).first().waitFor();
    // The tab that listened for all is closed: another goes on.
    await first.close();
    await studio.call("startJob", {}, { kind: "portraits", request: { outdir: "third", count: 1, resolution: 8 } });
    for (const tab of others) await tab.getByText("third", { exact: true }).first().waitFor();
    for (const tab of others.slice(1)) await tab.close();
  });

  it("gives a page of another port nothing, though the browser has the session", async () => {
    const page = await context.newPage();
    await page.goto(foreignOrigin);
    const tried = (await page.evaluate(`(async () => {
      const to = ${JSON.stringify(studio.origin)};
      const found = {};
      const keep = async (name, what) => { found[name] = await what().catch(() => "refused"); };
      const options = { credentials: "include" };
      await keep("read", async () => (await fetch(to + "/api/workspace", options)).status);
      await keep("blind", async () => (await fetch(to + "/api/workspace", { ...options, mode: "no-cors" })).type);
      await keep("post", async () => (await fetch(to + "/api/jobs", { ...options, mode: "no-cors", method: "POST",
        body: JSON.stringify({ kind: "portraits", request: { outdir: "stolen", count: 1 } }) })).type);
      await keep("picture", () => new Promise((done, fail) => {
        const image = new Image();
        image.onload = () => done("seen");
        image.onerror = fail;
        image.src = to + "/files/first/images/seed000000.png";
      }));
      await keep("events", () => new Promise((done, fail) => {
        const source = new EventSource(to + "/api/events", { withCredentials: true });
        source.onopen = () => done("heard");
        source.onerror = fail;
      }));
      await keep("frame", () => new Promise((done) => {
        const frame = document.createElement("iframe");
        frame.onload = () => { let inner = "refused"; try { inner = frame.contentDocument.title; } catch {} done(inner); };
        frame.src = to + "/";
        document.body.append(frame);
      }));
      return found;
    })()`)) as Record<string, unknown>;
    expect(tried).toEqual({
      ...{
        read: "refused",
        blind: "refused",
        post: "refused",
        picture: "refused",
        events: "refused",
        frame: "refused",
      },
    });
    const { jobs } = await studio.call("jobs", {});
    expect(jobs.map(({ at }) => at)).not.toContain("stolen");
    await page.close();
  });

  it("shows hostile names of places and classes as text, and runs nothing of them", async () => {
    const hostile = "<img src=x onerror=window.hit=1>";
    await handmadeDataset(join(folder, hostile));
    await mkdir(join(folder, "made"));
    await labelledProject(join(folder, "made"));
    const at = "made/run";
    const { classes } = await studio.call("labels", { at });
    await studio.call("editLabels", { at }, { edits: [{ type: "name", part: classes[0].parts[0], name: hostile }] });
    const page = await context.newPage();
    const requests: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(`${studio.origin}/`);
    await page.getByText(hostile, { exact: true }).first().waitFor();
    await page.evaluate(`location.hash = ${JSON.stringify(`#screen=parts&at=${encodeURIComponent(at)}`)}`);
    await page.waitForSelector(".name-field");
    const names = await Promise.all((await page.locator(".name-field").all()).map((field) => field.inputValue()));
    expect(names).toContain(hostile);
    expect(await page.evaluate("window.hit")).toBeUndefined();
    expect(requests.filter((url) => url.endsWith("/x"))).toEqual([]);
    await page.close();
  });

  it("runs the scripts of a stranger's page in an origin of their own, without a session", async () => {
    const page = await context.newPage();
    await page.goto(`${studio.origin}/files/first/dataset.json`);
    expect(await page.evaluate("self.origin")).toBe("null");
    await expect(page.evaluate("document.cookie")).rejects.toThrow("sandboxed");
    expect(await page.evaluate("fetch('/api/workspace').then(({ status }) => status, () => 'refused')")).toBe(
      "refused",
    );
    await page.close();
  });
});
