import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IGNORE_LABEL } from "../../../src/dataset/labelMap.ts";
import { decodePng } from "../../../src/dataset/png.ts";
import { encodeOnnx, ONNX_FLOAT } from "../../../src/graph/onnxModel.ts";
import { drawPortrait } from "../../../src/portraits/portrait.ts";
import { type PortraitPicture, renderPortrait } from "../../../src/portraits/render.ts";
import { openSource } from "../../../src/project/dataset/source.ts";
import { segmentJob } from "../../../src/project/segment/job.ts";
import type { SegmentRequest } from "../../../src/project/segment/options.ts";
import { SEGMENTER_METADATA } from "../../../src/project/segment/segmenterModel.ts";
import { shardFolder } from "../../../src/project/shards/shard.ts";

const SIDE = 64;
/** Squares of 64 pixels, and one that is part of a wider photo. */
const drawn = [0, 1, 2].map((seed) => renderPortrait(drawPortrait(seed), SIDE));
const png = ({ rgb }: PortraitPicture) => sharp(rgb, { raw: { width: SIDE, height: SIDE, channels: 3 } }).png();

let folder: string;
let request: SegmentRequest;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-segment-"));
  const images = join(folder, "photos");
  await mkdir(join(images, "more"), { recursive: true });
  await writeFile(join(images, "a.png"), await png(drawn[0]).toBuffer());
  await writeFile(join(images, "more", "b c.png"), await png(drawn[1]).toBuffer());
  const wide = await png(drawn[2]).extend({ left: 20, right: 12, background: "#ffffff" }).toBuffer();
  await writeFile(join(images, "wide.png"), await sharp(wide).resize(192, 128).png().toBuffer());
  await writeFile(join(images, "broken.png"), "no picture");
  request = {
    model: { file: "portraits", size: null, range: [0, 1], output: null },
    images,
    outdir: join(folder, "out"),
    fit: "pad",
    flip: false,
    scales: [1],
    ignoreBelow: 0,
    shard: null,
    threads: 1,
    queue: null,
    root: ".",
  };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const maskOf = async (outdir: string, name: string) => decodePng(await readFile(join(outdir, "masks", `${name}.png`)));
const agreement = (found: ArrayLike<number>, { labels }: PortraitPicture): number =>
  labels.data.filter((id, p) => id === found[p]).length / labels.data.length;

/** Class = the brightest of red, green and blue, of pictures of any size or of one; it says of itself what its classes are. */
function brightestChannel(size: readonly [number | string, number | string] = ["h", "w"]): Uint8Array {
  const weight = new Uint8Array(Float32Array.of(9, 0, 0, 0, 9, 0, 0, 0, 9).buffer);
  const shape = ["n", 3, ...size];
  return encodeOnnx(
    {
      nodes: [{ opType: "Conv", inputs: ["x", "w"], outputs: ["logits"], attributes: {} }],
      initializers: [{ name: "w", dims: [3, 3, 1, 1], dataType: ONNX_FLOAT, rawData: weight }],
      inputs: [{ name: "x", elementType: ONNX_FLOAT, shape }],
      outputs: [{ name: "logits", elementType: ONNX_FLOAT, shape }],
    },
    new Map([
      [
        SEGMENTER_METADATA,
        JSON.stringify({ side: 40, classes: ["l_hand", "sky", "r_hand"].map((name) => ({ name })) }),
      ],
    ]),
  );
}

