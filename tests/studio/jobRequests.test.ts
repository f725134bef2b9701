import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { bare } from "../../src/project/requests/request.ts";
import type { StudioJob } from "../../src/studio/api.ts";
import { admit, asked, optionsFor } from "../../src/studio/jobs/jobRequests.ts";
import { modelPath } from "../../src/studio/places/models.ts";
import { openWorkspace } from "../../src/studio/places/workspace.ts";

/** Texts of requests that are no paths, as none of these jobs opens a file by them. */
const NO_PATHS = new Set([
  "command",
  "crop",
  "model.output",
  "recipe",
  "name",
  "filter.require",
  "layers",
  "classes",
  "edits",
  "title",
]);

/** Names of the members of a schema that a text fits into. */
function texts(schema: z.ZodType, name: string): string[] {
  const inner = bare(schema);
  if (inner instanceof z.ZodString) return [name];
  if (inner instanceof z.ZodArray) return texts(inner.element as z.ZodType, name);
  if (inner instanceof z.ZodUnion)
    return [...new Set((inner.options as z.ZodType[]).flatMap((option) => texts(option, name)))];
  if (!(inner instanceof z.ZodObject)) return [];
  return Object.entries(inner.shape).flatMap(([key, member]) =>
    texts(member as z.ZodType, name === "" ? key : `${name}.${key}`),
  );
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-asked-"));
  await mkdir(join(folder, "inner"));
  await symlink(tmpdir(), join(folder, "way-out"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("requests of jobs", () => {
  it.each(Object.entries(asked))("%s: every text is a path that is checked, or known to be none", (_, job) => {
    const known = new Set([...job.writes, ...job.reads, ...NO_PATHS]);
    const unknown = texts(job.schema, "").filter((name) => !known.has(name));
    // Edits of a tree are a union of actions, whose names are names.
    expect(unknown.filter((name) => !/^(action\.)?edits\./.test(name) && name !== "action.type")).toEqual([]);
  });

  it("datasetExport's recipe is the name of a label set, and no path", () => {
    expect(asked.datasetExport.schema.shape["recipe"]).toBeInstanceOf(z.ZodDefault);
  });

  const to = async (kind: StudioJob, request: Record<string, unknown>, outside = true) =>
    admit(await openWorkspace(folder), kind, request, outside);

  it("are given paths of the disk, and what was not said is left to the job", async () => {
    expect(await to("cluster", { network: "portraits", outdir: "parts" })).toEqual({
      request: { network: "portraits", outdir: join(folder, "parts"), command: `klish studio ${folder}` },
      at: "parts",
    });
    expect((await to("segment", { model: { file: "inner" }, images: "inner", outdir: "m" })).request).toMatchObject({
      model: { file: join(folder, "inner") },
      images: join(folder, "inner"),
    });
    expect((await to("cluster", { network: "x.onnx", images: 3, outdir: "p" })).request).toMatchObject({ images: 3 });
  });

  it.each(["../out", "/out", "a/../../out", "way-out/x", ".", "", ".hidden", "a//b", "a\\..\\b", "a\u0000b"])(
    "write nothing at %j",
    async (outdir) => {
      await expect(to("cluster", { network: "portraits", outdir })).rejects.toThrow();
    },
  );

  it("read what the user names on this machine, and nothing outside for another one", async () => {
    const request = { data: "/photos", outdir: "auto" };
    expect((await to("auto", request)).request).toMatchObject({ data: "/photos" });
    await expect(to("auto", request, false)).rejects.toThrow("/photos lies outside the opened folder");
    await expect(to("auto", { ...request, data: "../photos" }, false)).rejects.toThrow("not in the opened folder");
    await expect(to("auto", { ...request, data: "way-out" }, false)).rejects.toThrow("leads out of the opened folder");
    const apply = { project: "inner", action: { type: "apply", from: "way-out" } };
    await expect(to("editStep", apply, false)).rejects.toThrow("leads out");
  });

  it("read a path as it is typed: in the workspace, else from where klish was started, or from home", async () => {
    const data = async (typed: string) => (await to("auto", { data: typed, outdir: "auto" })).request["data"];
    expect(await data("inner")).toBe(join(folder, "inner"));
    expect(await data("package.json")).toBe(resolve("package.json"));
    expect(await data("../photos")).toBe(resolve("../photos"));
    expect(await data("~/photos")).toBe(join(homedir(), "photos"));
  });

  it("name models of klish only where a model is meant: a project may be called as one is", async () => {
    await mkdir(join(folder, "portraits"));
    const { request } = await to("dataset", { projects: ["portraits"], network: "portraits", outdir: "d" });
    expect(request).toMatchObject({ projects: [join(folder, "portraits")], network: "portraits" });
    const segment = await to("segment", { model: { file: "portraits" }, images: "portraits", outdir: "m" });
    expect(segment.request).toMatchObject({ model: { file: "portraits" }, images: join(folder, "portraits") });
  });

  it("mean what was trained here, where it has the name of a model of klish", async () => {
    const own = join(folder, "trained");
    await mkdir(join(own, "portraits"), { recursive: true });
    await writeFile(join(own, "portraits", "settings.json"), '{"klish":"painter-training","command":""}');
    const workspace = await openWorkspace(own);
    expect(await modelPath(workspace, "painter", "portraits")).toBe(join(own, "portraits"));
    expect(await modelPath(workspace, "segmenter", "portraits")).toBe("portraits");
    const page = await admit(workspace, "paintPage", { model: "portraits", outdir: "site" }, true);
    expect(page.request).toMatchObject({ model: join(own, "portraits") });
  });

  it("have this machine speak to no other", async () => {
    const queue = "redis://elsewhere.example";
    await expect(to("cluster", { network: "portraits", outdir: "p", queue })).rejects.toThrow("queue");
    const dataset = { projects: ["inner"], outdir: "d" };
    await expect(to("dataset", { ...dataset, queue })).rejects.toThrow("queue");
    await expect(to("dataset", { ...dataset, upload: "s3://elsewhere/d" })).rejects.toThrow("upload");
  });

  it("say what is wrong with them", async () => {
    await expect(to("cluster", { outdir: "x", imagse: 3 })).rejects.toThrow('did you mean "images"?');
  });

  it("continue a run only where it lies in the workspace", async () => {
    expect((await to("trainGan", { resume: "inner" })).at).toBe("inner");
    await expect(to("trainGan", { resume: "/elsewhere" })).rejects.toThrow("not in the opened folder");
  });
});

describe("optionsFor()", () => {
  it("describe the options of a form", () => {
    const options = optionsFor("dataset");
    expect(options.find(({ flag }) => flag === "--count <n>")).toEqual({
      ...{ path: ["count"], flag: "--count <n>", help: "seeds to look at", group: "", otherwise: "" },
      ...{ type: "integer", choices: [], minimum: 1, maximum: null, default: 1000, required: false },
    });
    expect(options.find(({ path }) => path.join() === "filter,maxUncertain")).toMatchObject({
      ...{ type: "number", minimum: 0, maximum: 1, default: null },
    });
    expect(options.find(({ path }) => path[0] === "formats")).toMatchObject({ type: "choices" });
    expect(options.find(({ path }) => path[0] === "imageFormat")).toMatchObject({ type: "choice", default: "png" });
    expect(options.find(({ path }) => path[0] === "projects")).toMatchObject({ type: "list", required: true });
  });
});
