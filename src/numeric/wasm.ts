/**
 * A small WebAssembly assembler, for inner loops on four floats at a time (the 128-bit SIMD proposal, part of WebAssembly 2.0).
 * Instructions are functions that return their bytes, operands first, so that nested calls read as expressions. Opcodes: the
 * WebAssembly core specification, section 5.4 "Instructions".
 */

/** Bytes of instructions, nested. */
export type Code = number | readonly Code[];
/** A parameter or local of a function, by number. */
export type Local = number;
export type ValueType = "i32" | "f32" | "v128";

const TYPE: Readonly<Record<ValueType, number>> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };

export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  /** Types of the locals, numbered after the parameters. */
  readonly locals: readonly ValueType[];
  readonly body: Code;
}

/** Unsigned LEB128. */
function unsigned(n: number): number[] {
  return n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...unsigned(n >>> 7)];
}

/** Signed LEB128. */
function signed(n: number): number[] {
  return n >= -64 && n < 64 ? [n & 0x7f] : [(n & 0x7f) | 0x80, ...signed(n >> 7)];
}

const simd = (opcode: number): number[] => [0xfd, ...unsigned(opcode)];

export const get = (local: Local): Code => [0x20, local];
export const set = (local: Local, value: Code): Code => [value, 0x21, local];
export const constant = (n: number): Code => [0x41, ...signed(n)];
export const plus = (a: Code, b: Code): Code => [a, b, 0x6a];
export const minus = (a: Code, b: Code): Code => [a, b, 0x6b];
/** The i32 at byte `address`. */
export const loadInteger = (address: Code): Code => [address, 0x28, 2, 0];
/** One float, from and to byte `address`. */
export const loadFloat = (address: Code, offset = 0): Code => [address, 0x2a, 2, unsigned(offset)];
export const storeFloat = (address: Code, value: Code): Code => [address, value, 0x38, 2, 0];
export const storeInteger = (address: Code, value: Code): Code => [address, value, 0x36, 2, 0];
export const addFloat = (a: Code, b: Code): Code => [a, b, 0x92];
export const subtractFloat = (a: Code, b: Code): Code => [a, b, 0x93];
export const multiplyFloat = (a: Code, b: Code): Code => [a, b, 0x94];
/** The bits that are set in both, of i32. */
export const both = (a: Code, b: Code): Code => [a, b, 0x71];
/** Of i32: 1 where a differs from b, and where a is not negative; else 0. */
export const differ = (a: Code, b: Code): Code => [a, b, 0x47];
export const natural = (a: Code): Code => [a, constant(0), 0x4e];
/** Executes `body` where the i32 `condition` is not 0. */
export const when = (condition: Code, body: Code): Code => [condition, 0x04, 0x40, body, 0x0b];
export const times = (a: Code, b: Code): Code => [a, b, 0x6c];
/** Four floats at byte `address` + `offset`, not necessarily aligned. */
export const load4 = (address: Code, offset = 0): Code => [address, simd(0), 2, unsigned(offset)];
/** The float at byte `address`, four times. */
export const loadSplat = (address: Code): Code => [address, simd(9), 2, 0];
export const store4 = (address: Code, value: Code): Code => [address, value, simd(11), 2, 0];
export const splat = (value: Code): Code => [value, simd(19)];
/** The bytes of `value` named by the bytes of `pattern`. */
export const swizzle = (value: Code, pattern: Code): Code => [value, pattern, simd(14)];
export const add4 = (a: Code, b: Code): Code => [a, b, simd(228)];
export const subtract4 = (a: Code, b: Code): Code => [a, b, simd(229)];
export const multiply4 = (a: Code, b: Code): Code => [a, b, simd(230)];
/** The greater of each two floats, a where they are equal. */
export const greater4 = (a: Code, b: Code): Code => [a, b, simd(235)];
/** All bits of each float where a > b, else none. */
export const above4 = (a: Code, b: Code): Code => [a, b, simd(68)];
/** The bits of a where those of mask are set, else of b. */
export const select = (a: Code, b: Code, mask: Code): Code => [a, b, mask, simd(82)];
/** All bits of each float where a = b, else none. */
export const equal4 = (a: Code, b: Code): Code => [a, b, simd(65)];
/** Four integers each. */
export const addIntegers4 = (a: Code, b: Code): Code => [a, b, simd(174)];
export const leastInteger4 = (a: Code, b: Code): Code => [a, b, simd(182)];
/** The four numbers of `value` in another order. */
export const reorder4 = (value: Local, order: readonly [number, number, number, number]): Code => [
  [get(value), get(value), simd(13)],
  order.flatMap((n) => [4 * n, 4 * n + 1, 4 * n + 2, 4 * n + 3]),
];
/** The first of four numbers. */
export const firstFloat = (value: Code): Code => [value, simd(31), 0];
export const firstInteger = (value: Code): Code => [value, simd(27), 0];
/** The two floats at byte `address` as two doubles. */
export const loadWide2 = (address: Code): Code => [address, simd(93), 3, 0, simd(95)];
/** The double at byte `address`, twice. */
export const loadSplat2 = (address: Code, offset = 0): Code => [address, simd(10), 3, unsigned(offset)];
/** Two doubles each. */
export const add2 = (a: Code, b: Code): Code => [a, b, simd(240)];
export const subtract2 = (a: Code, b: Code): Code => [a, b, simd(241)];
export const multiply2 = (a: Code, b: Code): Code => [a, b, simd(242)];
/** Whether any bit is set, as an i32. */
export const anyBit = (a: Code): Code => [a, simd(83)];
/** The i32 four times. */
export const splatInteger = (value: Code): Code => [value, simd(17)];
/** Four integers from 0 to 255. */
export const integers4 = (numbers: readonly [number, number, number, number]): Code => [
  simd(12),
  numbers.flatMap((n) => [n, 0, 0, 0]),
];
/** Adds `step` to the i32 `local`. */
export const advance = (local: Local, step: Code): Code => set(local, plus(get(local), step));
/** Repeats `body`, at least once, while the i32 `local` after adding `step` is below `end`. */
export const repeat = (local: Local, step: Code, end: Code, body: Code): Code => [
  [0x03, 0x40, body],
  [plus(get(local), step), 0x22, local, end, 0x48, 0x0d, 0x00, 0x0b],
];

