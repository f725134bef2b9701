/**
 * The inner loops of a pyramid's resizing on four floats at a time, in WebAssembly. Operands are copied into the kernels' own memory
 * and results out of it: the loops save far more. `bilinear.ts` defines what they compute, and computes it where there is no SIMD.
 */
import {
  add4,
  advance,
  type Code,
  constant,
  get,
  load4,
  loadInteger,
  loadSplat,
  multiply4,
  plus,
  repeat,
  set,
  splat,
  store4,
  subtract4,
  swizzle,
  times,
  type WasmFunction,
  wasmInstance,
  wasmModule,
} from "../../numeric/wasm.ts";

/** Addresses and strides are in bytes; widths in bytes are multiples of 16. All counts are at least 1. */
export interface LineKernels {
  readonly floats: Float32Array;
  readonly bytes: Uint8Array;
  readonly integers: Int32Array;
  /**
   * For each of `count` rows, `stride` apart from `to`: to[i] = w00 at[i] + w01 at[right + i] + w10 at[below + i] + w11 at[below + right + i],
   * over `width`. `table` has at and the four weights of each row.
   */
  blend(to: number, stride: number, table: number, count: number, right: number, below: number, width: number): void;
  /**
   * Four columns of widened lines: to = l + f (r - l), where l and r are four floats picked from those at `left` and `right` by the
   * 16 bytes at `table`, and f the four floats behind these. `lines` lines, `toStride` and `fromStride` apart.
   */
  widen(
    to: number,
    toStride: number,
    left: number,
    right: number,
    fromStride: number,
    lines: number,
    table: number,
  ): void;
  /** target += upper + t (lower - upper), over `width`, for `maps` maps. */
  addBetween(
    target: number,
    targetStride: number,
    upper: number,
    lower: number,
    stride: number,
    maps: number,
    width: number,
    t: number,
  ): void;
  /** The adjoint of `addBetween`: upper += (1 - t) g, lower += t g, for the lines g at `source`. */
  spread(
    source: number,
    sourceStride: number,
    upper: number,
    lower: number,
    stride: number,
    maps: number,
    width: number,
    t: number,
  ): void;
  /** The adjoint of widening, for four columns: to += sum_x wide[x] table[x] over `count` floats of `wide` and rows of four of `table`. */
  narrow(
    to: number,
    toStride: number,
    wide: number,
    wideStride: number,
    lines: number,
    table: number,
    count: number,
  ): void;
}

const FOUR = constant(16);
/** A row of `blend`'s table. */
export const BLEND_BYTES = 20;

