import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mendMask } from "../../../src/dataset/mendMask.ts";
import { decodePng, encodePng } from "../../../src/dataset/png.ts";
import { checkJob } from "../../../src/project/dataset/check.ts";
import { handmadeDataset } from "./handmade.ts";

const [W, H] = [4, 3];
/** A mask of given ids in any depth and number of channels. */
const mask = (ids: readonly number[], bits: 8 | 16, channels: 1 | 3 | 4, factor = 1): Promise<Buffer> => {
  const samples = ids.flatMap((id) =>
    Array.from({ length: channels }, (_, c) => (c === 3 ? (bits === 16 ? 65_535 : 255) : id * factor)),
  );
  const raw = bits === 16 ? Uint16Array.from(samples) : Uint8Array.from(samples);
  const space = channels === 1 ? (bits === 16 ? "grey16" : "b-w") : bits === 16 ? "rgb16" : "srgb";
  return sharp(raw, { raw: { width: W, height: H, channels } })
    .toColourspace(space)
    .png()
    .toBuffer();
};
const IDS = [0, 0, 1, 1, 0, 2, 2, 1, 0, 0, 0, 1];
const BINARY = IDS.map((id) => (id === 1 ? 255 : 0));
const idsOf = (png: Uint8Array | undefined): number[] => {
  if (png === undefined) throw new Error("not mended");
  const { data, channels, bitDepth } = decodePng(png);
  expect([channels, bitDepth]).toEqual([1, 8]);
  return [...data];
};

describe("mendMask()", () => {
  it("keeps the ids of 16-bit samples, widened ones too, and of equal channels", async () => {
    for (const [bits, channels, factor] of [
      [16, 1, 1],
      [16, 1, 257],
      [16, 3, 257],
      [8, 3, 1],
      [8, 4, 1],
    ] as const)
      expect(idsOf(mendMask(await mask(IDS, bits, channels, factor), false)), `${bits} ${channels}`).toEqual(IDS);
  });

  it("makes class 1 of 255 where that was meant, and leaves a palette as it is", async () => {
    const palette = Uint8Array.of(1, 2, 3, 4, 5, 6);
    const png = encodePng({ width: W, height: H, data: Uint8Array.from(BINARY), palette });
    const mended = mendMask(png, true) as Uint8Array;
    expect(idsOf(mended)).toEqual(IDS.map((id) => (id === 1 ? 1 : 0)));
    expect(decodePng(mended).palette).toEqual(palette);
    expect(idsOf(mendMask(png, false))).toEqual(BINARY);
  });

  it("refuses what cannot be ids: other 16-bit values, colours, an alpha that is not full, no PNG", async () => {
    expect(mendMask(await mask(IDS, 16, 1, 300), false)).toBeUndefined();
    const rgb = Uint8Array.from({ length: W * H * 3 }, (_, i) => i);
    expect(mendMask(encodePng({ width: W, height: H, data: rgb }), false)).toBeUndefined();
    const clear = sharp({ create: { width: W, height: H, channels: 4, background: { r: 1, g: 1, b: 1, alpha: 0.5 } } });
    expect(mendMask(await clear.png().toBuffer(), false)).toBeUndefined();
    expect(mendMask(new Uint8Array(99), false)).toBeUndefined();
  });
});

describe("checkJob() with fix", () => {
  let room: string;
  let set: string;
  beforeEach(async () => {
    room = await mkdtemp(join(tmpdir(), "klish-mend-"));
    set = join(room, "set");
    for (const part of ["images", "masks"]) await mkdir(join(set, part), { recursive: true });
    for (const name of ["a", "b"]) {
      const rgb = Uint8Array.from({ length: W * H * 3 }, (_, i) => i * name.charCodeAt(0));
      await writeFile(join(set, "images", `${name}.png`), encodePng({ width: W, height: H, data: rgb }));
    }
  });
  afterEach(() => rm(room, { recursive: true, force: true }));

  const check = (fix: string | null) => checkJob({ folder: set, format: null, recipe: null, fix }, {});
  const errors = async (): Promise<string[]> => (await check(null)).faults.map((f) => f.kind);

  it("writes a mended copy that has no errors left, and changes nothing", async () => {
    await writeFile(join(set, "masks", "a.png"), await mask(BINARY, 16, 1, 257));
    await writeFile(join(set, "masks", "b.png"), await mask(BINARY, 8, 3));
    const before = await readFile(join(set, "masks", "a.png"));
    expect(await errors()).toEqual(["classes-missing", "mask-depth", "mask-channels"]);
    const fixed = join(room, "fixed");
    const result = await check(fixed);
    expect(result.mended).toEqual({ folder: fixed, masks: 2 });
    expect(result.faults.map((f) => f.kind)).toEqual(["classes-missing"]);
    for (const name of ["a", "b"])
      expect(idsOf(await readFile(join(fixed, "masks", `${name}.png`)))).toEqual(IDS.map((id) => (id === 1 ? 1 : 0)));
    expect(await readFile(join(set, "masks", "a.png"))).toEqual(before);
    expect((await readdir(room)).sort()).toEqual(["fixed", "set"]);
    expect((await readdir(fixed, { recursive: true })).sort()).toEqual(
      (await readdir(set, { recursive: true })).sort(),
    );
  });

  it("leaves 255 alone in a set that has other ids too", async () => {
    const ignored = IDS.map((id) => (id === 0 ? 255 : id));
    await writeFile(join(set, "masks", "a.png"), await mask(ignored, 8, 3));
    await writeFile(join(set, "masks", "b.png"), await mask(IDS, 8, 1));
    const fixed = join(room, "fixed");
    expect((await check(fixed)).mended).toMatchObject({ masks: 1 });
    expect(idsOf(await readFile(join(fixed, "masks", "a.png")))).toEqual(ignored);
  });

  it("refuses a folder that holds something, and a dataset of klish", async () => {
    await writeFile(join(set, "masks", "a.png"), await mask(BINARY, 8, 3));
    await expect(check(set)).rejects.toThrow(`${set} is not empty. Choose an empty or new --fix.`);
    const own = await handmadeDataset(join(room, "own"));
    const fix = join(room, "fixed");
    await expect(checkJob({ folder: own, format: null, recipe: null, fix }, {})).rejects.toThrow(
      "is a dataset of klish: the command that made it repairs it",
    );
    expect(await readdir(room)).not.toContain("fixed");
  });
});