function flatten(code: Code): number[] {
  return typeof code === "number" ? [code] : code.flatMap(flatten);
}

const vector = (items: readonly Code[]): Code => [unsigned(items.length), items];
const sized = (code: Code): Code => {
  const bytes = flatten(code);
  return [unsigned(bytes.length), bytes];
};
const section = (id: number, items: readonly Code[]): Code => [id, sized(vector(items))];
const text = (name: string): Code => vector(Array.from(name, (letter) => letter.charCodeAt(0)));

/** The bytes of a module that exports `functions`, and `pages` of 64 KiB as "memory". */
export function wasmModule(functions: readonly WasmFunction[], pages: number): Uint8Array<ArrayBuffer> {
  const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  const types = functions.map(({ parameters }) => [0x60, vector(parameters.map((type) => TYPE[type])), 0]);
  const bodies = functions.map(({ locals, body }) =>
    sized([vector(locals.map((type) => [1, TYPE[type]])), body, 0x0b]),
  );
  const exported = functions.map(({ name }, i) => [text(name), 0x00, unsigned(i)]);
  return Uint8Array.from(
    flatten([
      header,
      section(1, types),
      section(
        3,
        functions.map((_, i) => unsigned(i)),
      ),
      section(5, [[0x01, unsigned(pages), unsigned(pages)]]),
      section(7, [...exported, [text("memory"), 0x02, 0]]),
      section(10, bodies),
    ]),
  );
}

/** What is used of the global `WebAssembly`, which neither the language's types nor every engine has. */
interface Engine {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> };
}

export interface WasmInstance {
  readonly memory: ArrayBuffer;
  readonly functions: Readonly<Record<string, (...args: number[]) => void>>;
}

/** Compiles and instantiates a module of `wasmModule`; undefined where the engine has no WebAssembly with SIMD. */
export function wasmInstance(bytes: Uint8Array): WasmInstance | undefined {
  const engine = (globalThis as { WebAssembly?: Engine }).WebAssembly;
  if (!engine?.validate(bytes)) return undefined;
  const { memory, ...functions } = new engine.Instance(new engine.Module(bytes)).exports;
  return {
    memory: (memory as { buffer: ArrayBuffer }).buffer,
    functions: functions as WasmInstance["functions"],
  };
}
