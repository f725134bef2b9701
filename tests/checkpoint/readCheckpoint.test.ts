import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCheckpoint } from "../../src/checkpoint/readCheckpoint.ts";
import { writeSafetensors } from "../../src/checkpoint/safetensors.ts";
import { CheckpointError } from "../../src/checkpoint/stateDict.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { loadsOrRefuses } from "./fixtures.ts";
import {
  numpyArray,
  storageStream,
  tinyLegacy,
  tinyNvidia,
  tinyState,
  tinyTensorflow,
  tinyTraining,
  tinyZip,
  torchStream,
  VALUES,
} from "./tinyFiles.ts";

const files: readonly (readonly [format: string, file: Uint8Array, network: string, name: string])[] = [
  ["nvidia-pytorch-pickle", tinyNvidia(), "G_ema", "child.w"],
  ["nvidia-tf-pickle", tinyTensorflow(), "Gs", "w"],
  ["pickle", tinyState(), "", "w"],
  ["torch-legacy", tinyLegacy(), "", "w"],
  ["torch-zip", tinyZip(), "", "w"],
  ["safetensors", writeSafetensors(new Map([["w", tensor([3], new Float32Array(VALUES))]])), "", "w"],
];

function load(file: Uint8Array): void {
  for (const tensors of readCheckpoint(file).networks.values()) for (const lazy of tensors.values()) lazy.read();
}

describe.each(files)("readCheckpoint on a tiny %s", (format, file, network, name) => {
  it("reads its tensor", () => {
    const checkpoint = readCheckpoint(file);
    expect(checkpoint.format).toBe(format);
    const lazy = checkpoint.networks.get(network)!.get(name)!;
    expect(lazy.read()).toEqual(tensor([3], new Float32Array(VALUES)));
    expect(lazy.data).toEqual(new Float32Array(VALUES));
  });

  it("reads it at any alignment", () => {
    for (let shift = 0; shift < 8; shift++) {
      const moved = new Uint8Array(file.length + shift);
      moved.set(file, shift);
      const lazy = readCheckpoint(moved.subarray(shift)).networks.get(network)!.get(name)!;
      expect(lazy.read().data).toEqual(new Float32Array(VALUES));
    }
  });

  it("decodes nothing before it is asked, and copies", () => {
    const lazy = readCheckpoint(file).networks.get(network)!.get(name)!;
    const first = lazy.read();
    first.data[0] = 9;
    expect(lazy.read().data[0]).toBe(VALUES[0]);
  });

  it("refuses every shorter file", () => {
    for (let length = 0; length < file.length; length++)
      expect(() => load(file.subarray(0, length)), `${length} bytes`).toThrow(CheckpointError);
  });

  it("loads or refuses with a CheckpointError, whatever bytes are changed", () => {
    const change = fc.record({ at: fc.nat(file.length - 1), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const damaged = file.slice();
        for (const { at, value } of changes) damaged[at] = value;
        loadsOrRefuses(() => load(damaged));
      }),
      { numRuns: 1000 },
    );
  });
});

describe("readCheckpoint", () => {
  it("keeps the settings of NVIDIA's modules by dotted path", () => {
    expect(readCheckpoint(tinyNvidia()).config).toEqual({
      G_ema: { "": { class_name: "Generator", z_dim: 7 }, child: { class_name: "Layer" } },
    });
  });

  it("reads legacy torch streams of every protocol", () => {
    const frame = [0x95, 13, 0, 0, 0, 0, 0, 0, 0];
    for (const start of [[], [0x80, 3], [0x80, 4, ...frame], [0x80, 5, ...frame]]) {
      const { format, networks } = readCheckpoint(tinyLegacy(start));
      expect(format).toBe("torch-legacy");
      expect(networks.get("")!.get("w")!.shape).toEqual([3]);
    }
  });

  it("reads files from training: the networks, and beside them plain settings", () => {
    const { networks, config } = readCheckpoint(tinyTraining());
    expect([...networks.keys()]).toEqual(["g_ema"]);
    expect(config[""]).toEqual({ g_optim: { state: { 0: { step: 1 } } }, p: 3 });
  });

  it("honours Fortran order in NumPy arrays", () => {
    const array = numpyArray([2, 3], [1, 4, 2, 5, 3, 6], true);
    const { networks } = readCheckpoint(tinyTensorflow(array));
    expect(networks.get("Gs")!.get("w")!.read()).toEqual(tensor([2, 3], new Float32Array([1, 2, 3, 4, 5, 6])));
  });

  it("refuses a NumPy array whose data does not fill its shape", () => {
    expect(() => load(tinyTensorflow(numpyArray([2], [1, 2, 3])))).toThrow(CheckpointError);
  });

  it("refuses a torch stream with bytes after the last storage, and one that is no dictionary", () => {
    expect(() => load(new Uint8Array([...tinyLegacy(), 0]))).toThrow(/follow/);
    expect(() => load(storageStream([1]))).toThrow(CheckpointError);
    expect(() => load(torchStream(new TextEncoder().encode("N"), []))).toThrow(CheckpointError);
  });

  it("says what came in place of a checkpoint", () => {
    const text = (value: string) => new TextEncoder().encode(value);
    expect(() => readCheckpoint(text(""))).toThrow(/empty/);
    expect(() => readCheckpoint(text("\n <!DOCTYPE html>"))).toThrow(/web page/);
    expect(() => readCheckpoint(text("version https://git-lfs.github.com/spec/v1\noid"))).toThrow(/git lfs pull/);
    expect(() => readCheckpoint(Uint8Array.of(0x1f, 0x8b, 8))).toThrow(/gzip/);
    expect(() => readCheckpoint(text("weights"))).toThrow(/begins with 77 65 69 67 68 74 73/);
    expect(() => readCheckpoint("weights.pkl" as unknown as Uint8Array)).toThrow(TypeError);
  });

  it("refuses random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => readCheckpoint(bytes)).toThrow(CheckpointError);
      }),
    );
  });
});
