/** The inner loops of K-means over a pyramid, on four floats at a time in WebAssembly; `pyramidNearest.ts` uses them. */
import {
  above4,
  add4,
  addFloat,
  addIntegers4,
  advance,
  anyBit,
  type Code,
  constant,
  differ,
  equal4,
  firstFloat,
  firstInteger,
  get,
  greater4,
  integers4,
  leastInteger4,
  load4,
  loadFloat,
  loadInteger,
  loadSplat,
  multiply4,
  multiplyFloat,
  natural,
  plus,
  reorder4,
  repeat,
  select,
  set,
  splat,
  splatInteger,
  store4,
  storeFloat,
  storeInteger,
  subtract4,
  subtractFloat,
  times,
  type WasmFunction,
  wasmInstance,
  wasmModule,
  when,
} from "../../numeric/wasm.ts";

/** Addresses, strides and widths are in bytes; widths are multiples of 16, and all counts at least 1. */
export interface NearestKernels {
  readonly floats: Float32Array;
  readonly integers: Int32Array;
  /** to = upper + t (lower - upper), over `width`. */
  blendLine(to: number, upper: number, lower: number, width: number, t: number): void;
  /**
   * The class of the highest score of each of `count` pixels, to `label`, and that score, to `best`; the first class wins a tie. Scores
   * of all classes, of `classes` bytes, are those at `bias`, plus the pixel's at `base`, plus, for each level, u + f (r - u) of those of
   * its left and right neighbours. The arguments end with three per level: the line of scores, the table of the neighbours' offsets and
   * fractions f (as of `spreadLabels`), and how far right of the left neighbour the right one is.
   */
  bestLine(
    base: number,
    bias: number,
    classes: number,
    best: number,
    label: number,
    count: number,
    ...levels: number[]
  ): void;
  /**
   * Of `count` rows of `width`, from `rows`: adds those whose label differs from the one before to the line of `sums` that the label
   * names, and subtracts them from that of the label before, unless it is negative.
   */
  sumRows(
    labels: number,
    before: number,
    count: number,
    rows: number,
    width: number,
    sums: number,
    stride: number,
  ): void;
  /**
   * Likewise the four weights with which each of `count` pixels of a line reads its neighbours, to and from those neighbours' weights of
   * the pixel's label. `table` has, per pixel, the offset of its left neighbour and the right one's weight; t is the lower line's.
   */
  spreadLabels(
    labels: number,
    before: number,
    count: number,
    table: number,
    upper: number,
    right: number,
    below: number,
    t: number,
  ): void;
  /**
   * Adds w x to the line of `sums` of each class, for the weights w [count, classes] and the rows x [count] of `width`; clears the weights.
   * `classes` is in bytes.
   */
  sumWeighted(
    weights: number,
    classes: number,
    count: number,
    rows: number,
    width: number,
    sums: number,
    stride: number,
  ): void;
}

const FOUR = constant(16);
const ONE = constant(1);
/** f32.const 0 and 1. */
const FLOAT_ZERO: Code = [0x43, 0, 0, 0, 0];
const FLOAT_ONE: Code = [0x43, 0, 0, 0x80, 0x3f];
/** f32.const -Infinity */
const LEAST: Code = [0x43, 0, 0, 0x80, 0xff];

function blendLine(): WasmFunction {
  const [to, upper, lower, width, t, x, u] = Array.from({ length: 7 }, (_, i) => i);
  const at = (line: number) => plus(get(line), get(x));
  return {
    name: "blendLine",
    parameters: ["i32", "i32", "i32", "i32", "f32"],
    locals: ["i32", "v128"],
    body: repeat(x, FOUR, get(width), [
      set(u, load4(at(upper))),
      store4(at(to), add4(get(u), multiply4(splat(get(t)), subtract4(load4(at(lower)), get(u))))),
    ]),
  };
}

