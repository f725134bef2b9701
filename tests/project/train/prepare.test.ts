import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { filesTogether, listImages } from "../../../src/project/storage/imageFiles.ts";
import { chooseResolution } from "../../../src/project/train/pictures/chooseResolution.ts";
import {
  linesPath,
  openImageStore,
  pixelsPath,
  preparedPath,
  toPlanes,
} from "../../../src/project/train/pictures/imageStore.ts";
import { type Preparation, prepareImage } from "../../../src/project/train/pictures/prepareImage.ts";
import { prepareImages, rejectedPath } from "../../../src/project/train/pictures/prepareImages.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { BLUE, halves, pixel, plain, RED, WHITE, writeFiles, writePlainSet } from "./pictures.ts";

const R = 16;
const preparation: Preparation = { crop: "centre", fit: "pad", resize: "lanczos", resolution: R };
const prepared = async (file: Uint8Array, changes: Partial<Preparation> = {}): Promise<Uint8Array> =>
  (await prepareImage(file, { ...preparation, ...changes })).pixels;

let folder: string;
let run: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-pictures-"));
  run = join(folder, "run");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("filesTogether()", () => {
  it("holds no more bytes than there is room for, and one file at least", () => {
    const files = [10, 200, 200, 2 ** 30, 5].map((kilo) => ({
      name: `${kilo}`,
      bytes: kilo * 2 ** 20,
      modified: 0,
      read: async () => new Uint8Array(),
    }));
    const names = (start: number, most: number): string[] => filesTogether(files, start, most).map((f) => f.name);
    expect(names(0, 1)).toEqual(["10"]);
    expect(names(0, 9)).toEqual(["10", "200"]);
    expect(names(2, 9)).toEqual(["200"]);
    expect(names(3, 9)).toEqual([`${2 ** 30}`]);
    expect(names(4, 9)).toEqual(["5"]);
  });
});

describe("prepareImage()", () => {
  it("crops the middle, pads with white, or squashes a picture that is no square", async () => {
    const wide = await halves(64, 32).png().toBuffer();
    const cropped = await prepared(wide, { resize: "nearest" });
    expect([
      pixel(cropped, R, 0, 0),
      pixel(cropped, R, 7, 8),
      pixel(cropped, R, 8, 8),
      pixel(cropped, R, 15, 15),
    ]).toEqual([RED, RED, BLUE, BLUE]);
    const padded = await prepared(wide, { crop: "none", resize: "nearest" });
    expect([3, 4, 11, 12].map((y) => pixel(padded, R, 0, y))).toEqual([WHITE, RED, RED, WHITE]);
    const squashed = await prepared(wide, { crop: "none", fit: "squash", resize: "nearest" });
    expect([pixel(squashed, R, 0, 0), pixel(squashed, R, 15, 15)]).toEqual([RED, BLUE]);
  });

  it("takes a named region", async () => {
    const right = await prepared(await halves(20, 10).png().toBuffer(), {
      crop: [{ share: 0.5 }, { pixels: 0 }, { pixels: 10 }, { pixels: 10 }],
    });
    expect([pixel(right, R, 0, 0), pixel(right, R, 15, 15)]).toEqual([BLUE, BLUE]);
  });

  it("repeats grey, of 8 and 16 bits", async () => {
    const grey = await plain(20, 20, [128, 128, 128]).toColourspace("b-w").jpeg().toBuffer();
    expect((await sharp(grey).metadata()).channels).toBe(1);
    expect(pixel(await prepared(grey), R, 5, 5)).toEqual([128, 128, 128]);
    const deep = await sharp(new Uint16Array(20 * 20).fill(0x8080), { raw: { width: 20, height: 20, channels: 1 } })
      .toColourspace("grey16")
      .png()
      .toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe("ushort");
    expect(pixel(await prepared(deep), R, 5, 5)).toEqual([128, 128, 128]);
  });

  it("lays transparent pixels on white, where they are grey too", async () => {
    const rgba = new Uint8Array(400 * 4).fill(0);
    for (let p = 0; p < 400; p++) rgba.set(p % 20 < 10 ? [255, 0, 0, 255] : [0, 255, 0, 0], p * 4);
    const file = await sharp(rgba, { raw: { width: 20, height: 20, channels: 4 } })
      .png()
      .toBuffer();
    const rgb = await prepared(file, { resize: "nearest" });
    expect([pixel(rgb, R, 0, 0), pixel(rgb, R, 15, 0)]).toEqual([RED, WHITE]);
    const greyAlpha = await sharp(new Uint8Array(800).fill(0), { raw: { width: 20, height: 20, channels: 2 } })
      .toColourspace("b-w")
      .png()
      .toBuffer();
    expect(pixel(await prepared(greyAlpha), R, 3, 3)).toEqual(WHITE);
  });

  it("converts CMYK to red, green and blue", async () => {
    const cmyk = await plain(20, 20, [255, 0, 0]).toColourspace("cmyk").jpeg().toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe("cmyk");
    const [r, g, b] = pixel(await prepared(cmyk), R, 5, 5);
    expect([r > 200, g < 60, b < 60]).toEqual([true, true, true]);
  });

  it("turns a picture upright by its EXIF entry before it crops", async () => {
    // Orientation 6: what is stored at the left is shown at the top.
    const turned = await halves(32, 16)
      .jpeg({ quality: 100, chromaSubsampling: "4:4:4" })
      .withMetadata({ orientation: 6 })
      .toBuffer();
    const { pixels, region } = await prepareImage(turned, { ...preparation, crop: "none", fit: "squash" });
    expect(region).toEqual({ left: 0, top: 0, width: 16, height: 32 });
    const [top, bottom] = [pixel(pixels, R, 8, 1), pixel(pixels, R, 8, 14)];
    expect([top[0] > 200, top[2] < 60, bottom[0] < 60, bottom[2] > 200]).toEqual([true, true, true, true]);
  });
});

