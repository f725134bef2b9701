/**
 * What the studio's server takes, over loopback, with a project as `klish cluster` leaves it: `npx tsx bench/studio.ts [project] [--rounds n]`. Without
 * one it clusters 64 portraits of the shipped generator first (half a minute). Edits are made in a copy.
 */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { runJob } from "../src/project/jobs/runJob.ts";
import { type Answer, type Body, type Query, type RouteName, routes, urlOf } from "../src/studio/api.ts";
import { startStudio } from "../src/studio/server.ts";

const args = process.argv.slice(2);
const at = args.indexOf("--rounds");
const rounds = at < 0 ? 50 : Number(args.splice(at, 2)[1]);
const home = await mkdtemp(join(tmpdir(), "klish-bench-"));
process.env["KLISH_CACHE"] = join(home, "cache");
const project = join(home, "open", "parts");
try {
  if (args.length > 0) await cp(resolve(args[0]), project, { recursive: true });
  else await runJob("cluster", { network: "portraits", images: 64, outdir: project });
  // The page's files are not measured.
  const studio = await startStudio({ folder: join(home, "open"), page: home });
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
  const started = performance.now();
  await Promise.all(Array.from({ length: 200 }, () => call("labels", where)));
  console.log(`\n200 questions for the labels at once: ${(performance.now() - started).toFixed(0)} ms in all`);
  await studio.close();
} finally {
  await rm(home, { recursive: true, force: true });
}
