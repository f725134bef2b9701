/** The inner loops of `pyramidSpread`, on two doubles at a time in WebAssembly. */
import {
  add2,
  advance,
  constant,
  get,
  load4,
  loadSplat2,
  loadWide2,
  minus,
  multiply2,
  plus,
  repeat,
  set,
  store4,
  subtract2,
  type WasmFunction,
  wasmInstance,
  wasmModule,
} from "../../numeric/wasm.ts";

/** Addresses and widths are in bytes; widths are those of doubles, and multiples of 16. */
export interface SpreadKernels {
  readonly floats: Float32Array;
  readonly doubles: Float64Array;
  /**
   * x = the floats at `line` less `origin`, to `centred`; adds w x to `weighted`, w the double at `weight`. The sum of x^2 goes to `sums`, in
   * two parts.
   */
  centreLine(
    line: number,
    origin: number,
    width: number,
    weight: number,
    weighted: number,
    centred: number,
    sums: number,
  ): void;
  /**
   * Of a line x of `size` pixels of `width`: p = own x + left (x of the pixel before) + right (x of the one after) to `product`, the
   * coefficients three doubles a pixel at `stencil`. The sum of p x goes to `sums`, in two parts, and behind it that of `above` x.
   */
  stencilLine(
    line: number,
    size: number,
    width: number,
    stencil: number,
    product: number,
    above: number,
    sums: number,
  ): void;
}

const PAIR = constant(16);
function centreLine(): WasmFunction {
  const [line, origin, width, weight, weighted, centred, sums, i, x, squares] = Array.from({ length: 10 }, (_, n) => n);
  const at = plus(get(weighted), get(i));
  return {
    name: "centreLine",
    parameters: ["i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    locals: ["i32", "v128", "v128"],
    body: [
      repeat(i, PAIR, get(width), [
        set(x, subtract2(loadWide2(get(line)), load4(plus(get(origin), get(i))))),
        store4(plus(get(centred), get(i)), get(x)),
        store4(at, add2(load4(at), multiply2(loadSplat2(get(weight)), get(x)))),
        set(squares, add2(get(squares), multiply2(get(x), get(x)))),
        advance(line, constant(8)),
      ]),
      store4(get(sums), get(squares)),
    ],
  };
}

function stencilLine(): WasmFunction {
  const [line, size, width, stencil, product, above, sums, n, i, x, p, within, across, left, own, right] = Array.from(
    { length: 16 },
    (_, n) => n,
  );
  return {
    name: "stencilLine",
    parameters: ["i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    locals: ["i32", "i32", "v128", "v128", "v128", "v128", "v128", "v128", "v128"],
    body: [
      repeat(n, constant(1), get(size), [
        set(left, loadSplat2(get(stencil))),
        set(own, loadSplat2(get(stencil), 8)),
        set(right, loadSplat2(get(stencil), 16)),
        advance(stencil, constant(24)),
        set(i, constant(0)),
        repeat(i, PAIR, get(width), [
          set(x, load4(get(line))),
          set(
            p,
            add2(
              multiply2(get(own), get(x)),
              add2(
                multiply2(get(left), load4(minus(get(line), get(width)))),
                multiply2(get(right), load4(plus(get(line), get(width)))),
              ),
            ),
          ),
          store4(get(product), get(p)),
          set(within, add2(get(within), multiply2(get(p), get(x)))),
          set(across, add2(get(across), multiply2(load4(get(above)), get(x)))),
          advance(line, PAIR),
          advance(product, PAIR),
          advance(above, PAIR),
        ]),
      ]),
      store4(get(sums), get(within)),
      store4(plus(get(sums), PAIR), get(across)),
    ],
  };
}

const PAGE = 65536;

/** Kernels with room for `bytes` bytes; undefined where the engine has no WebAssembly with SIMD. */
export function spreadKernels(bytes: number): SpreadKernels | undefined {
  const instance = wasmInstance(wasmModule([centreLine(), stencilLine()], Math.ceil(bytes / PAGE)));
  return (
    instance && {
      ...(instance.functions as unknown as Pick<SpreadKernels, "centreLine" | "stencilLine">),
      floats: new Float32Array(instance.memory),
      doubles: new Float64Array(instance.memory),
    }
  );
}