describe("listImages()", () => {
  it("finds pictures in all folders, in order of their names, and leaves out what is none", async () => {
    const png = await plain(4, 4, RED).png().toBuffer();
    await writeFiles(folder, {
      "b.PNG": png,
      "a/c.jpg": png,
      "a/b/z.webp": png,
      "B.png": png,
      "a.jpg": png,
      "a.png": png,
      ".hidden.png": png,
      "notes.txt": "",
    });
    await symlink(join(folder, "B.png"), join(folder, "link.png"));
    await symlink(join(folder, "a"), join(folder, "folder.png"));
    const { files, others } = await listImages(folder);
    expect(files.map((f) => f.name)).toEqual(["B.png", "a.jpg", "a.png", "a/b/z.webp", "a/c.jpg", "b.PNG", "link.png"]);
    expect(others).toBe(2);
  });

  it("refuses a data set with masks, and names its pictures", async () => {
    const png = await plain(4, 4, RED).png().toBuffer();
    await writeFiles(folder, { "images/0.png": png, "masks/0.png": png });
    await expect(listImages(folder)).rejects.toThrow(`Give its pictures only: ${join(folder, "images")}`);
    expect((await listImages(join(folder, "images"))).files).toHaveLength(1);
  });

  it.each([
    ["nowhere", /nowhere: there is no such folder or file/],
    ["empty", /holds no pictures \(it is empty\)/],
    ["text", /none of its 1 files ends like one/],
    ["broken.zip", /not a readable \.zip/],
  ])("refuses %s", async (name, message) => {
    await mkdir(join(folder, "empty"));
    await writeFiles(folder, { "text/notes.txt": "", "broken.zip": "PK\u0003\u0004 and no more" });
    await expect(listImages(join(folder, name))).rejects.toThrow(message);
  });

  it("reads a zip, whatever paths its names pretend to, and writes nothing under them", async () => {
    const png = await plain(20, 20, RED).png().toBuffer();
    const zip = zipSync({
      "../../escaped.png": png,
      "/absolute.png": [png, { level: 9 }],
      "sub/x.png": png,
      "__MACOSX/sub/._x.png": strToU8("resource fork"),
      "readme.txt": strToU8("no picture"),
    });
    const path = join(folder, "set.zip");
    await writeFile(path, zip);
    const { files, others } = await listImages(path);
    expect(files.map((f) => f.name)).toEqual(["../../escaped.png", "/absolute.png", "sub/x.png"]);
    expect(others).toBe(2);
    expect(await prepareImages(run, files, preparation, {})).toMatchObject({ count: 3, rejected: 0 });
    expect((await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".png"))).toEqual([]);
  });
});