function blend(): WasmFunction {
  const [to, stride, table, count, right, below, width, n, i, at, w00, w01, w10, w11] = Array.from(
    { length: 14 },
    (_, local) => local,
  );
  const source = plus(get(at), get(i));
  const low = plus(source, get(below));
  const part = (weight: number, address: Code) => multiply4(get(weight), load4(address));
  const value = add4(
    add4(part(w00, source), part(w01, plus(source, get(right)))),
    add4(part(w10, low), part(w11, plus(low, get(right)))),
  );
  return {
    name: "blend",
    parameters: ["i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    locals: ["i32", "i32", "i32", "v128", "v128", "v128", "v128"],
    body: repeat(n, constant(1), get(count), [
      set(at, loadInteger(get(table))),
      [w00, w01, w10, w11].map((weight, k) => set(weight, loadSplat(plus(get(table), constant(4 + 4 * k))))),
      set(i, constant(0)),
      repeat(i, FOUR, get(width), store4(plus(get(to), get(i)), value)),
      advance(to, get(stride)),
      advance(table, constant(BLEND_BYTES)),
    ]),
  };
}

function widen(): WasmFunction {
  const [to, toStride, left, right, fromStride, lines, table, line, pattern, fraction, l] = Array.from(
    { length: 11 },
    (_, n) => n,
  );
  return {
    name: "widen",
    parameters: ["i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    locals: ["i32", "v128", "v128", "v128"],
    body: [
      set(pattern, load4(get(table))),
      set(fraction, load4(get(table), 16)),
      repeat(line, constant(1), get(lines), [
        set(l, swizzle(load4(get(left)), get(pattern))),
        store4(
          get(to),
          add4(get(l), multiply4(get(fraction), subtract4(swizzle(load4(get(right)), get(pattern)), get(l)))),
        ),
        advance(to, get(toStride)),
        advance(left, get(fromStride)),
        advance(right, get(fromStride)),
      ]),
    ],
  };
}

function addBetween(): WasmFunction {
  const [target, targetStride, upper, lower, stride, maps, width, t, map, x, u] = Array.from(
    { length: 11 },
    (_, n) => n,
  );
  const to = plus(get(target), get(x));
  const above = load4(plus(get(upper), get(x)));
  const below = load4(plus(get(lower), get(x)));
  return {
    name: "addBetween",
    parameters: ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "f32"],
    locals: ["i32", "i32", "v128"],
    body: repeat(map, constant(1), get(maps), [
      set(x, constant(0)),
      repeat(x, FOUR, get(width), [
        set(u, above),
        store4(to, add4(load4(to), add4(get(u), multiply4(splat(get(t)), subtract4(below, get(u)))))),
      ]),
      advance(target, get(targetStride)),
      advance(upper, get(stride)),
      advance(lower, get(stride)),
    ]),
  };
}

function spread(): WasmFunction {
  const [source, sourceStride, upper, lower, stride, maps, width, t, map, x, g, share] = Array.from(
    { length: 12 },
    (_, n) => n,
  );
  const above = plus(get(upper), get(x));
  const below = plus(get(lower), get(x));
  return {
    name: "spread",
    parameters: ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "f32"],
    locals: ["i32", "i32", "v128", "v128"],
    body: repeat(map, constant(1), get(maps), [
      set(x, constant(0)),
      repeat(x, FOUR, get(width), [
        set(g, load4(plus(get(source), get(x)))),
        set(share, multiply4(splat(get(t)), get(g))),
        store4(above, add4(load4(above), subtract4(get(g), get(share)))),
        store4(below, add4(load4(below), get(share))),
      ]),
      advance(source, get(sourceStride)),
      advance(upper, get(stride)),
      advance(lower, get(stride)),
    ]),
  };
}

function narrow(): WasmFunction {
  const [to, toStride, wide, wideStride, lines, table, count, line, x, sum] = Array.from({ length: 10 }, (_, n) => n);
  return {
    name: "narrow",
    parameters: ["i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    locals: ["i32", "i32", "v128"],
    body: repeat(line, constant(1), get(lines), [
      set(x, constant(0)),
      set(sum, load4(get(to))),
      repeat(x, constant(1), get(count), [
        set(
          sum,
          add4(
            get(sum),
            multiply4(
              loadSplat(plus(get(wide), times(get(x), constant(4)))),
              load4(plus(get(table), times(get(x), FOUR))),
            ),
          ),
        ),
      ]),
      store4(get(to), get(sum)),
      advance(to, get(toStride)),
      advance(wide, get(wideStride)),
    ]),
  };
}

const PAGE = 65536;
/** One instance for all pyramids of a thread: no kernel's operands outlive a call that copies them in and out. */
let made: LineKernels | undefined;

/** The kernels, with room for `bytes` bytes of operands; undefined where the engine has no WebAssembly with SIMD. */
export function lineKernels(bytes: number): LineKernels | undefined {
  if (made !== undefined && made.bytes.length >= bytes) return made;
  const pages = Math.max(32, Math.ceil(bytes / PAGE));
  const instance = wasmInstance(wasmModule([blend(), widen(), addBetween(), spread(), narrow()], pages));
  if (instance === undefined) return undefined;
  const { memory, functions } = instance;
  made = {
    ...(functions as unknown as Omit<LineKernels, "floats" | "bytes" | "integers">),
    floats: new Float32Array(memory),
    bytes: new Uint8Array(memory),
    integers: new Int32Array(memory),
  };
  return made;
}
