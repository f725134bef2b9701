/** A studio that is killed: its edits are on disk, and its jobs go on when it is opened again. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Answer, type Body, jobList, type Query, type RouteName, routes, urlOf } from "../../src/studio/api.ts";
import { main } from "../cli/klish.ts";
import { tinyGenerator } from "../tinyGenerator.ts";

let folder: string;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-studio-kill-"));
  await writeFile(join(folder, "tiny.onnx"), tinyGenerator());
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Running {
  readonly child: ChildProcess;
  call<R extends RouteName>(route: R, query: Query<R>, body?: Body<R>): Promise<Answer<R>>;
}

async function open(): Promise<Running> {
  const args = [main, "studio", join(folder, "open"), "--no-open", "--json"];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, KLISH_CACHE: join(folder, "cache") },
  });
  children.add(child);
  const lines = createInterface({ input: child.stdout! });
  const ended = once(child, "exit").then(() =>
    Promise.reject(new Error("the studio ended before it said where it is")),
  );
  const [line] = (await Promise.race([once(lines, "line"), ended])) as [string];
  const { url } = JSON.parse(line) as { url: string };
  const { origin, searchParams } = new URL(url);
  const headers = { authorization: `Bearer ${searchParams.get("token")}`, "content-type": "application/json" };
  return {
    child,
    async call(name, query, body) {
      const { method, path } = routes[name];
      const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
      const response = await fetch(origin + urlOf(path, query as Record<string, string>), init);
      const answer: unknown = await response.json();
      if (!response.ok) throw new Error(JSON.stringify(answer));
      return routes[name].answer.parse(answer) as Answer<typeof name>;
    },
  };
}

const kill = async ({ child }: Running): Promise<void> => {
  child.kill("SIGKILL");
  await once(child, "exit");
};
const jobOf = async (studio: Running) => jobList.parse(await studio.call("jobs", {})).jobs[0];

describe("klish studio", () => {
  it("killed while a job runs and right after an edit loses neither", async () => {
    let studio = await open();
    const request = {
      ...{ network: join(folder, "tiny.onnx"), outdir: "parts", images: 100, initialClusters: 40, threads: 1 },
      provider: "cpu",
    };
    const { id } = await studio.call("startJob", {}, { kind: "cluster", request });
    // Until something of it is on disk.
    const begun = join(folder, "open", "parts", "project.json");
    while ((await stat(begun).catch(() => undefined)) === undefined) await pause(20);
    await pause(300);
    await kill(studio);

    studio = await open();
    expect(await jobOf(studio)).toMatchObject({ id, state: "paused", kind: "cluster", at: "parts" });
    await studio.call("actOnJob", {}, { id, action: "continue" });
    for (;;) {
      const { state, error } = await jobOf(studio);
      expect(error).toBeNull();
      if (state === "done") break;
      await pause(100);
    }
    const { classes } = await studio.call("labels", { at: "parts" });
    const named = { type: "name", part: classes[0].parts[0], name: "kept" } as const;
    await studio.call("editLabels", { at: "parts" }, { edits: [named] });
    await kill(studio);
    expect(await readFile(join(folder, "open", "parts", "labels.json"), "utf8")).toContain('"kept"');

    studio = await open();
    const labels = await studio.call("labels", { at: "parts" });
    expect(labels.classes[0].name).toBe("kept");
    // And it ends when it is asked to.
    studio.child.kill("SIGINT");
    const [code] = await once(studio.child, "exit");
    expect(code).toBe(0);
  });

  it("asked to end while a job runs ends at the job's next safe point", async () => {
    const studio = await open();
    const request = { outdir: "drawn", count: 1_000_000, threads: 1 };
    const { id } = await studio.call("startJob", {}, { kind: "portraits", request });
    while ((await jobOf(studio)).progress === null) await pause(50);
    studio.child.kill("SIGTERM");
    const [code] = await once(studio.child, "exit");
    expect(code).toBe(0);
    expect((await jobOf(await open())).id).toBe(id);
  });
});
