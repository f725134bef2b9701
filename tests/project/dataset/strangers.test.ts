import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Sample } from "../../../src/dataset/format.ts";
import { formats } from "../../../src/dataset/formats/index.ts";
import { encodePng } from "../../../src/dataset/png.ts";
import { checkJob } from "../../../src/project/dataset/check.ts";
import { checkMaskImages } from "../../../src/project/dataset/maskImages.ts";
import type { ExportRequest } from "../../../src/project/dataset/options.ts";
import { folderSink } from "../../../src/project/dataset/sink.ts";
import { openSource } from "../../../src/project/dataset/source.ts";
import { exportJob } from "../../../src/project/dataset/store.ts";
import { verifyJob } from "../../../src/project/dataset/verify.ts";
import { lockFolder } from "../../../src/project/storage/lock.ts";
import { handmadeDataset } from "./handmade.ts";

/** Datasets that somebody else made: what they may not do. */

let folder: string;
let out: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-strangers-"));
  out = join(folder, "work", "out");
  await mkdir(join(folder, "work"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const request = (from: string, more: Partial<ExportRequest> = {}): ExportRequest => ({
  ...{ from: [from], fromFormat: null, recipe: null, format: "folders", outdir: out, name: "set" },
  ...more,
});
/** All that lies below the folder, beside the dataset itself. */
const around = async (): Promise<string[]> =>
  (await readdir(folder, { recursive: true })).filter((path) => !path.startsWith("set")).sort();

describe("a dataset's manifest", () => {
  it.each([
    "../../evil/e",
    "/tmp/e",
    "images/../seed000000",
    "seed000001",
    "seed0",
    'a"><img src=x onerror=alert(1)>',
    "seed000000\n",
    "",
  ])("is refused where a sample is called %j, and nothing is written", async (name) => {
    const set = await handmadeDataset(join(folder, "set"), { entry: (e) => (e.seed === 0 ? { ...e, name } : e) });
    await mkdir(join(folder, "evil"));
    await writeFile(join(folder, "evil", "e.png"), "mine");
    const message = "expected seed000000";
    for (const format of formats.map((f) => f.name))
      await expect(exportJob(request(set, { format }), {}), format).rejects.toThrow(message);
    const verify = { dataset: set, remake: 0, projects: [], network: null, provider: "cpu", threads: 1 } as const;
    await expect(verifyJob(verify, {})).rejects.toThrow(/manifest\.jsonl, line 1: .*expected seed000000/s);
    expect(await around()).toEqual(["evil", "evil/e.png", "work"]);
    expect(await readFile(join(folder, "evil", "e.png"), "utf8")).toBe("mine");
  });
});

describe("a dataset.json of other tools", () => {
  it("says nothing to klish: the folder is one of pictures and masks, and its masks are from elsewhere", async () => {
    const set = join(folder, "set");
    const png = encodePng({ width: 1, height: 1, data: Uint8Array.of(0) });
    for (const part of ["images", "masks"]) {
      await mkdir(join(set, part), { recursive: true });
      await writeFile(join(set, part, "a.png"), png);
    }
    // As StyleGAN's dataset_tool.py writes it.
    await writeFile(join(set, "dataset.json"), '{"labels": [["images/a.png", 0]]}');
    const images = { networkSha256: "x", truncationPsi: 1, truncationCutoff: null, class: null } as const;
    await checkMaskImages(join(set, "masks"), { ...images, noiseMode: "const", latent: "normal" });
    await exportJob(request(set), {});
    expect(await readdir(join(out, "masks"))).toEqual(["a.png"]);
    expect((await checkJob({ folder: set })).format).toBeDefined();
    // One of klish that is damaged is no stranger's.
    await writeFile(join(set, "dataset.json"), '{"klish": "dataset", "version": 1');
    const again = request(set, { outdir: join(folder, "work", "again") });
    await expect(exportJob(again, {})).rejects.toThrow("is not valid JSON");
  });
});

describe("a file of a dataset", () => {
  it("is not read through a link, so that no private file becomes part of an export", async () => {
    const set = await handmadeDataset(join(folder, "set"));
    await writeFile(join(folder, "secret"), "secret");
    await rm(join(set, "images", "seed000001.png"));
    await symlink("../../secret", join(set, "images", "seed000001.png"));
    await expect(exportJob(request(set), {})).rejects.toThrow("seed000001.png is not a plain file");
    expect(await around()).toEqual(["secret", "work"]);
  });

  it.skipIf(process.platform === "win32")("may not be a pipe, which would never end", async () => {
    const set = await handmadeDataset(join(folder, "set"));
    await rm(join(set, "masks", "seed000000.png"));
    execFileSync("mkfifo", [join(set, "masks", "seed000000.png")]);
    await expect(exportJob(request(set), {})).rejects.toThrow("seed000000.png is not a plain file");
  });

  it("is left out of foreign layouts where it is a link", async () => {
    const foreign = join(folder, "set");
    const png = encodePng({ width: 2, height: 2, data: new Uint8Array(4) });
    await mkdir(join(foreign, "images"), { recursive: true });
    await mkdir(join(foreign, "masks"));
    await writeFile(join(folder, "secret.png"), png);
    for (const part of ["images", "masks"]) {
      await writeFile(join(foreign, part, "a.png"), png);
      await symlink("../../secret.png", join(foreign, part, "b.png"));
    }
    const source = await openSource([foreign], { fromFormat: null, recipe: null, name: "x" });
    expect(source.info.samples).toBe(1);
  });
});

describe("an export", () => {
  it.each(["../evil", "/tmp/klish-evil", "a/../../evil", "", "a\\..\\evil"])("does not write to %j", async (path) => {
    const sink = folderSink(join(folder, "work"), () => undefined);
    const sample: Sample = {
      ...{ name: "x", split: "train", image: new Uint8Array(1), mask: new Uint8Array(1) },
      labels: { width: 1, height: 1, data: new Uint8Array(1) },
    };
    await expect(sink.file(path, "x")).rejects.toThrow(RangeError);
    await expect(sink.append(path, "x")).rejects.toThrow(RangeError);
    await expect(sink.original(path, sample, "image")).rejects.toThrow(RangeError);
    expect(await around()).toEqual(["work"]);
  });

  it("does not write over a file, nor through a link in the place of one", async () => {
    const sink = folderSink(join(folder, "work"), () => undefined);
    await writeFile(join(folder, "work", "a"), "mine");
    await symlink("../elsewhere", join(folder, "work", "b"));
    for (const path of ["a", "b"]) {
      await expect(sink.file(path, "x")).rejects.toThrow(`${path} would be written twice`);
      await expect(sink.append(path, "x")).rejects.toThrow(`${path} would be written twice`);
    }
    await sink.append("c", "1");
    await sink.append("c", "2");
    expect(await readFile(join(folder, "work", "c"), "utf8")).toBe("12");
    expect(await around()).toEqual(["work", "work/a", "work/b", "work/c"]);
  });

  it("refuses two samples that would be one file", async () => {
    const foreign = join(folder, "set");
    const png = encodePng({ width: 2, height: 2, data: new Uint8Array(4) });
    for (const part of ["images", "masks"]) {
      await mkdir(join(foreign, part), { recursive: true });
      for (const name of ["a b", "a_b"]) await writeFile(join(foreign, part, `${name}.png`), png);
    }
    await expect(exportJob(request(foreign), {})).rejects.toThrow('"a b" and "a_b" would both be written as a_b');
    expect(await around()).toEqual(["work"]);
  });

  it("leaves a folder alone that happens to be called <outdir>.partial", async () => {
    const set = await handmadeDataset(join(folder, "set"));
    await mkdir(`${out}.partial`);
    await writeFile(join(`${out}.partial`, "thesis.txt"), "mine");
    await expect(exportJob(request(set), {})).rejects.toThrow("out.partial is in the way");
    expect(await around()).toEqual(["work", "work/out.partial", "work/out.partial/thesis.txt"]);
  });

  it("takes the place of one that was killed, and leaves nothing but the layout", async () => {
    const set = await handmadeDataset(join(folder, "set"));
    await mkdir(join(`${out}.partial`, "images"), { recursive: true });
    await writeFile(join(`${out}.partial`, ".klish-export"), "");
    await writeFile(join(`${out}.partial`, "images", "half.png"), "");
    await exportJob(request(set), {});
    expect(await readdir(join(folder, "work"))).toEqual(["out"]);
    expect((await readdir(out)).sort()).toEqual(["classes.json", "images", "masks", "train.txt"]);
  });

  it("leaves what was put into its folder meanwhile", async () => {
    const set = await handmadeDataset(join(folder, "set"));
    const late = (): void => void mkdir(join(out, "mine"), { recursive: true });
    await expect(exportJob(request(set), { onProgress: late })).rejects.toThrow("something was put into this folder");
    expect(await readdir(out)).toEqual(["mine"]);
  });
});

describe("a folder that is worked on", () => {
  it.each(["images", "manifest.jsonl", "deep/er"])("is refused where %s is a link that leads out", async (name) => {
    const set = await handmadeDataset(join(folder, "set"));
    await mkdir(join(folder, "elsewhere"));
    await mkdir(join(set, "deep"));
    await rm(join(set, name), { recursive: true, force: true });
    await symlink(join(folder, "elsewhere"), join(set, name));
    await expect(lockFolder(set)).rejects.toThrow(`${name} in ${set} is a symbolic link that leads out`);
  });

  it("is refused where a link leads nowhere, and taken where it stays inside or is the way to the folder", async () => {
    const set = await handmadeDataset(join(folder, "set"));
    await symlink("images", join(set, "pictures"));
    await symlink(set, join(folder, "way"));
    await (await lockFolder(join(folder, "way")))();
    await symlink("gone", join(set, "nowhere"));
    await expect(lockFolder(set)).rejects.toThrow("nowhere in");
  });
});
