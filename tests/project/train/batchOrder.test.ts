import { describe, expect, it } from "vitest";
import { type BatchItem, batchOrder } from "../../../src/project/train/pictures/batchOrder.ts";

const options = { count: 10, mirror: false, seed: 7 };
const sequence = (items: number, changes: Partial<typeof options> = {}): BatchItem[] => {
  const order = batchOrder({ ...options, ...changes });
  return Array.from({ length: items / 4 }, (_, i) => order(4 * i, 4)).flat();
};

describe("batchOrder()", () => {
  it("gives the same pictures in batches of any size, whatever was asked for before", () => {
    const forward = batchOrder(options);
    const expected = Array.from({ length: 30 }, (_, i) => forward(4 * i, 4));
    const backward = batchOrder(options);
    for (let i = 29; i >= 0; i--) expect(backward(4 * i, 4)).toEqual(expected[i]);
    expect(batchOrder(options)(68, 8)).toEqual([...expected[17], ...expected[18]]);
  });

  it("shows every picture once an epoch, in another order each time, across the borders of batches", () => {
    const items = sequence(20);
    const epochs = [items.slice(0, 10), items.slice(10)].map((epoch) => epoch.map((item) => item.index));
    for (const epoch of epochs) expect([...epoch].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(epochs[0]).not.toEqual(epochs[1]);
    expect(items.some((item) => item.mirrored)).toBe(false);
  });

  it("shows every picture both ways with mirror", () => {
    const shown = sequence(20, { mirror: true }).map(({ index, mirrored }) => `${index}${mirrored ? "m" : ""}`);
    expect(new Set(shown).size).toBe(20);
  });

  it("depends on the seed, and serves sets that are smaller than a batch", () => {
    expect(sequence(20, { seed: 8 })).not.toEqual(sequence(20));
    expect(new Set(sequence(4, { count: 2 }).map((item) => item.index))).toEqual(new Set([0, 1]));
  });
});
