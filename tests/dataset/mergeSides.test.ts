import { describe, expect, it } from "vitest";
import { mergeSides } from "../../src/dataset/mergeSides.ts";

describe("mergeSides()", () => {
  it("makes the paper's 15 parts of CelebAMask-HQ's 18", () => {
    const names = [
      ...["background", "skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear", "mouth"],
      ...["u_lip", "l_lip", "hair", "hat", "ear_r", "neck_l", "neck", "cloth"],
    ];
    const merged = mergeSides(names);
    expect(merged.names).toEqual([
      ...["background", "skin", "nose", "eye_g", "eye", "brow", "ear", "mouth", "u_lip", "l_lip", "hair", "hat"],
      ...["ear_r", "neck_l", "neck", "cloth"],
    ]);
    expect([...merged.idOf]).toEqual([0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
  });

  it("knows sides at the end and in words", () => {
    expect(mergeSides(["arm left", "arm right", "Left Leg", "Right Leg"]).names).toEqual(["arm", "Leg"]);
  });
});
