import { describe, expect, it } from "vitest";
import { roundToHalves, widenHalves } from "../../src/tensor/half.ts";
import { RandomState } from "../../src/tensor/random.ts";

const bitsOf = (x: number): number => roundToHalves(Float32Array.of(x))[0];

describe("half precision", () => {
  it("widenHalves and roundToHalves are inverse on every half that is a number", () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((h) => (h & 0x7fff) <= 0x7c00);
    const values = new Float32Array(bits.length);
    widenHalves(bits, values);
    expect(roundToHalves(values)).toEqual(bits);
  });

  it("widenHalves knows the values of the standard", () => {
    const out = new Float32Array(6);
    widenHalves(Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x7c00), out);
    expect([...out]).toEqual([1, -2, 65504, 2 ** -14, 2 ** -24, Number.POSITIVE_INFINITY]);
  });

  it("roundToHalves rounds to nearest, ties to even", () => {
    expect(bitsOf(1 + 2 ** -11)).toBe(0x3c00);
    expect(bitsOf(1 + 3 * 2 ** -11)).toBe(0x3c02);
    expect(bitsOf(1 + 2 ** -11 + 2 ** -20)).toBe(0x3c01);
    expect(bitsOf(2 ** -25)).toBe(0);
    expect(bitsOf(-(2 ** -25) * 1.5)).toBe(0x8001);
    expect(bitsOf(65519)).toBe(0x7bff);
    expect(bitsOf(65520)).toBe(0x7c00);
    expect(bitsOf(Number.NaN)).toBe(0x7e00);
  });

  it("roundToHalves is within half a unit in the last place of random numbers", () => {
    const random = new RandomState(1);
    const values = Float32Array.from({ length: 5000 }, () => random.randn() * 2 ** (random.randint(20) - 10));
    const back = new Float32Array(values.length);
    widenHalves(roundToHalves(values), back);
    for (const [i, x] of values.entries())
      expect(Math.abs(back[i] - x)).toBeLessThanOrEqual(Math.max(Math.abs(x) * 2 ** -11, 2 ** -25));
  });
});
