/**
 * What the studio's server takes, over loopback, with a project as `klish cluster` leaves it: `npx tsx bench/studio.ts [project] [--rounds n]`. Without
 * one it clusters 64 portraits of the shipped generator first (half a minute). Edits are made in a copy.
 */
import { existsSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { chromium } from "playwright-core";
import { decodePng } from "../src/dataset/png.ts";
import { runJob } from "../src/project/jobs/runJob.ts";
import { type Answer, type Body, type Query, type RouteName, routes, urlOf } from "../src/studio/api.ts";
import { startStudio } from "../src/studio/server.ts";

/** What a person calls 18 parts of a head, who looks at each for a second, and types five keys in one. */
const NAMES =
  "wall hair face forehead eyes neck clothes nose mouth ear brow chin cheek beard hat collar glasses shadow".split(" ");
const LOOK_MS = 1000;
const KEY_MS = 200;

/** Debian's package `chromium`. */
const CHROMIUM = "/usr/bin/chromium";

const args = process.argv.slice(2);
const at = args.indexOf("--rounds");
const rounds = at < 0 ? 50 : Number(args.splice(at, 2)[1]);
const home = await mkdtemp(join(tmpdir(), "klish-bench-"));
process.env["KLISH_CACHE"] = join(home, "cache");
const project = join(home, "open", "parts");
try {
  if (args.length > 0) await cp(resolve(args[0]), project, { recursive: true });
  else await runJob("cluster", { network: "portraits", images: 64, outdir: project });
  // Whose parts nobody has named.
  await cp(project, join(home, "open", "unnamed"), { recursive: true });
  await rm(join(home, "open", "unnamed", "labels.json"), { force: true });
  const studio = await startStudio({ folder: join(home, "open") });
  const headers = { authorization: `Bearer ${studio.token}`, "content-type": "application/json" };
  const address = (path: string): string => `http://127.0.0.1:${studio.port}${path}`;
  const call = async <R extends RouteName>(name: R, query: Query<R>, body?: Body<R>): Promise<Answer<R>> => {
    const { method, path } = routes[name];
    const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
    const response = await fetch(address(urlOf(path, query as Record<string, string>)), init);
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as Answer<R>;
  };
  const place = basename(project);
  const where = { at: place };
  const labels = await call("labels", where);
  const { pictures } = await call("project", where);
  const parts = labels.classes.map((c) => c.parts[0]);
  let n = 0;
  const name = () =>
    call("editLabels", where, { edits: [{ type: "name", part: parts[n % parts.length], name: `name ${n++}` }] });

  console.log(`${parts.length} classes at K = ${labels.k}, ${rounds} rounds`);
  console.log("| what | median ms | 95 % below ms | bytes |");
  console.log("| --- | --- | --- | --- |");
  const measure = async (what: string, ask: (round: number) => Promise<unknown>): Promise<void> => {
    await ask(0);
    const times: number[] = [];
    let bytes = 0;
    for (let round = 0; round < rounds; round++) {
      const started = performance.now();
      const answer = await ask(round);
      times.push(performance.now() - started);
      bytes = answer instanceof ArrayBuffer ? answer.byteLength : JSON.stringify(answer).length;
    }
    times.sort((a, b) => a - b);
    const quantile = (q: number): string => times[Math.min(times.length - 1, Math.floor(q * times.length))].toFixed(1);
    console.log(`| ${what} | ${quantile(0.5)} | ${quantile(0.95)} | ${bytes} |`);
  };
  const bytesOf = async (path: string): Promise<ArrayBuffer> => (await fetch(address(path), { headers })).arrayBuffer();
  await measure("naming -> stored", name);
  await measure("undo -> stored", (i) =>
    call("editLabels", where, { edits: [{ type: i % 2 === 0 ? "undo" : "redo" }] }),
  );
  await measure("a cut to another K -> stored", (i) =>
    call("editLabels", where, { edits: [{ type: "cut", k: labels.k + (i % 2) }] }),
  );
  await measure("labels, with names at every K", () => call("labels", where));
  await measure("the report's data: all that the slider needs", () => call("report", where));
  await measure("the workspace", () => call("workspace", {}));
  await measure("a picture of the report", (i) => bytesOf(pictures[i % pictures.length].url));
  await measure("a mask of a seed that is open, at one K", () =>
    bytesOf(urlOf("/api/mask", { at: place, seed: pictures[0].seed, k: labels.k })),
  );
  await measure("a picture and mask of a new seed", (i) =>
    bytesOf(urlOf("/api/mask", { at: place, seed: 1_000_000 + i, k: labels.k })),
  );
  await measure("a brush stroke -> the new mask of its picture (bar: 300 ms)", async (i) => {
    const { seed } = pictures[i % pictures.length];
    const points: [number, number][] = Array.from({ length: 12 }, (_, n) => [0.3 + n / 60, 0.4 + (i % 8) / 40]);
    const stroke = { type: "stroke" as const, seed, part: parts[i % parts.length], points, radius: 0.03 };
    const { revision } = (await call("editLabels", where, { edits: [stroke] })).labels;
    return bytesOf(urlOf("/api/mask", { at: place, seed, revision }));
  });
  // Classes that are taught, a stroke in a third of the picture each.
  const taught = basename(project) === "taught" ? "taught-here" : "taught";
  await runJob("teach", { network: "portraits", layers: ["16+"], outdir: join(home, "open", taught) });
  const there = { at: taught };
  const classes = ["top", "middle", "bottom"].map((name) => ({ type: "add" as const, name }));
  await call("editLabels", there, { edits: classes });
  await measure("a brush stroke of a class that is taught -> the new mask of its picture", async (i) => {
    const seed = i % 16;
    const part = i % classes.length;
    const points: [number, number][] = Array.from({ length: 12 }, (_, n) => [0.3 + n / 60, 0.2 + 0.3 * part]);
    const stroke = { type: "stroke" as const, seed, part, points, radius: 0.03 };
    const { revision } = (await call("editLabels", there, { edits: [stroke] })).labels;
    return bytesOf(urlOf("/api/mask", { at: taught, seed, revision }));
  });
  const model = "portraits";
  const { side, scenes } = await call("painter", { model });
  // As the Paint tab sends them: labels row by row.
  const mask = decodePng(Buffer.from(scenes[0].mask, "base64")).data;
  await measure(`a mask of ${side} px -> its painting (bar: 200 ms at 128 px)`, async (i) => {
    const body = Uint8Array.from(mask);
    body.fill(1, 0, i);
    const init = { method: "POST", headers: { authorization: headers.authorization }, body };
    return (await fetch(address(urlOf("/api/paint", { model, style: "seed:0" })), init)).arrayBuffer();
  });
  const started = performance.now();
  await Promise.all(Array.from({ length: 200 }, () => call("labels", where)));
  console.log(`\n200 questions for the labels at once: ${(performance.now() - started).toFixed(0)} ms in all`);
  if (existsSync(CHROMIUM)) {
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--headless", "--no-sandbox"] });
    const times: number[] = [];
    for (let round = 0; round < 5; round++) {
      const page = await browser.newPage();
      await page.goto(studio.url);
      await page.waitForSelector("html[data-studio]");
      times.push(Number(await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")));
      await page.close();
    }
    const page = await browser.newPage();
    await page.goto(studio.url);
    await page.waitForSelector("html[data-studio]");
    await page.evaluate(`location.hash = "#screen=parts&at=unnamed&k=${NAMES.length}"`);
    await page.waitForSelector("html[data-ready]");
    const begun = performance.now();
    await page.locator(".name-field").first().focus();
    for (const name of NAMES) {
      await page.waitForTimeout(LOOK_MS);
      await page.keyboard.type(name, { delay: KEY_MS });
      await page.keyboard.press("Enter");
    }
    const namedParts = async (): Promise<number> =>
      (await call("labels", { at: "unnamed" })).classes.filter(({ named }) => named).length;
    // The page shows a name at once; the file follows.
    let called = await namedParts();
    for (const late = performance.now() + 5000; called < NAMES.length && performance.now() < late; )
      called = await namedParts();
    const seconds = (performance.now() - begun) / 1000;
    await browser.close();
    const keys = NAMES.join(" ").length;
    const own = (NAMES.length * LOOK_MS + keys * KEY_MS) / 1000;
    console.log(
      `${called} of ${NAMES.length} parts named by keys in ${seconds.toFixed(0)} s, ${own.toFixed(0)} of them looking and typing (bar: 60)`,
    );
    console.log(`first paint of the page: ${times.map((time) => time.toFixed(0)).join(", ")} ms (bar: 1000)`);
  }
  await studio.close();
} finally {
  await rm(home, { recursive: true, force: true });
}
