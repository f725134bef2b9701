import { describe, expect, it } from "vitest";
import {
  add4,
  constant,
  get,
  load4,
  plus,
  repeat,
  splat,
  store4,
  wasmInstance,
  wasmModule,
} from "../../src/numeric/wasm.ts";

describe("wasmModule", () => {
  it("assembles a loop over four floats at a time, with constants of every length", () => {
    for (const offset of [16, 128, 8192, 1 << 20]) {
      // memory[i] = memory[i + offset] + t, for i in bytes up to `width`.
      const body = repeat(
        2,
        constant(16),
        get(0),
        store4(get(2), add4(load4(plus(get(2), constant(offset))), splat(get(1)))),
      );
      const pages = 20;
      const shift = { name: "shift", parameters: ["i32", "f32"], locals: ["i32"], body } as const;
      const instance = wasmInstance(wasmModule([shift], pages));
      if (instance === undefined) throw new Error("this engine has no SIMD");
      const floats = new Float32Array(instance.memory);
      expect(floats.length).toBe(pages * 16384);
      floats.set([1, 2, 3, 4, 5, 6, 7, 8], offset / 4);
      instance.functions.shift(32, 0.5);
      const moved = [1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5];
      expect([...floats.subarray(0, 8)]).toEqual(moved);
    }
  });

  it("is refused, not run, by an engine that does not know its instructions", () => {
    const broken = { name: "broken", parameters: [], locals: [], body: [0xfd, 0xff, 0x7f] } as const;
    expect(wasmInstance(wasmModule([broken], 1))).toBeUndefined();
  });
});