describe("prepareImages()", () => {
  it("keeps whole pictures in order and lists broken ones with the reason", async () => {
    const whole = await halves(40, 40).jpeg().toBuffer();
    await writeFiles(folder, {
      "set/0.jpg": whole,
      "set/1.jpg": whole.subarray(0, whole.length / 2),
      "set/2.png": "this is text",
      "set/3.png": "",
      "set/4.png": await plain(8, 8, BLUE).png().toBuffer(),
      "set/4.jpg": await plain(40, 40, BLUE).jpeg().toBuffer(),
    });
    await symlink(join(folder, "gone.png"), join(folder, "set/5.png"));
    const notes: (string | undefined)[] = [];
    const { files } = await listImages(join(folder, "set"));
    const result = await prepareImages(run, files, preparation, { onProgress: (p) => notes.push(p.note) });
    expect(result).toMatchObject({ count: 3, rejected: 4, enlarged: 1, resolution: R });
    expect(notes.at(-1)).toBe("4 rejected");
    const rejected = (await readFile(rejectedPath(run), "utf8")).trim().split("\n");
    expect(rejected.map((line) => line.split("\t")[0])).toEqual(["1.jpg", "2.png", "3.png", "5.png"]);
    expect(rejected[0]).toMatch(/premature end of JPEG|corrupt header/);
    expect(rejected[1]).toMatch(/unsupported image format/);
    expect(rejected[3]).toMatch(/ENOENT/);

    const store = await openImageStore(run, result);
    const images = await store.read([
      { index: 2, mirrored: false },
      { index: 0, mirrored: true },
    ]);
    await store.close();
    expect(images.shape).toEqual([2, 3, R, R]);
    // 4.png is blue: -1, -1, 1. 0.jpg is turned: blue at the left, red at the right.
    const at = (n: number, c: number, x: number) => images.data[((n * 3 + c) * R + 8) * R + x];
    expect([at(0, 0, 3), at(0, 1, 3), at(0, 2, 3)]).toEqual([-1, -1, 1]);
    expect([at(1, 0, 1) < -0.9, at(1, 2, 1) > 0.9, at(1, 0, 14) > 0.9, at(1, 2, 14) < -0.9]).toEqual(
      Array(4).fill(true),
    );
  });

  it("averages squares of pixels for smaller images", async () => {
    const quarters = new Uint8Array(R * R * 3);
    // Red: 4 at even columns, 8 at odd ones, 100 more in the right half; green: the row; blue: 255.
    for (let y = 0; y < R; y++)
      for (let x = 0; x < R; x++) quarters.set([(x % 2 ? 8 : 4) + (x < R / 2 ? 0 : 100), y, 255], (y * R + x) * 3);
    const small = tensor([1, 3, R / 2, R / 2]);
    toPlanes(quarters, small.data, R / 2, { shrink: 2, mirrored: true });
    const at = (c: number, y: number, x: number) => (small.data[(c * (R / 2) + y) * (R / 2) + x] + 1) * 127.5;
    expect([at(0, 0, 0), at(0, 3, R / 2 - 1)].map((v) => Number(v.toFixed(3)))).toEqual([106, 6]);
    expect([at(1, 0, 0), at(1, 3, 2)].map((v) => Number(v.toFixed(3)))).toEqual([0.5, 6.5]);
    expect(small.data[2 * (R / 2) ** 2]).toBe(1);

    await writeFiles(folder, { "set/a.png": await halves(R, R).png().toBuffer() });
    const { files } = await listImages(join(folder, "set"));
    const store = await openImageStore(run, await prepareImages(run, files, preparation, {}), R / 4);
    const images = await store.read([{ index: 0, mirrored: false }]);
    await store.close();
    expect([store.resolution, images.shape]).toEqual([R / 4, [1, 3, R / 4, R / 4]]);
    expect([...images.data.subarray(0, R / 4)]).toEqual([1, 1, -1, -1]);
  });

  it("refuses a set of nothing but broken pictures, with the first one's reason", async () => {
    await writeFiles(folder, { "set/a.png": "x", "set/b.png": "y" });
    const { files } = await listImages(join(folder, "set"));
    await expect(prepareImages(run, files, preparation, {})).rejects.toThrow(
      /none of the 2 pictures can be used; a\.png: .*unsupported/,
    );
  });

  it("continues what a kill left: half a line, pixels without a line, a line without its pixels", async () => {
    const set = join(folder, "set");
    await writePlainSet(set, 6);
    await writeFiles(set, { "03.png": "broken" });
    const { files } = await listImages(set);
    const expected = await prepareImages(run, files, preparation, {});
    const pixels = await readFile(pixelsPath(run));
    const lines = await readFile(linesPath(run), "utf8");
    const again = async () => {
      expect(await prepareImages(run, files, preparation, {})).toEqual(expected);
      expect((await readFile(pixelsPath(run))).equals(pixels)).toBe(true);
      expect(await readFile(linesPath(run), "utf8")).toBe(lines);
    };
    const ends = [...lines.matchAll(/\n/g)].map((m) => m.index + 1);
    for (const [lineBytes, pixelBytes] of [
      [ends[3] + 20, pixels.length],
      [ends[4], 2 * R * R * 3 + 100],
      [0, 10],
      [lines.length, pixels.length],
    ]) {
      await rm(preparedPath(run));
      await truncate(linesPath(run), lineBytes);
      await truncate(pixelsPath(run), pixelBytes);
      await again();
    }
    await rm(preparedPath(run));
    await appendFile(linesPath(run), '{"name":"later.png"');
    await again();
  });

  it("stops when told to, and continues", async () => {
    const set = join(folder, "set");
    await writePlainSet(set, 3);
    const { files } = await listImages(set);
    await expect(
      prepareImages(run, files, preparation, { signal: AbortSignal.abort(new Error("stopped")) }),
    ).rejects.toThrow("stopped");
    expect(await prepareImages(run, files, preparation, {})).toMatchObject({ count: 3 });
  });

  it("notices pictures that were added, removed or changed, not those that were only touched", async () => {
    const set = join(folder, "set");
    await writePlainSet(set, 4);
    const again = async () => prepareImages(run, (await listImages(set)).files, preparation, {});
    const first = await again();
    await utimes(join(set, "01.png"), 1, 1);
    expect(await again()).toEqual(first);
    expect(await prepareImages(run, undefined, preparation, {})).toEqual(first);
    await writeFiles(set, {
      "01.png": await readFile(join(set, "02.png")),
      "99.png": await readFile(join(set, "02.png")),
    });
    await rm(join(set, "00.png"));
    await expect(again()).rejects.toThrow("1 added (99.png); 1 gone (00.png); 1 changed (01.png)");
  });

  it("says when prepared pixels are missing or cut short", async () => {
    await writePlainSet(join(folder, "set"), 2);
    const result = await prepareImages(run, (await listImages(join(folder, "set"))).files, preparation, {});
    await truncate(pixelsPath(run), 1000);
    await expect(openImageStore(run, result)).rejects.toThrow("has 1000 bytes, expected 1536");
    await rm(pixelsPath(run));
    await expect(openImageStore(run, result)).rejects.toThrow("is missing");
  });
});

