/** Many halves to float32, four at a time where the engine has WebAssembly with SIMD. */
import {
  type Code,
  constant,
  get,
  plus,
  repeat,
  set,
  store4,
  subtract4,
  wasmInstance,
  wasmModule,
} from "../../numeric/wasm.ts";
import { widenHalves } from "../../tensor/half.ts";

/** An instruction of the SIMD proposal, its operands first. */
const simd = (opcode: number, ...operands: readonly Code[]): Code => [
  operands,
  0xfd,
  opcode < 0x80 ? [opcode] : [(opcode & 0x7f) | 0x80, opcode >> 7],
];
const splatInteger = (n: number): Code => simd(17, constant(n));
/** v128.load16x4_u: four 16-bit words at byte `address`, each widened to 32 bits. */
const loadWords = (address: Code): Code => [simd(4, address), 1, 0];
const and = (a: Code, b: Code): Code => simd(78, a, b);
const or = (a: Code, b: Code): Code => simd(80, a, b);
/** The bits of a where those of mask are set, else of b. */
const select = (a: Code, b: Code, mask: Code): Code => simd(82, a, b, mask);
const below = (a: Code, b: Code): Code => simd(57, a, b);
const shiftLeft = (a: Code, by: number): Code => simd(171, a, constant(by));
const addIntegers = (a: Code, b: Code): Code => simd(174, a, b);

/** Exponents of float32 exceed those of halves by 112. A subnormal half is 2^-14 + fraction, less 2^-14. */
const REBIAS = 112 << 23;
const LEAST_NORMAL = 113 << 23;

function kernel() {
  const [from, to, end, magnitude, word, rebias, least, one] = Array.from({ length: 8 }, (_, n) => n);
  const body = [
    set(rebias, splatInteger(REBIAS)),
    set(least, splatInteger(LEAST_NORMAL)),
    set(one, splatInteger(1 << 23)),
    repeat(from, constant(8), get(end), [
      set(word, loadWords(get(from))),
      set(magnitude, shiftLeft(and(get(word), splatInteger(0x7fff)), 13)),
      store4(
        get(to),
        or(
          select(
            subtract4(addIntegers(get(magnitude), get(least)), get(least)),
            addIntegers(get(magnitude), get(rebias)),
            below(get(magnitude), get(one)),
          ),
          shiftLeft(and(get(word), splatInteger(0x8000)), 16),
        ),
      ),
      set(to, plus(get(to), constant(16))),
    ]),
  ];
  return {
    name: "widen",
    parameters: ["i32", "i32", "i32"],
    locals: ["v128", "v128", "v128", "v128", "v128"],
    body,
  } as const;
}

/** Halves that are copied into the kernel's memory at a time: they and their floats stay in the processor's cache. */
const CHUNK = 1 << 15;
const PAGES = (CHUNK * 6) / 65536 + 1;

interface Kernel {
  readonly halves: Uint16Array;
  readonly floats: Float32Array;
  run(count: number): void;
}

let made: Kernel | null | undefined;

function widenKernel(): Kernel | null {
  if (made !== undefined) return made;
  const instance = wasmInstance(wasmModule([kernel()], PAGES));
  if (instance === undefined) {
    made = null;
    return made;
  }
  const { memory, functions } = instance;
  made = {
    halves: new Uint16Array(memory, 0, CHUNK),
    floats: new Float32Array(memory, CHUNK * 2, CHUNK),
    run: (count) => functions["widen"](0, CHUNK * 2, count * 2),
  };
  return made;
}

/** `out[i]` = the value of the half `bits[i]`, exactly. The halves are finite. */
export function widenBlock(bits: Uint16Array, out: Float32Array): void {
  const kernel = widenKernel();
  if (kernel === null) {
    widenHalves(bits, out);
    return;
  }
  for (let at = 0; at < bits.length; at += CHUNK) {
    const count = Math.min(CHUNK, bits.length - at);
    kernel.halves.set(bits.subarray(at, at + count));
    kernel.run(count);
    out.set(count === CHUNK ? kernel.floats : kernel.floats.subarray(0, count), at);
  }
}