function bestLine(levels: number): WasmFunction {
  const [base, bias, classes, best, label, count, ...rest] = Array.from({ length: 6 + 6 * levels + 7 }, (_, i) => i);
  const [n, k, score, most, names, name, mask] = rest.slice(3 * levels, 3 * levels + 7);
  const local = 3 * levels + 7;
  const all = Array.from({ length: levels }, (_, l) => ({
    line: rest[3 * l],
    table: rest[3 * l + 1],
    right: rest[3 * l + 2],
    left: rest[local + l],
    fraction: rest[local + levels + l],
    u: rest[local + 2 * levels + l],
  }));
  const sum = all.reduce<Code>(
    (value, { left, right, fraction, u }) =>
      add4(
        value,
        add4(get(u), multiply4(get(fraction), subtract4(load4(plus(plus(get(left), get(right)), get(k))), get(u)))),
      ),
    add4(load4(plus(get(bias), get(k))), load4(plus(get(base), get(k)))),
  );
  const fold = (order: readonly [number, number, number, number]) => [
    set(score, greater4(get(score), reorder4(score, order))),
  ];
  const foldName = (order: readonly [number, number, number, number]) => [
    set(name, leastInteger4(get(name), reorder4(name, order))),
  ];
  return {
    name: "bestLine",
    parameters: ["i32", "i32", "i32", "i32", "i32", "i32", ...all.flatMap(() => ["i32", "i32", "i32"] as const)],
    locals: [
      ...(["i32", "i32", "v128", "v128", "v128", "v128", "v128"] as const),
      ...all.map(() => "i32" as const),
      ...all.flatMap(() => ["v128", "v128"] as const),
    ],
    body: repeat(n, ONE, get(count), [
      all.map(({ line, table, left, fraction }) => [
        set(left, plus(get(line), loadInteger(get(table)))),
        set(fraction, loadSplat(plus(get(table), constant(4)))),
        advance(table, constant(8)),
      ]),
      set(most, splat(LEAST)),
      set(name, splatInteger(constant(0))),
      set(names, integers4([0, 1, 2, 3])),
      set(k, constant(0)),
      repeat(k, FOUR, get(classes), [
        all.map(({ u, left }) => set(u, load4(plus(get(left), get(k))))),
        set(score, sum),
        set(mask, above4(get(score), get(most))),
        set(most, greater4(get(most), get(score))),
        set(name, select(get(names), get(name), get(mask))),
        set(names, addIntegers4(get(names), splatInteger(constant(4)))),
      ]),
      set(score, get(most)),
      fold([2, 3, 0, 1]),
      fold([1, 0, 3, 2]),
      set(name, select(get(name), splatInteger(constant(0x7fffffff)), equal4(get(most), get(score)))),
      foldName([2, 3, 0, 1]),
      foldName([1, 0, 3, 2]),
      storeFloat(get(best), firstFloat(get(score))),
      storeInteger(get(label), firstInteger(get(name))),
      advance(base, get(classes)),
      advance(best, constant(4)),
      advance(label, constant(4)),
    ]),
  };
}

