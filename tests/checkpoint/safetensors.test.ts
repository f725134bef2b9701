import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSafetensors, writeSafetensors } from "../../src/checkpoint/safetensors.ts";
import { CheckpointError } from "../../src/checkpoint/stateDict.ts";
import { type AnyTensor, tensor } from "../../src/tensor/tensor.ts";

function file(header: unknown, data: readonly number[] = []): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

describe("safetensors", () => {
  it("writeSafetensors lays a file out as the format says", () => {
    const bytes = writeSafetensors(new Map([["a", tensor([1], new Float32Array([1]))]]), { k: "v" });
    const json = `{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`;
    expect(new DataView(bytes.buffer).getBigUint64(0, true)).toBe(BigInt(Math.ceil(json.length / 8) * 8));
    expect(new TextDecoder().decode(bytes.subarray(8, 8 + json.length))).toBe(json);
    expect([...bytes.subarray(-4)]).toEqual([0, 0, 128, 63]);
  });

  it("readSafetensors gives back what writeSafetensors wrote, for every type", () => {
    const tensors = new Map<string, AnyTensor>([
      ["bool", { dtype: "bool", shape: [3], data: new Uint8Array([0, 1, 1]) }],
      ["u8", { dtype: "uint8", shape: [2], data: new Uint8Array([0, 255]) }],
      ["i8", { dtype: "int8", shape: [1], data: new Int8Array([-128]) }],
      ["u16", { dtype: "uint16", shape: [1], data: new Uint16Array([65535]) }],
      ["i16", { dtype: "int16", shape: [1], data: new Int16Array([-2]) }],
      ["u32", { dtype: "uint32", shape: [1], data: new Uint32Array([2 ** 32 - 1]) }],
      ["i32", { dtype: "int32", shape: [1, 1], data: new Int32Array([-3]) }],
      ["i64", { dtype: "int64", shape: [2], data: new BigInt64Array([-1n, 2n ** 60n]) }],
      ["f32", { dtype: "float32", shape: [], data: new Float32Array([-0.5]) }],
      ["f64", { dtype: "float64", shape: [0, 4], data: new Float64Array(0) }],
      ["7", { dtype: "float64", shape: [1], data: new Float64Array([Math.PI]) }],
    ]);
    const { tensors: read, metadata } = readSafetensors(writeSafetensors(tensors, { about: "ü" }));
    expect(metadata).toEqual({ about: "ü" });
    expect(new Set(read.keys())).toEqual(new Set(tensors.keys()));
    for (const [name, expected] of tensors) expect(read.get(name)!.read(), name).toEqual(expected);
  });

  it("readSafetensors widens float16 and bfloat16", () => {
    const { tensors } = readSafetensors(
      file(
        {
          h: { dtype: "F16", shape: [1], data_offsets: [0, 2] },
          b: { dtype: "BF16", shape: [1], data_offsets: [2, 4] },
        },
        [0, 0xc0, 0x80, 0x3f],
      ),
    );
    expect(tensors.get("h")!.read()).toEqual(tensor([1], new Float32Array([-2])));
    expect(tensors.get("b")!.read()).toEqual(tensor([1], new Float32Array([1])));
  });

  it("readSafetensors refuses gaps, overlaps, wrong sizes, unknown types and broken headers", () => {
    const entry = (dtype: unknown, shape: unknown, data_offsets: unknown) => ({ a: { dtype, shape, data_offsets } });
    for (const bad of [
      file(entry("U8", [1], [1, 2]), [0, 0]),
      file({ ...entry("U8", [2], [0, 2]), b: { dtype: "U8", shape: [2], data_offsets: [1, 3] } }, [0, 0, 0]),
      file(entry("U8", [1], [0, 1]), [0, 0]),
      file(entry("U8", [1], [0, 1])),
      file(entry("F32", [1], [0, 1]), [0]),
      file(entry("U8", [-1], [0, -1])),
      file(entry("U8", [0.5], [0, 1]), [0]),
      file(entry("U64", [0], [0, 0])),
      file(entry("constructor", [0], [0, 0])),
      file(entry("U8", new Array(9).fill(1), [0, 1]), [0]),
      file({ a: null }),
      file({ __metadata__: { a: 1 } }),
      file("[]"),
      file("{"),
      new Uint8Array([255, 255, 255, 255, 255, 255, 255, 255]),
      new Uint8Array(3),
    ])
      expect(() => readSafetensors(bad)).toThrow(CheckpointError);
  });

  it("readSafetensors throws nothing but CheckpointError on changed bytes", () => {
    const good = writeSafetensors(
      new Map([
        ["a", tensor([2, 2])],
        ["b", tensor([3])],
      ]),
      { k: "v" },
    );
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, value) => {
        const bytes = good.slice();
        bytes[at] = value;
        try {
          for (const t of readSafetensors(bytes).tensors.values()) t.read();
        } catch (error) {
          expect(error).toBeInstanceOf(CheckpointError);
        }
      }),
    );
  });

  it("readSafetensors refuses every shorter file", () => {
    const good = writeSafetensors(new Map([["a", tensor([2, 2])]]));
    for (let n = 0; n < good.length; n++) expect(() => readSafetensors(good.subarray(0, n))).toThrow(CheckpointError);
  });
});
