import { describe, expect, it } from "vitest";
import { widenBlock } from "../../src/pixels/kernels/widenBlock.ts";
import { widenHalves } from "../../src/tensor/half.ts";

describe("widenBlock", () => {
  it("has the value of every finite half, in blocks of any length", () => {
    const finite = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((h) => (h & 0x7fff) < 0x7c00);
    for (const length of [1, 3, 4, 32768, finite.length]) {
      const bits = finite.subarray(finite.length - length);
      const out = new Float32Array(length + 1).fill(7);
      widenBlock(bits, out);
      expect(out.subarray(0, length)).toEqual(widenHalves(bits));
      expect(out[length]).toBe(7);
    }
  });
});
