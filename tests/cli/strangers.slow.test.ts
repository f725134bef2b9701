import { readdirSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { loadTree, openProject } from "../../src/project/cluster/project.ts";
import { handmadeDataset } from "../project/dataset/handmade.ts";
import { labelledProject } from "../project/dataset/project.ts";
import { klish } from "./klish.ts";

/** Whole commands on folders that somebody else made. */

let folder: string;
let project: string;
let dataset: string;
let server: Server;
let port: number;
let asked: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-strangers-cli-"));
  process.env["XDG_CACHE_HOME"] = join(folder, "cache");
  project = await labelledProject(folder);
  dataset = join(folder, "set");
  const made = ["--project", project, "--outdir", dataset, "--count", "2", "--provider", "cpu", "--quiet"];
  expect(await klish("dataset", ...made)).toMatchObject({ code: 0 });
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.end(readFileSync(join(folder, "tiny.onnx")));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  port = (server.address() as AddressInfo).port;
}, 120_000);
beforeEach(() => {
  asked = [];
});
afterAll(async () => {
  server?.close();
  await rm(folder, { recursive: true, force: true });
});

const cpu = ["--provider", "cpu", "--quiet"];

/** The project, or dataset, with one of its files changed. */
async function changed(from: string, name: string, change: (file: never) => object): Promise<string> {
  const copy = await mkdtemp(join(folder, "changed-"));
  await cp(from, copy, { recursive: true });
  const path = join(copy, name);
  const lines = (await readFile(path, "utf8")).trimEnd();
  await writeFile(path, `${JSON.stringify(change(JSON.parse(lines) as never))}\n`);
  return copy;
}

interface ProjectJson {
  readonly settings: { readonly seeds: readonly number[]; readonly network: string };
  readonly command: string;
}
const withNetwork = (network: string): Promise<string> =>
  changed(project, "project.json", (file: ProjectJson) => ({ ...file, settings: { ...file.settings, network } }));

describe("a project whose generator is said to be at an address", () => {
  it("makes no command connect; the user's --network does", async () => {
    const url = `http://127.0.0.1:${port}/tiny.onnx`;
    const theirs = await withNetwork(url);
    const refused = `klish: the generator is said to be at ${url}. klish asks no other machine because a file says so`;
    for (const args of [
      ["report", theirs],
      ["label", "cut", theirs, "5"],
      ["dataset", "--project", theirs, "--outdir", join(folder, "set2"), "--count", "2"],
    ])
      expect(await klish(...args, ...cpu)).toMatchObject({ code: 1, stderr: expect.stringContaining(refused) });
    expect(asked).toEqual([]);
    expect(await klish("report", theirs, "--network", url, ...cpu)).toMatchObject({ code: 0, stderr: "" });
    expect(asked).toEqual(["/tiny.onnx"]);
    // Now it is in the cache, which is found by its content.
    expect(await klish("report", theirs, ...cpu)).toMatchObject({ code: 0, stderr: "" });
    expect(asked).toEqual(["/tiny.onnx"]);
    await rm(join(folder, "cache"), { recursive: true });
  }, 120_000);

  it("does not make `dataset verify` connect by its log of runs, nor look for projects on other machines", async () => {
    const url = `http://127.0.0.1:${port}/tiny.onnx`;
    const theirs = await changed(dataset, "runs.jsonl", (run: object) => ({ ...run, network: url }));
    const verify = (from: string): ReturnType<typeof klish> =>
      klish("dataset", "verify", from, "--remake", "1", ...cpu);
    expect(await verify(theirs)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("said to be at http://127"),
    });
    const share = await changed(dataset, "runs.jsonl", (run: object) => ({ ...run, projects: ["\\\\evil\\share"] }));
    expect(await verify(share)).toMatchObject({ code: 1, stderr: expect.stringContaining("on another machine") });
    expect(asked).toEqual([]);
  }, 60_000);
});

