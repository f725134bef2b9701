import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { framed, framePhoto, photoSize, windowIn } from "../../../src/project/segment/frame.ts";
import { pictureExtension, planPhotos } from "../../../src/project/segment/photos.ts";

const file = (name: string) => ({ name, bytes: 1, modified: 0, read: async () => new Uint8Array() });

describe("framePhoto()", () => {
  it("keeps the photo's shape, in the middle of a fixed input", () => {
    expect(framePhoto({ width: 200, height: 100 }, { width: 64, height: 64 }, "pad")).toEqual({
      width: 64,
      height: 64,
      inside: { left: 0, top: 16, width: 64, height: 32 },
    });
  });

  it("chooses an input of whole steps where it may vary", () => {
    expect(framePhoto({ width: 178, height: 218 }, { longest: 64, step: 32 }, "pad")).toEqual({
      width: 64,
      height: 64,
      inside: { left: 6, top: 0, width: 52, height: 64 },
    });
  });

  it("stretches where it is told to", () => {
    const frame = framePhoto({ width: 10, height: 20 }, { width: 64, height: 64 }, "squash");
    expect(frame.inside).toEqual({ left: 0, top: 0, width: 64, height: 64 });
  });

  it("windowIn() gives the photo's place in smaller maps", () => {
    const frame = framePhoto({ width: 200, height: 100 }, { width: 64, height: 64 }, "pad");
    expect(windowIn(frame, { width: 16, height: 8 })).toEqual({ left: 0, top: 2, width: 16, height: 4 });
  });
});

describe("framed()", () => {
  it("turns photos upright and repeats their edges around them", async () => {
    // Stored 2 x 1, red then blue; EXIF orientation 6: shown turned right, red above blue.
    const raw = Buffer.from([255, 0, 0, 0, 0, 255]);
    const photo = await sharp(raw, { raw: { width: 2, height: 1, channels: 3 } })
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer();
    const size = await photoSize(photo);
    expect(size).toEqual({ width: 1, height: 2 });
    const frame = framePhoto(size, { width: 4, height: 2 }, "pad");
    expect(frame.inside).toEqual({ left: 1, top: 0, width: 1, height: 2 });
    const row = (rgb: number[]): number[] => Array.from({ length: 4 }, () => rgb).flat();
    expect([...(await framed(photo, frame))]).toEqual([...row([255, 0, 0]), ...row([0, 0, 255])]);
  });
});

describe("photos", () => {
  it("planPhotos() gives every photo a stem of its own that any file system takes", () => {
    const names = ["a/IMG 1.jpg", "a_IMG_1.png", "b/../ü.jpg", "A_img_1.webp"].map(file);
    expect(planPhotos(names).map(({ name }) => name)).toEqual(["a_IMG_1", "a_IMG_1-2", "b_", "A_img_1-3"]);
  });

  it("pictureExtension() keeps a common format, and is PNG otherwise", () => {
    expect(pictureExtension(["a.jpg", "b.JPEG"].map(file))).toBe("jpg");
    expect(pictureExtension(["a.jpg", "b.png"].map(file))).toBe("png");
    expect(pictureExtension(["a.heic"].map(file))).toBe("png");
  });
});
