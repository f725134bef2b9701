import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { StoppedError } from "../../src/project/jobs/jobCalls.ts";
import type { Job, StudioEvent } from "../../src/studio/api.ts";
import { type Jobs, openJobs, type RunJob } from "../../src/studio/jobs/jobs.ts";
import { openWorkspace } from "../../src/studio/places/workspace.ts";
import type { Events } from "../../src/studio/web/events.ts";
import type { JobOptions } from "../../src/tensor/progress.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-jobs-"));
  process.env["KLISH_CACHE"] = join(folder, "cache");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A job that runs until it is told how it ends. */
interface Running {
  readonly name: string;
  readonly options: JobOptions;
  readonly request: Record<string, unknown>;
  done(result: unknown): void;
  fail(error: Error): void;
}

interface Bench {
  readonly jobs: Jobs;
  /** In the order in which they began. */
  readonly running: Running[];
  readonly sent: StudioEvent[];
  states(): string[];
}

async function bench(name: string): Promise<Bench> {
  const running: Running[] = [];
  const run = ((name: string, request: Record<string, unknown>, options: JobOptions) =>
    new Promise((done, fail) => {
      options.signal?.addEventListener("abort", () => fail(new StoppedError()));
      running.push({ name, request, options, done, fail });
    })) as unknown as RunJob;
  const sent: StudioEvent[] = [];
  const events = { heard: true, send: (event: StudioEvent) => void sent.push(event) } as Events;
  const workspace = await openWorkspace(join(folder, name));
  const jobs = await openJobs({ workspace, events, outsidePaths: true, run });
  return { jobs, running, sent, states: () => jobs.list().map(({ state }) => state) };
}

const long = (outdir: string) => ["portraits", { outdir, count: 1 }] as const;
const until = async (is: () => boolean): Promise<void> => {
  while (!is()) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe("openJobs()", () => {
  it("runs long jobs one after another, the oldest first, and quick ones at once", async () => {
    const { jobs, running, states } = await bench("turns");
    await jobs.start(...long("a"));
    await jobs.start(...long("b"));
    await jobs.start("autoPlan", { data: folder, outdir: "c" });
    await until(() => running.length === 2);
    expect(running.map(({ name }) => name)).toEqual(["portraits", "autoPlan"]);
    expect(states()).toEqual(["running", "waiting", "running"]);
    running[0].done({ folder: "a" });
    await until(() => running.length === 3);
    expect(running[2].request).toMatchObject({ outdir: join(folder, "turns", "b") });
    expect(states()).toEqual(["running", "running", "done"]);
    expect(jobs.list()[2].result).toEqual({ folder: "a" });
    await jobs.close();
    expect(states()).toEqual(["paused", "paused", "done"]);
  });

  it("pauses and continues what runs and what waits, and forgets what has ended", async () => {
    const { jobs, running, states, sent } = await bench("pauses");
    const first = await jobs.start(...long("a"));
    const second = await jobs.start(...long("b"));
    await until(() => running.length === 1);
    await jobs.act(second.id, "pause");
    await jobs.act(first.id, "pause");
    await until(() => states().join() === "paused,paused");
    await expect(jobs.act(first.id, "pause")).rejects.toThrow("a job that is paused cannot be asked to pause.");
    await jobs.act(first.id, "continue");
    await until(() => running.length === 2);
    await expect(jobs.act(first.id, "forget")).rejects.toThrow("a job that is running cannot be asked to forget.");
    await jobs.act(second.id, "forget");
    expect(sent).toContainEqual({ type: "forgotten", id: second.id });
    running[1].fail(new Error("boom"));
    await until(() => states().join() === "failed");
    expect(jobs.list()[0].error).toBe("unexpected error: boom");
    await jobs.act(first.id, "continue");
    await until(() => running.length === 3);
    expect(jobs.list()[0].error).toBeNull();
    await jobs.close();
  });

  it("leaves a list from which a killed server's jobs go on, as they were asked for", async () => {
    const killed = await bench("killed");
    await killed.jobs.start(...long("a"));
    await until(() => killed.running.length === 1);
    // What a kill leaves: the list with a job that runs.
    const cache = join(folder, "cache", "studio");
    const lists = await Promise.all(
      (await readdir(cache))
        .filter((name) => name.endsWith(".json"))
        .map((name) => readFile(join(cache, name), "utf8")),
    );
    expect(lists.flatMap((text) => JSON.parse(text).jobs)).toContainEqual(
      expect.objectContaining({ state: "waiting", request: { outdir: "a", count: 1 } }),
    );
    await killed.jobs.close();
    const next = await bench("killed");
    expect(next.states()).toEqual(["paused"]);
    const [{ id }] = next.jobs.list();
    await next.jobs.act(id, "continue");
    await until(() => next.running.length === 1);
    expect(next.running[0].request).toMatchObject({ outdir: join(folder, "killed", "a"), count: 1 });
    await next.jobs.close();
  });

  it("keeps a preview while it is looked at: its files go with the next one, with its job, or with the studio", async () => {
    const { jobs, running } = await bench("previews");
    const asked = (outdir: string) => ["dataset", { projects: ["run"], outdir, count: 2 }, true] as const;
    const places = () => readdir(join(folder, "previews"));
    const make = async (outdir: string): Promise<Job> => {
      const started = await jobs.start(...asked(outdir));
      await until(() => running.at(-1)?.request["outdir"] === join(folder, "previews", outdir));
      await mkdir(join(folder, "previews", outdir));
      await writeFile(join(folder, "previews", outdir, "dataset.json"), "{}");
      running.at(-1)?.done({});
      await until(() => jobs.list()[0].state === "done");
      return started;
    };
    await make("a");
    expect(await places()).toEqual(["a"]);
    const second = await make("b");
    expect([await places(), jobs.list().map(({ at }) => at)]).toEqual([["b"], ["b"]]);
    await jobs.act(second.id, "forget");
    expect(await places()).toEqual([]);
    // What is there was made by somebody else, and is not a preview's to take along.
    await mkdir(join(folder, "previews", "mine"));
    await writeFile(join(folder, "previews", "mine", "dataset.json"), "{}");
    await expect(jobs.start(...asked("mine"))).rejects.toThrow("a preview needs a new folder.");
    await make("c");
    await jobs.close();
    expect([await places(), jobs.list()]).toEqual([["mine"], []]);
  });

  it("tells of progress, not more often than eyes see, and loses no last word", async () => {
    const { jobs, running, sent } = await bench("progress");
    const { id } = await jobs.start(...long("a"));
    await until(() => running.length === 1);
    for (let done = 0; done <= 100; done++) running[0].options.onProgress?.({ phase: "draw", done, total: 200 });
    const told = (): (Job["progress"] | undefined)[] =>
      sent.flatMap((event) =>
        event.type === "job" && event.job.id === id && event.job.progress ? [event.job.progress] : [],
      );
    await until(() => told().at(-1)?.done === 100);
    expect(told().length).toBeLessThan(5);
    await jobs.close();
  });
});
