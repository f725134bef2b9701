import { readFileSync } from "node:fs";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { readNpy, readNpz } from "../../src/checkpoint/npy.ts";
import { CheckpointError } from "../../src/checkpoint/stateDict.ts";
import { hasShared, shared } from "../shared.ts";

/** A .npy file of format 1.0 by hand. */
function npy(descr: string, shape: string, data: readonly number[], order = "False"): Uint8Array {
  const header = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }\n`;
  return new Uint8Array([
    ...[0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0],
    ...new TextEncoder().encode(header),
    ...data,
  ]);
}

describe("readNpy", () => {
  it("reads a matrix in C order", () => {
    const read = readNpy(npy("|u1", "2, 3", [1, 2, 3, 4, 5, 6]));
    expect(read).toEqual({ dtype: "uint8", shape: [2, 3], data: new Uint8Array([1, 2, 3, 4, 5, 6]) });
  });

  it("transposes Fortran order to row-major", () => {
    expect(readNpy(npy("|i1", "2, 3", [1, 4, 2, 5, 3, 6], "True")).data).toEqual(new Int8Array([1, 2, 3, 4, 5, 6]));
  });

  it("swaps big-endian data", () => {
    expect(readNpy(npy(">i2", "2,", [1, 2, 255, 254]))).toEqual({
      dtype: "int16",
      shape: [2],
      data: new Int16Array([258, -2]),
    });
  });

  it("reads a scalar, shape ()", () => {
    expect(readNpy(npy("<f4", "", [0, 0, 128, 63]))).toEqual({
      dtype: "float32",
      shape: [],
      data: new Float32Array([1]),
    });
  });

  it("widens float16 exactly: one, smallest subnormal, minus infinity", () => {
    expect(readNpy(npy("<f2", "3,", [0, 0x3c, 1, 0, 0, 0xfc])).data).toEqual(
      new Float32Array([1, 2 ** -24, Number.NEGATIVE_INFINITY]),
    );
  });

  it("refuses objects, text, structures, too little and too much data", () => {
    for (const file of [
      npy("|O", "1,", [0]),
      npy("<U3", "1,", [0]),
      npy("<f4", "2,", [0, 0, 0, 0]),
      npy("<f4", "1,", [0, 0, 0, 0, 0]),
      npy("<f4", "99999999999999999999, 0", []),
      new Uint8Array(20),
      new Uint8Array(0),
    ])
      expect(() => readNpy(file)).toThrow(CheckpointError);
  });
});

describe("readNpz", () => {
  it("reads deflated records, as numpy.savez_compressed writes them", () => {
    const file = zipSync({ "a.npy": npy("|u1", "100,", new Array(100).fill(7)), "b/c.npy": npy("|u1", "", [3]) });
    const read = readNpz(file);
    expect([...read.keys()]).toEqual(["a", "b/c"]);
    expect(read.get("a")!.data).toEqual(new Uint8Array(100).fill(7));
  });

  it("refuses a record whose bytes changed", () => {
    const file = zipSync({ "a.npy": npy("|u1", "4,", [1, 2, 3, 4]) }, { level: 0 });
    const at = file.findIndex((_, i) => [1, 2, 3, 4].every((v, k) => file[i + k] === v));
    file[at] = 9;
    expect(() => readNpz(file)).toThrow(/checksum/);
  });

  it.skipIf(!hasShared)("reads the reference files", () => {
    const read = readNpz(readFileSync(shared("fixtures/checkpoints/ada/ada_cond32_c3.npz")));
    expect(read.get("psi1_const/img")!.shape).toEqual([2, 3, 32, 32]);
    expect(read.get("c")!.shape).toEqual([2, 3]);
  });
});
