import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CheckpointError } from "../../src/checkpoint/stateDict.ts";
import { type ElementType, type StoredElements, storedTensor } from "../../src/checkpoint/storedTensor.ts";
import { sizeOf } from "../../src/tensor/tensor.ts";

const stored = (bytes: Uint8Array, element: ElementType, count: number, rest: Partial<StoredElements>) =>
  storedTensor({ name: "t", bytes: () => bytes, element, count, littleEndian: true, shape: [count], ...rest });
const range = (n: number) => Uint8Array.from({ length: n }, (_, i) => i);

describe("storedTensor", () => {
  it("reads a transposed view with an offset", () => {
    const t = stored(range(7), "uint8", 7, { shape: [3, 2], strides: [1, 3], offset: 1 });
    expect([...t.read().data]).toEqual([1, 4, 2, 5, 3, 6]);
  });

  it("repeats elements of stride 0 and reads empty tensors and scalars", () => {
    expect([...stored(range(2), "uint8", 2, { shape: [3], strides: [0], offset: 1 }).read().data]).toEqual([1, 1, 1]);
    expect(stored(range(0), "float32", 0, { shape: [0, 3] }).read().data).toHaveLength(0);
    expect([...stored(range(1), "int8", 1, { shape: [] }).read().data]).toEqual([0]);
  });

  it("finds element (i0, i1, …) at offset + Σ i_k stride_k, whatever the layout and the element's width", () => {
    const layout = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }).chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        strides: fc.tuple(...shape.map(() => fc.integer({ min: 0, max: 9 }))),
        offset: fc.nat(5),
        width: fc.constantFrom(
          ["uint8", 1] as const,
          ["uint16", 2] as const,
          ["uint32", 4] as const,
          ["float64", 8] as const,
        ),
      }),
    );
    fc.assert(
      fc.property(layout, ({ shape, strides, offset, width: [element, width] }) => {
        const count = 200;
        const values =
          element === "float64"
            ? Float64Array
            : element === "uint32"
              ? Uint32Array
              : element === "uint16"
                ? Uint16Array
                : Uint8Array;
        const bytes = new Uint8Array(values.from(Array.from({ length: count }, (_, i) => i)).buffer);
        expect(bytes.length).toBe(count * width);
        const { data } = stored(bytes, element, count, { shape, strides, offset }).read();
        for (let i = 0; i < sizeOf(shape); i++) {
          let at = offset;
          for (let axis = shape.length - 1, rest = i; axis >= 0; axis--) {
            at += (rest % shape[axis]!) * strides[axis]!;
            rest = Math.floor(rest / shape[axis]!);
          }
          expect(data[i]).toBe(at);
        }
      }),
    );
  });

  it("widens every half to its value", () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const { data } = stored(new Uint8Array(bits.buffer), "float16", 65536, {}).read();
    expect(data[0x3555]).toBe((1 + 0x155 / 1024) / 4);
    expect(data[0x7bff]).toBe(65504);
    expect(data[0x0001]).toBe(2 ** -24);
    expect(data[0x03ff]).toBe(1023 * 2 ** -24);
    expect(data[0xfc00]).toBe(Number.NEGATIVE_INFINITY);
    expect(Object.is(data[0x8000], -0)).toBe(true);
    expect(data[0x7e00]).toBeNaN();
    // Halves of one sign are ordered as their bits are.
    for (let i = 1; i <= 0x7c00; i++) expect(Number(data[i]!) > Number(data[i - 1]!)).toBe(true);
  });

  it("swaps big-endian elements", () => {
    const t = stored(Uint8Array.of(0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0), "float32", 2, { littleEndian: false });
    expect([...t.read().data]).toEqual([1, -2]);
  });

  it.each<[string, Partial<StoredElements>]>([
    ["an offset past the end", { shape: [4], offset: 7 }],
    ["a stride past the end", { shape: [4], strides: [4] }],
    ["a negative stride", { shape: [2], strides: [-1], offset: 3 }],
    ["a negative size", { shape: [-2] }],
    ["a fraction", { shape: [1.5] }],
    ["strides of another rank", { shape: [2, 2], strides: [1] }],
    ["rank 9", { shape: new Array(9).fill(1) }],
    ["a size without end at no cost", { shape: [2 ** 30, 2 ** 30], strides: [0, 0] }],
    ["sizes whose product overflows", { shape: new Array(8).fill(2 ** 52), strides: new Array(8).fill(0) }],
  ])("refuses %s", (_, layout) => {
    expect(() => stored(range(10), "uint8", 10, layout)).toThrow(CheckpointError);
  });

  it("refuses a storage of another length than it was said to have", () => {
    expect(() => stored(range(3), "uint16", 2, {}).read()).toThrow(CheckpointError);
  });
});
