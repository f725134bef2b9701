/** Batches of photos by a worker's thread, without a queue: what it makes, what it refuses to begin, and which answers are believed. */
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodePng } from "../../../src/dataset/png.ts";
import { hashOf } from "../../../src/project/dataset/sample.ts";
import { openRoot, type Root } from "../../../src/project/queue/root.ts";
import type { OpenTask } from "../../../src/project/queue/task.ts";
import { entryOf, type MadePhoto } from "../../../src/project/segment/batch.ts";
import { checkBatch } from "../../../src/project/segment/checkBatch.ts";
import { segmentJob } from "../../../src/project/segment/job.ts";
import { listPhotos, photosSha256, planPhotos } from "../../../src/project/segment/photos.ts";
import { loadSegmentSettings, readEntries, settingsSha256 } from "../../../src/project/segment/record.ts";
import { openSegmenter, type Segmenter } from "../../../src/project/segment/segmenter.ts";
import {
  type PhotosPiece,
  type PhotosSetup,
  photosPiece,
  photosSetup,
  segmentBatches,
} from "../../../src/project/segment/task.ts";
import { photosOf } from "./photos.ts";
import { writeTinySegmenter } from "./tinySegmenter.ts";

let folder: string;
let root: Root;
let setup: PhotosSetup;
let segmenter: Segmenter;
let task: OpenTask<PhotosPiece, MadePhoto[]>;
const at = (...names: string[]): string => join(folder, ...names);
const host = () => ({ root, threads: 1, url: "redis://nobody", name: "w", silence: 2 });

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "klish-photos-")));
  await photosOf(at("photos"), 4);
  await writeFile(at("photos", "broken.png"), "no picture");
  await writeTinySegmenter(folder);
  const model = { file: at("segmenter.safetensors") };
  await segmentJob({ model, images: at("photos"), outdir: at("alone"), threads: 1 });
  await mkdir(at("set"));
  await cp(at("alone", "segment.json"), at("set", "segment.json"));
  root = await openRoot(folder);
  setup = {
    ...{ outdir: "set", settingsSha256: await settingsSha256(at("set")), images: "photos" },
    ...{ photosSha256: photosSha256(await listPhotos(at("photos"))), model: { path: "segmenter.safetensors" } },
  };
  segmenter = await openSegmenter({ ...model, size: null, range: [0, 1], output: null }, { threads: 1 });
  task = await segmentBatches.open(setup, host());
});
afterAll(async () => {
  await task.close();
  await segmenter.dispose();
  await rm(folder, { recursive: true, force: true });
});

const planned = async () => planPhotos(await listPhotos(at("photos")));
const pieceOf = async (): Promise<PhotosPiece> =>
  (await planned()).map(({ file: { name: photo, bytes }, name }) => ({ photo, bytes, name }));

describe("segmentJob() by a queue", () => {
  it("says what the machines do not share, before any server is asked", async () => {
    const model = { file: at("segmenter.safetensors") };
    const queue = { queue: "redis://127.0.0.1:1", root: at("small") };
    await mkdir(at("small"));
    const run = (more: object) =>
      segmentJob({ model, images: at("photos"), outdir: at("small", "a"), ...queue, ...more });
    await expect(run({})).rejects.toThrow(/photos is not in .*small, which the machines share/);
    await cp(at("photos"), at("small", "photos"), { recursive: true });
    await symlink(at("photos", "p0.png"), at("small", "photos", "link.png"));
    await expect(
      run({ model: { file: "portraits" }, images: at("small", "photos"), outdir: at("small", "b") }),
    ).rejects.toThrow(/link.png is not in/);
  });
});

