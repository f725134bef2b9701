import { describe, expect, it } from "vitest";
import { cropRegion, parseCrop, placeInSquare } from "../../../src/project/train/pictures/framing.ts";

describe("parseCrop()", () => {
  it("reads pixels, percent and parts", () => {
    expect(parseCrop("centre")).toBe("centre");
    expect(parseCrop("center")).toBe("centre");
    expect(parseCrop("none")).toBe("none");
    expect(parseCrop("1, 25%,12/48,7")).toEqual([{ pixels: 1 }, { share: 0.25 }, { share: 0.25 }, { pixels: 7 }]);
  });

  it.each(["", "left", "1,2,3", "1,2,3,4,5", "-1,0,5,5", "1.5,0,5,5", "0,0,0,5", "0,0,120%,5", "0,0,5/0,5", "0,0,x,5"])(
    "refuses %j",
    (text) => expect(() => parseCrop(text)).toThrow(RangeError),
  );
});

describe("cropRegion()", () => {
  it("takes the middle square, the left or upper one of two", () => {
    expect(cropRegion({ width: 9, height: 4 }, "centre")).toEqual({ left: 2, top: 0, width: 4, height: 4 });
    expect(cropRegion({ width: 3, height: 5 }, "centre")).toEqual({ left: 0, top: 1, width: 3, height: 3 });
  });

  it("finds CelebA-HQ's framing in CelebA's pictures, and in those squashed to 64x64", () => {
    const crop = parseCrop("12/178,37/218,158/178,158/218");
    expect(cropRegion({ width: 178, height: 218 }, crop)).toEqual({ left: 12, top: 37, width: 158, height: 158 });
    // 12 * 64 / 178 = 4.3, 170 * 64 / 178 = 61.1; 37 * 64 / 218 = 10.9, 195 * 64 / 218 = 57.2
    expect(cropRegion({ width: 64, height: 64 }, crop)).toEqual({ left: 4, top: 11, width: 57, height: 46 });
  });

  it("refuses a region that the picture has not", () => {
    const region = (width: number, height: number) => cropRegion({ width, height }, parseCrop("2,2,6,6"));
    expect(region(8, 8)).toEqual({ left: 2, top: 2, width: 6, height: 6 });
    expect(() => region(7, 8)).toThrow("reaches outside this picture of 7x8 pixels");
    expect(() => region(2, 100)).toThrow(RangeError);
  });
});

describe("placeInSquare()", () => {
  it("keeps the ratio of the sides in the middle, or squashes", () => {
    expect(placeInSquare({ width: 200, height: 50 }, "pad", 16)).toEqual({ left: 0, top: 6, width: 16, height: 4 });
    expect(placeInSquare({ width: 1, height: 999 }, "pad", 16)).toEqual({ left: 7, top: 0, width: 1, height: 16 });
    expect(placeInSquare({ width: 200, height: 50 }, "squash", 16)).toEqual({ left: 0, top: 0, width: 16, height: 16 });
  });
});