describe("segmentJob()", () => {
  it("writes masks of the photos' own sizes beside them, and what could not be read", async () => {
    const summary = await segmentJob(request, {});
    expect(summary).toMatchObject({ photos: 3, rejected: [{ photo: "broken.png" }] });
    expect(summary.confidence).toBeGreaterThan(0.8);
    expect(summary.shares.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6);
    expect((await readdir(join(request.outdir, "images"))).sort()).toEqual(["a.png", "more_b_c.png", "wide.png"]);
    for (const [i, name] of ["a", "more_b_c"].entries()) {
      const { width, height, data } = await maskOf(request.outdir, name);
      expect([width, height]).toEqual([SIDE, SIDE]);
      // The model's own share of right pixels on held-back portraits is .97.
      expect(agreement(data, drawn[i])).toBeGreaterThan(0.9);
    }
    const wide = await maskOf(request.outdir, "wide");
    expect([wide.width, wide.height]).toEqual([192, 128]);
  });

  it("leaves a folder that reads as a data set with the model's classes", async () => {
    const source = await openSource([request.outdir], { fromFormat: null, recipe: null, name: "photos" });
    expect(source.info.samples).toBe(3);
    expect(source.info.classes[2]).toEqual({ name: "hair", color: "#7a4a2b", background: false });
  });

  it("continues: what is done stays, a lost line is done again, to the same bytes", async () => {
    const lines = join(request.outdir, "photos.jsonl");
    const before = await readFile(lines, "utf8");
    const masks = await Promise.all(
      ["a", "wide"].map((name) => readFile(join(request.outdir, "masks", `${name}.png`))),
    );
    // Killed in the middle of the last line.
    await writeFile(lines, before.slice(0, -20));
    await rm(join(request.outdir, "masks", "wide.png"));
    expect((await segmentJob(request, {})).photos).toBe(3);
    expect(
      await Promise.all(["a", "wide"].map((name) => readFile(join(request.outdir, "masks", `${name}.png`)))),
    ).toEqual(masks);
  });

  it("refuses a folder whose settings name another place for the pictures", async () => {
    const outdir = join(folder, "theirs");
    await segmentJob({ ...request, outdir }, {});
    const path = join(outdir, "segment.json");
    const settings = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ ...settings, extension: "png/../../../evil" }));
    await rm(join(outdir, "photos.jsonl"));
    await expect(segmentJob({ ...request, outdir }, {})).rejects.toThrow("extension");
  });

  it("refuses a folder of other settings, and photos inside the results", async () => {
    await expect(segmentJob({ ...request, flip: true }, {})).rejects.toThrow(
      "made with another flip (false, not true)",
    );
    await expect(segmentJob({ ...request, outdir: join(request.images, "out") }, {})).rejects.toThrow(
      "overlap: one contains the other",
    );
  });

  it("averages the photo and its mirror, and ignores what is uncertain", async () => {
    const outdir = join(folder, "flipped");
    const { shares } = await segmentJob({ ...request, outdir, flip: true, ignoreBelow: 0.6 }, {});
    const { data } = await maskOf(outdir, "a");
    expect(agreement(data, drawn[0])).toBeGreaterThan(0.88);
    expect(data).toContain(IGNORE_LABEL);
    const masks = await Promise.all(["a", "more_b_c", "wide"].map((name) => maskOf(outdir, name)));
    const pixels = masks.flatMap((mask) => [...mask.data]);
    const ignored = pixels.filter((id) => id === IGNORE_LABEL).length;
    expect(shares.at(-1)).toEqual({ name: "ignored", share: expect.closeTo(ignored / pixels.length, 6) });
  });

  it("takes any model at any size: red is 0, green 1, blue 2, and left turned to right is exchanged", async () => {
    const model = join(folder, "brightest.onnx");
    await writeFile(model, brightestChannel());
    const images = join(folder, "colours.png");
    // 90 x 30: a third of red, of green, of blue.
    const colours = Buffer.from(
      Array.from({ length: 90 * 30 }, (_, p) =>
        [0, 1, 2].map((c) => (Math.floor((p % 90) / 30) === c ? 255 : 0)),
      ).flat(),
    );
    await sharp(colours, { raw: { width: 90, height: 30, channels: 3 } }).toFile(images);
    const read = async (options: Partial<SegmentRequest>, name: string) => {
      const outdir = join(folder, name);
      const summary = await segmentJob(
        { ...request, images, outdir, model: { ...request.model, file: model }, ...options },
        {},
      );
      return { summary, mask: await maskOf(outdir, "colours") };
    };
    const { summary, mask } = await read({}, "any-size");
    expect(summary.shares).toEqual(
      ["l_hand", "sky", "r_hand"]
        .map((name) => ({ name, share: expect.closeTo(1 / 3, 1) }))
        .concat([{ name: "ignored", share: expect.closeTo(0, 6) }]),
    );
    expect([0, 45, 89].map((x) => mask.data[15 * 90 + x])).toEqual([0, 1, 2]);
    // Its classes do not depend on the side that they are on: of the photo turned, "left" is taken for "right".
    const turned = await read({ flip: true, scales: [1, 1.5] }, "any-size-turned");
    expect(turned.mask.data[15 * 90 + 45]).toBe(1);
    expect(turned.summary.confidence).toBeLessThan(summary.confidence);
  });

  it("says when a model takes one size only, when no photo can be read, and what a model that is none takes", async () => {
    const outdir = join(folder, "refused");
    const file = join(folder, "fixed.onnx");
    await writeFile(file, brightestChannel([64, 64]));
    const model = { ...request.model, file };
    await expect(segmentJob({ ...request, model, outdir, scales: [1, 1.5] }, {})).rejects.toThrow(
      "takes pictures of 64x64 pixels only: --scales must be 1",
    );
    const images = join(request.images, "broken.png");
    await expect(segmentJob({ ...request, outdir: join(folder, "none"), images }, {})).rejects.toThrow(
      "none of its 1 photos could be read; the first, broken.png: Input buffer contains unsupported image format.",
    );
  });
});