describe("chooseResolution()", () => {
  it.each([
    [[40, 40, 200], 32],
    [[500, 700, 64], 64],
    [[8, 9, 10], 16],
  ])("of pictures of %j pixels is %i", async (sides, expected) => {
    for (const [i, side] of sides.entries())
      await writeFiles(folder, {
        [`${i}.png`]: await plain(side, side + 5, RED)
          .png()
          .toBuffer(),
      });
    await writeFiles(folder, { "broken.png": "" });
    const { files } = await listImages(folder);
    expect(await chooseResolution(files, preparation)).toBe(expected);
  });
});

it("prepareImages() does not unpack what no picture can be, and names it", async () => {
  const zip = join(folder, "set.zip");
  const picture = await halves(20, 20).png().toBuffer();
  const bomb = new Uint8Array(17 * 2 ** 20);
  await writeFile(zip, zipSync({ "a.png": picture, "b.png": [bomb, { level: 9 }], "c.jpg": [bomb, { level: 9 }] }));
  const { files } = await listImages(zip);
  expect(await prepareImages(run, files, preparation, {})).toMatchObject({ count: 1, rejected: 2 });
  expect(await readFile(rejectedPath(run), "utf8")).toMatch(
    /^b\.png\t\d+ bytes of the archive unfold to 17825792: not a picture\nc\.jpg\t/,
  );
});