describe("segmentBatches", () => {
  it("makes the files and lines of a run without a queue, and its answer is believed", async () => {
    const made = segmentBatches.answer.parse(JSON.parse(JSON.stringify(await task.run(await pieceOf()))));
    const photos = await planned();
    const alone = await readEntries(at("alone"));
    expect(photos.map((photo, i) => entryOf(photo, made[i]))).toEqual(photos.map(({ file }) => alone.get(file.name)));
    for (const { file, name } of photos.filter(({ file }) => file.name !== "broken.png"))
      for (const path of [join("masks", `${name}.png`), join("images", `${name}.png`)])
        expect(await readFile(at("set", path)), file.name).toEqual(await readFile(at("alone", path)));
    const settings = (await loadSegmentSettings(at("set")))!;
    await checkBatch(at("set"), settings, segmenter, { index: 0, photos }, made);

    type Found = Exclude<MadePhoto, { readonly rejected: string }>;
    const [broken, first] = [made[0], made[1] as Found];
    const { width, height } = first;
    const refused = (changed: readonly MadePhoto[]) =>
      expect(checkBatch(at("set"), settings, segmenter, { index: 0, photos }, changed)).rejects;
    const instead = (change: object): MadePhoto[] => [broken, { ...first, ...change } as MadePhoto, ...made.slice(2)];
    await refused(made.slice(1)).toThrow("4 photos, expected 5");
    await refused([first, ...made.slice(1)]).toThrow("broken.png: it cannot be read, and has a mask");
    await refused([broken, { rejected: "ugly" }, ...made.slice(2)]).toThrow("it can be read, and was rejected (ugly)");
    await refused(instead({ width: 7 })).toThrow(`a size of 7x${height} pixels, expected ${width}x${height} pixels`);
    await refused(instead({ pixels: [[3, width * height]] })).toThrow("a class that there is not");
    await refused(instead({ pixels: [[1, 1]] })).toThrow("a mask with other classes than it says");
    await refused(instead({ mask: { bytes: 1, sha256: "0" } })).toThrow("has another content than it says");
    const { name } = photos[1];
    const wide = encodePng({ width: width * 2, height, data: new Uint8Array(width * 2 * height) });
    await writeFile(at("set", "masks", `${name}.png`), wide);
    await refused(instead({ mask: hashOf(wide) })).toThrow(`a mask of ${width * 2}x${height} pixels`);
    await cp(at("alone", "masks", `${name}.png`), at("set", "masks", `${name}.png`));
    const other = await sharp(await readFile(at("photos", "p1.png")))
      .negate()
      .png()
      .toBuffer();
    await writeFile(at("set", "images", `${name}.png`), other);
    await refused(instead({ picture: hashOf(other) })).toThrow("a picture that is not the photo");
    await rm(at("set", "images", `${name}.png`));
    await refused(made).toThrow("is not in the shared folder");
  });

  it("does nothing with photos that are others here, or lie outside the root", async () => {
    const [, first] = await pieceOf();
    await expect(task.run([{ ...first, bytes: 1 }])).rejects.toThrow(/p0.png has \d+ bytes here, and 1 where/);
    await expect(task.run([{ ...first, photo: "none.png" }])).rejects.toThrow("photos/none.png is not in");
    await expect(task.run([{ ...first, photo: "../segmenter.safetensors" }])).rejects.toThrow();
    await symlink("/etc/hostname", at("photos", "link.png"));
    await expect(task.run([{ ...first, photo: "link.png" }])).rejects.toThrow("leads out of");
    await rm(at("photos", "link.png"));
    const names = (name: string) => photosPiece.safeParse([{ ...first, name }]).success;
    expect(["a-b_1", "../x", "a/b", "", "a.b"].map(names)).toEqual([true, false, false, false, false]);
    const paths = (path: string) => photosSetup.safeParse({ ...setup, model: { path } }).success;
    expect(["runs/one", "../x", "/etc/passwd"].map(paths)).toEqual([true, false, false]);
    expect(photosSetup.safeParse({ ...setup, model: { shipped: "https://host/x" } }).success).toBe(false);
  });

  it("does not begin with other settings or another segmenter", async () => {
    const refused = (more: Partial<PhotosSetup>) => expect(segmentBatches.open({ ...setup, ...more }, host())).rejects;
    await refused({ settingsSha256: "0".repeat(64) }).toThrow("segment.json is not that of the run");
    await refused({ model: { shipped: "portraits" } }).toThrow("is not the segmenter of the run");
  });
});