describe("segmentJob() of shards", () => {
  it("makes what one run makes: each shard its photos, and the same without a shard what is missing, of them all", async () => {
    const few = request;
    // Some batches of photos, and the broken one.
    const images = join(folder, "many");
    await cp(few.images, images, { recursive: true });
    for (let i = 0; i < 20; i++) await writeFile(join(images, `p${i}.png`), await png(drawn[i % 3]).toBuffer());
    const many = { ...few, images };
    const one = { ...many, outdir: join(folder, "one") };
    const expected = await segmentJob(one, {});
    const outdir = join(folder, "shards-of-3");
    const shard = (index: number) => ({ index, of: 3 });
    const part = (index: number, more: Partial<SegmentRequest> = {}) =>
      segmentJob({ ...many, shard: shard(index), outdir: shardFolder(outdir, shard(index)), ...more }, {});
    await part(3);
    const parts = [await part(1), await part(3)];
    expect(parts.reduce((sum, { photos, rejected }) => sum + photos + rejected.length, 0)).toBeLessThan(24);
    expect(parts.every(({ photos }) => photos > 0)).toBe(true);
    // The second is never made: whoever joins makes it up.
    const { folder: joined, ...whole } = await segmentJob({ ...many, outdir }, {});
    const { folder: alone, ...others } = expected;
    expect({ ...whole, sheet: "" }).toEqual({ ...others, sheet: "" });
    const linesOf = async (path: string) => (await readFile(join(path, "photos.jsonl"), "utf8")).split("\n").sort();
    expect(await linesOf(joined)).toEqual(await linesOf(alone));
    const files = (await readdir(alone, { recursive: true })).filter((file) => /\.(png|jpg|json)$/.test(file));
    for (const name of files)
      expect(await readFile(join(joined, name)), name).toEqual(await readFile(join(alone, name)));
    expect(await readdir(joined)).not.toContain("shards");
    expect(await segmentJob({ ...many, outdir }, {})).toMatchObject({ photos: 23 });
  }, 120_000);

  it("is refused where a shard was made in another way", async () => {
    const outdir = join(folder, "shards-of-2");
    const shard = { index: 1, of: 1 };
    await segmentJob({ ...request, shard, outdir: shardFolder(outdir, shard), ignoreBelow: 0.5 }, {});
    await expect(segmentJob({ ...request, outdir }, {})).rejects.toThrow(
      /1-of-1 holds masks made with another ignoreBelow/,
    );
  }, 120_000);
});
