import { describe, expect, it } from "vitest";
import { denseFeatures } from "../../../src/pixels/denseFeatures.ts";
import { withMembers } from "../../../src/pixels/pixels.ts";
import { withKeptRows } from "../../../src/pixels/shards/keptRows.ts";
import { tensor } from "../../../src/tensor/tensor.ts";

/** Ten pixels of two channels, [n, -n], and the pixels whose rows are fetched. */
function counted() {
  const data = Float32Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? i / 2 : -(i - 1) / 2));
  const plain = denseFeatures(tensor([10, 2], data));
  const fetched: number[][] = [];
  const own = withMembers(plain, {
    async rows(index, out) {
      fetched.push([...index]);
      await null;
      return plain.rows(index, out);
    },
  });
  return { own, fetched };
}
const ROW = 8;
const rowsOf = (...index: number[]): Float32Array => Float32Array.from(index.flatMap((n) => [n, -n]));

describe("withKeptRows", () => {
  it("fetches all rows once, where there is room for them, and computes from these", async () => {
    const { own, fetched } = counted();
    const pixels = withKeptRows(own, 1000 * ROW);
    expect(fetched).toEqual([]);
    expect(await pixels.rows(Int32Array.of(7, 2, 3))).toEqual(rowsOf(7, 2, 3));
    expect(await pixels.rows(Int32Array.of(3, 9, 7, 0))).toEqual(rowsOf(3, 9, 7, 0));
    expect(await pixels.scores(Float32Array.of(2, 1), Float32Array.of(0.5), undefined, { start: 4, end: 6 })).toEqual(
      Float32Array.of(4.5, 5.5),
    );
    expect(fetched).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]);
  });

  it("keeps of the pixels that share a place the last one", async () => {
    const { own, fetched } = counted();
    const pixels = withKeptRows(own, 4 * ROW + 1);
    expect(await pixels.rows(Int32Array.of(1, 5, 2))).toEqual(rowsOf(1, 5, 2));
    expect(await pixels.rows(Int32Array.of(5, 1, 6, 2))).toEqual(rowsOf(5, 1, 6, 2));
    expect(fetched).toEqual([
      [1, 5, 2],
      [1, 6],
    ]);
  });

  it("mixes up no calls that are under way at once", async () => {
    const { own } = counted();
    const pixels = withKeptRows(own, 2 * ROW);
    const wanted = [[0, 1], [2, 1, 4], [0], [3, 0, 2], [1]];
    const found = await Promise.all(wanted.map((index) => pixels.rows(Int32Array.from(index))));
    expect(found).toEqual(wanted.map((index) => rowsOf(...index)));
  });

  it("makes passes cheap where there is room for all rows", () => {
    const dear = withMembers(counted().own, { passCost: "dear" });
    expect([10, 9, 0].map((rows) => withKeptRows(dear, rows * ROW).passCost)).toEqual(["cheap", "dear", "dear"]);
  });

  it("keeps nothing without room, and refuses pixels that there are not", async () => {
    const { own } = counted();
    expect(withKeptRows(own, ROW - 1)).toBe(own);
    await expect(withKeptRows(own, 2 * ROW).rows(Int32Array.of(-1))).rejects.toThrow(/pixel -1 is outside 0 to 9/);
  });
});
