import { describe, expect, it } from "vitest";
import { flipped, permuted, plus, readFloat32, squeezed, transposed, unflattened } from "../../src/gan/layout.ts";
import { translateWeights, type WeightRule, weightReader } from "../../src/gan/weights.ts";
import { lazy } from "./tinyStyleGan2.ts";

const values = (t: ReturnType<typeof lazy>) => [t.shape, [...readFloat32(t).data]];

describe("layouts of stored weights", () => {
  it("transposed and permuted move axes", () => {
    expect(values(transposed(lazy([2, 3], [1, 2, 3, 4, 5, 6])))).toEqual([
      [3, 2],
      [1, 4, 2, 5, 3, 6],
    ]);
    // [kh,kw,I,O] = [1,2,1,3] -> [O,I,kh,kw]
    expect(values(permuted(3, 2, 0, 1)(lazy([1, 2, 1, 3], [1, 2, 3, 4, 5, 6])))).toEqual([
      [3, 1, 1, 2],
      [1, 4, 2, 5, 3, 6],
    ]);
  });

  it("flipped reverses each kernel in both axes", () => {
    expect(values(flipped(lazy([2, 1, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])))[1]).toEqual([4, 3, 2, 1, 8, 7, 6, 5]);
  });

  it("squeezed, unflattened and plus", () => {
    expect(values(squeezed(0, 2)(lazy([1, 2, 1], [1, 2])))).toEqual([[2], [1, 2]]);
    expect(unflattened(4, 4)(lazy([2, 48], new Array<number>(96).fill(0))).shape).toEqual([2, 3, 4, 4]);
    expect(values(plus(1)(lazy([2], [1, -1])))[1]).toEqual([2, 0]);
  });

  it("leaves what does not fit as it is, for the reader to refuse", () => {
    const odd = lazy([2, 3], [1, 2, 3, 4, 5, 6]);
    for (const layout of [permuted(3, 2, 0, 1), squeezed(0), unflattened(4, 4)]) expect(layout(odd)).toBe(odd);
  });
});

describe("translateWeights", () => {
  const rules: WeightRule[] = [
    [/^dense(\d)$/, "fc$1", transposed],
    [/^bias(\d)$/, (i) => `fc${Number(i) + 1}`],
    [/^step$/, null],
  ];

  it("renames by the first rule that fits, in the new layout, and keeps the file's name", () => {
    const stored = new Map([
      ["dense0", lazy([1, 2], [3, 4])],
      ["step", lazy([], [1])],
    ]);
    const { weights, ignored } = translateWeights("net", stored, rules);
    expect([...weights.keys()]).toEqual(["fc0"]);
    expect([weights.get("fc0")?.shape, weights.get("fc0")?.storedAs]).toEqual([[2, 1], "dense0"]);
    expect(ignored).toEqual(["step"]);
  });

  it("refuses names that no rule knows, and two that become one", () => {
    const one = lazy([1], [1]);
    expect(() => translateWeights("net", new Map([["odd", one]]), rules)).toThrow(
      "net: the file has weights that are not part of this network (1): odd",
    );
    const clash = new Map([
      ["dense1", one],
      ["bias0", one],
    ]);
    expect(() => translateWeights("net", clash, rules)).toThrow("net: dense1 and bias0 are the same weight, fc1");
  });
});

describe("weightReader", () => {
  const reader = (optional?: RegExp) =>
    weightReader(
      "net",
      new Map([
        ["a", { ...lazy([2], [1, 2]), storedAs: "A/x" }],
        ["b", { ...lazy([1], [Number.NaN]), storedAs: "b" }],
      ]),
      optional,
    );

  it("hands a weight out once, and finish lists what was not taken by the file's name", () => {
    const weights = reader();
    expect([...weights.take("a", [2])]).toEqual([1, 2]);
    expect(() => weights.take("a", [2])).toThrow(/taken twice/);
    expect(() => weights.finish()).toThrow("not part of this network (1): b");
    expect(() => reader().finish()).toThrow("(2): A/x, b");
  });

  it("refuses missing weights, other shapes and NaN, and says where", () => {
    expect(() => reader().take("c", [1])).toThrow("net: the weight c is missing from the file");
    expect(() => reader().take("a", [3])).toThrow("net: a (A/x in the file) has shape [2], expected [3]");
    expect(() => reader().take("b", [1])).toThrow("net: b holds NaN at element 0");
  });

  it("takeIfStored lets only optional weights be missing", () => {
    expect(reader(/^c$/).takeIfStored("c", [1])).toBeUndefined();
    expect(() => reader(/^d$/).takeIfStored("c", [1])).toThrow(/c is missing/);
    expect([...(reader(/^a$/).takeIfStored("a", [2]) ?? [])]).toEqual([1, 2]);
  });
});