describe("keys in the address of a generator", () => {
  it("are used, and then stand in no file of the project or of the cache, and in no message", async () => {
    const url = `http://ada:PASSWORD@127.0.0.1:${port}/tiny.onnx?token=SECRET`;
    const out = join(folder, "from-url");
    const size = ["--images", "4", "--init-clusters", "6", "--layers", "all", "--trunc", "1"];
    const made = await klish("cluster", "--network", url, "--outdir", out, ...size, "--provider", "cpu");
    expect(made.code).toBe(0);
    expect(asked).toEqual(["/tiny.onnx?token=SECRET"]);
    const files = [out, join(folder, "cache")].flatMap((from) =>
      readdirSync(from, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1")),
    );
    expect(files.length).toBeGreaterThan(5);
    for (const text of [...files, made.stdout, made.stderr]) expect(text).not.toMatch(/PASSWORD|SECRET/);
    const { settings, command } = JSON.parse(await readFile(join(out, "project.json"), "utf8")) as ProjectJson;
    expect(settings.network).toBe(`http://127.0.0.1:${port}/tiny.onnx?…`);
    expect(command).toContain(`--network 'http://127.0.0.1:${port}/tiny.onnx?…'`);
  }, 60_000);
});

describe("settings that are not those of the tree", () => {
  it.each([
    ["one seed of eight", { seeds: [0] }, "pixels"],
    ["another size", { resolution: 4 }, "pixels"],
    ["a stride", { pixelStride: 2 }, "pixels"],
    ["chosen pixels", { pixels: 100 }, "pixels"],
    ["other start clusters", { initialClusters: 11 }, "initial clusters"],
    ["another rule", { criterion: "pair" }, "merge rule"],
  ])("are refused: %s", async (_, settings, what) => {
    const theirs = await changed(project, "project.json", (file: ProjectJson) => ({
      ...file,
      settings: { ...file.settings, ...settings },
    }));
    const message = `project.json and tree.safetensors are of two runs (${what}`;
    await expect(loadTree(await openProject(theirs))).rejects.toThrow(message);
  });

  it("are refused by the report, which would state them", async () => {
    const seeds = [0];
    const theirs = await changed(project, "project.json", (file: ProjectJson) => ({
      ...file,
      settings: { ...file.settings, seeds },
    }));
    const { code, stderr } = await klish("report", theirs, ...cpu);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("are of two runs (pixels") });
  });
});

describe("a dataset's manifest", () => {
  it("cannot make export write to another place", async () => {
    const set = await handmadeDataset(join(folder, "evil"), {
      entry: (e) => (e.seed === 0 ? { ...e, name: "../../mine/e" } : e),
    });
    await mkdir(join(folder, "mine"));
    await writeFile(join(folder, "mine", "e.png"), "mine");
    const out = join(folder, "a", "b");
    const { code, stderr } = await klish("dataset", "export", set, "--format", "folders", "--outdir", out, "--quiet");
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("expected seed000000") });
    expect(await readFile(join(folder, "mine", "e.png"), "utf8")).toBe("mine");
  });
});

describe("a project with a link that leads out", () => {
  it("is not written to", async () => {
    const theirs = await mkdtemp(join(folder, "linked-"));
    await cp(project, theirs, { recursive: true });
    await mkdir(join(folder, "photos"));
    await writeFile(join(folder, "photos", "seed0000.png"), "mine");
    await rm(join(theirs, "samples"), { recursive: true });
    await symlink(join(folder, "photos"), join(theirs, "samples"));
    const message = "samples in";
    for (const args of [
      ["report", theirs],
      ["dataset", "--project", project, "--outdir", theirs, "--count", "2"],
    ]) {
      const { code, stderr } = await klish(...args, ...cpu);
      expect({ args, code, stderr }).toEqual({ args, code: 1, stderr: expect.stringContaining(message) });
      expect(stderr).toContain("is a symbolic link that leads out of the folder");
    }
    expect(readdirSync(join(folder, "photos"))).toEqual(["seed0000.png"]);
    expect(await readFile(join(folder, "photos", "seed0000.png"), "utf8")).toBe("mine");
  }, 60_000);
});

describe("names in a dataset", () => {
  const evil = '"""\nimport os\nos.abort()\n""" coding: utf-7 \u001b]0;x\u0007<script>alert(1)</script>';

  it("are text in what export writes and prints", async () => {
    const set = await handmadeDataset(join(folder, "names"), {
      settings: { family: evil },
      classes: ["wall", evil].map((name, id) => ({ name, color: "#102030", background: id === 0 })),
    });
    const out = join(folder, "it's $(touch pwned)\n", "mmseg");
    const exported = await klish(
      "dataset",
      "export",
      set,
      "--format",
      "mmseg",
      "--name",
      evil,
      "--outdir",
      out,
      "--quiet",
    );
    expect(exported).toMatchObject({ code: 0, stderr: "" });
    // The folder is one string of Python in the printed code, on its line.
    const path = JSON.stringify(out);
    expect(exported.stdout).toContain(`config = runpy.run_path(${path} + "/dataset_config.py")`);
    expect(exported.stdout).not.toMatch(/(?!\n)\p{Cc}/u);
    const [description, next] = (await readFile(join(out, "dataset_config.py"), "utf8")).split("\n");
    expect(JSON.parse(description)).toContain(`from a ${evil} generator`);
    expect(next).toBe("import os");
    const checked = await klish("check", out, "--quiet");
    expect(checked).toMatchObject({ code: 0, stderr: "" });
    expect(checked.stdout).not.toMatch(/(?!\n)\p{Cc}/u);
  }, 30_000);

  it("are text in what label shows", async () => {
    const theirs = await changed(project, "labels.json", (file: { labels: { classes: { name: string }[] } }) => {
      file.labels.classes[0].name = evil.slice(0, 60);
      return file;
    });
    const { code, stdout } = await klish("label", "list", theirs);
    expect(code).toBe(0);
    // A name is one line: its breaks are spaces.
    expect(stdout).toContain('""" import os os.abort() """');
    expect(stdout).not.toMatch(/(?!\n)\p{Cc}/u);
  }, 30_000);
});
