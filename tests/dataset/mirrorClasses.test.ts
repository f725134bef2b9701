import { describe, expect, it } from "vitest";
import { mirrorClasses } from "../../src/dataset/mirrorClasses.ts";

describe("mirrorClasses()", () => {
  it("exchanges sides that are words of the name, however they are written", () => {
    expect([...mirrorClasses(["skin", "l_eye", "r_eye", "Left Ear", "right ear", "brow-r", "brow-l"])]).toEqual([
      0, 2, 1, 4, 3, 6, 5,
    ]);
  });

  it("leaves names without a partner, and letters within words", () => {
    expect([...mirrorClasses(["l_lip", "u_lip", "ear_r", "neck_l", "neck", "hair", "lamp", "ramp"])]).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7,
    ]);
  });
});