function sumRows(): WasmFunction {
  const [labels, before, count, rows, width, sums, stride, n, d, to, label, old] = Array.from(
    { length: 12 },
    (_, i) => i,
  );
  const target = plus(get(to), get(d));
  const move = (name: number, combine: (a: Code, b: Code) => Code) => [
    set(to, plus(get(sums), times(get(name), get(stride)))),
    set(d, constant(0)),
    repeat(d, FOUR, get(width), store4(target, combine(load4(target), load4(plus(get(rows), get(d)))))),
  ];
  return {
    name: "sumRows",
    parameters: ["i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    locals: ["i32", "i32", "i32", "i32", "i32"],
    body: repeat(n, ONE, get(count), [
      set(label, loadInteger(get(labels))),
      set(old, loadInteger(get(before))),
      when(differ(get(label), get(old)), [move(label, add4), when(natural(get(old)), move(old, subtract4))]),
      advance(rows, get(width)),
      advance(labels, constant(4)),
      advance(before, constant(4)),
    ]),
  };
}

function spreadLabels(): WasmFunction {
  const [labels, before, count, table, upper, right, below, t, n, to, label, old, f, high] = Array.from(
    { length: 14 },
    (_, i) => i,
  );
  const move = (name: number, combine: (a: Code, b: Code) => Code) => {
    const change = (address: Code, value: Code) => storeFloat(address, combine(loadFloat(address), value));
    return [
      set(to, plus(plus(get(upper), loadInteger(get(table))), times(get(name), constant(4)))),
      change(plus(plus(get(to), get(below)), get(right)), get(high)),
      change(plus(get(to), get(right)), subtractFloat(get(f), get(high))),
      change(plus(get(to), get(below)), subtractFloat(get(t), get(high))),
      change(get(to), subtractFloat(subtractFloat(FLOAT_ONE, get(f)), subtractFloat(get(t), get(high)))),
    ];
  };
  return {
    name: "spreadLabels",
    parameters: ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "f32"],
    locals: ["i32", "i32", "i32", "i32", "f32", "f32"],
    body: repeat(n, ONE, get(count), [
      set(label, loadInteger(get(labels))),
      set(old, loadInteger(get(before))),
      when(differ(get(label), get(old)), [
        set(f, loadFloat(get(table), 4)),
        set(high, multiplyFloat(get(f), get(t))),
        move(label, addFloat),
        when(natural(get(old)), move(old, subtractFloat)),
      ]),
      advance(table, constant(8)),
      advance(labels, constant(4)),
      advance(before, constant(4)),
    ]),
  };
}

function sumWeighted(): WasmFunction {
  const [weights, classes, count, rows, width, sums, stride, n, k, four, line, to, d, lane, w] = Array.from(
    { length: 15 },
    (_, i) => i,
  );
  const target = plus(get(to), get(d));
  const addRow = [
    set(d, constant(0)),
    repeat(d, FOUR, get(width), store4(target, add4(load4(target), multiply4(get(w), load4(plus(get(rows), get(d))))))),
  ];
  const oneClass = [
    set(w, loadSplat(plus(get(four), get(lane)))),
    when(anyBit(get(w)), addRow),
    advance(to, get(stride)),
  ];
  return {
    name: "sumWeighted",
    parameters: ["i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    locals: ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "v128"],
    body: repeat(n, ONE, get(count), [
      set(k, constant(0)),
      set(line, get(sums)),
      repeat(k, FOUR, get(classes), [
        set(four, plus(get(weights), get(k))),
        when(anyBit(load4(get(four))), [
          set(to, get(line)),
          set(lane, constant(0)),
          repeat(lane, constant(4), FOUR, oneClass),
          store4(get(four), splat(FLOAT_ZERO)),
        ]),
        advance(line, times(get(stride), constant(4))),
      ]),
      advance(weights, get(classes)),
      advance(rows, get(width)),
    ]),
  };
}

const PAGE = 65536;
/** Kernels that nobody uses at the moment, by their number of levels. */
const spare = new Map<number, NearestKernels>();

/** Kernels for `levels` levels, with room for `bytes` bytes; undefined where the engine has no WebAssembly with SIMD. */
export function takeKernels(levels: number, bytes: number): NearestKernels | undefined {
  const known = spare.get(levels);
  spare.delete(levels);
  if (known !== undefined && known.floats.byteLength >= bytes) return known;
  const functions = [blendLine(), bestLine(levels), sumRows(), spreadLabels(), sumWeighted()];
  const instance = wasmInstance(wasmModule(functions, Math.ceil(bytes / PAGE)));
  return (
    instance && {
      ...(instance.functions as unknown as Omit<NearestKernels, "floats" | "integers">),
      floats: new Float32Array(instance.memory),
      integers: new Int32Array(instance.memory),
    }
  );
}

/** Gives kernels back for whoever needs them next. */
export function returnKernels(levels: number, kernels: NearestKernels): void {
  spare.set(levels, kernels);
}
