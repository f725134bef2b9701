/** Cholesky factors in single precision by SIMD, for Newton directions: those need few digits, and are wanted by the hundred. */
import type { Blas } from "./blas.ts";
import { choleskySolve, factorPositive } from "./cholesky.ts";
import {
  constant,
  get,
  load4,
  multiply4,
  plus,
  repeat,
  set,
  splat,
  store4,
  subtract4,
  type WasmFunction,
  type WasmInstance,
  wasmInstance,
  wasmModule,
} from "./wasm.ts";

/** A pivot below this share of its diagonal element has no correct digit in single precision. */
const LEAST_PIVOT = 1e-6;

/** target -= f0 row0 + f1 row1 + f2 row2 + f3 row3, over `width` bytes; the four rows are `stride` bytes apart from `rows`. */
function subtractFour(): WasmFunction {
  const [target, rows, stride, width, f0, f1, f2, f3, x, row, sum] = Array.from({ length: 11 }, (_, n) => n);
  const to = plus(get(target), get(x));
  const subtract = (factor: number) => [
    set(sum, subtract4(get(sum), multiply4(splat(get(factor)), load4(get(row))))),
    set(row, plus(get(row), get(stride))),
  ];
  return {
    name: "subtractFour",
    parameters: ["i32", "i32", "i32", "i32", "f32", "f32", "f32", "f32"],
    locals: ["i32", "i32", "v128"],
    body: repeat(x, constant(16), get(width), [
      set(sum, load4(to)),
      set(row, plus(get(rows), get(x))),
      [f0, f1, f2, f3].map(subtract),
      store4(to, get(sum)),
    ]),
  };
}

interface Kernels {
  readonly floats: Float32Array;
  readonly functions: WasmInstance["functions"];
}

/** Kernels that nobody uses at the moment. */
let spare: Kernels | undefined;

function takeKernels(floats: number): Kernels | undefined {
  const taken = spare;
  spare = undefined;
  if (taken !== undefined && taken.floats.length >= floats) return taken;
  const instance = wasmInstance(wasmModule([subtractFour()], Math.ceil((4 * floats) / 65536)));
  return instance && { floats: new Float32Array(instance.memory), functions: instance.functions };
}

/** Rows that are factored before the rows below are touched, where the matrix is too large for the processor's cache. */
const PANEL = 64;
const LARGE = 256;

/** A factorised positive definite matrix. */
export interface RoughFactor {
  /** Solves matrix x = b in place of `b`. */
  solve(b: Float64Array): void;
}

/**
 * Factorises `matrix` [n,n], of which the upper triangle is read: in single precision where that serves, else as `factorPositive` does
 * it.
 */
export async function factorRoughly(matrix: Float64Array, n: number, blas: Blas): Promise<RoughFactor> {
  const stride = 4 * Math.ceil(n / 4);
  const kernels = takeKernels(n * stride);
  if (kernels === undefined) return exactly(matrix, n);
  const { floats } = kernels;
  for (let i = 0; i < n; i++) floats.set(matrix.subarray(i * n + i, (i + 1) * n), i * stride + i);
  const panel = n > LARGE ? PANEL : n;
  let good = true;
  for (let start = 0; start < n && good; start += panel) {
    const end = Math.min(n, start + panel);
    good = factorPanel(matrix, n, stride, start, end, kernels);
    if (good && end < n) await subtractPanel(floats, n, stride, start, end, blas);
  }
  const upper = good ? floats.slice(0, n * stride) : undefined;
  spare = kernels;
  return upper === undefined ? exactly(matrix, n) : { solve: (b) => solveUpper(upper, n, stride, b) };
}

function exactly(matrix: Float64Array, n: number): RoughFactor {
  const lower = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = i; j < n; j++) lower[j * n + i] = matrix[i * n + j];
  const factor = factorPositive(lower, n);
  return { solve: (b) => choleskySolve(factor, n, b) };
}

/** Solves R^T R x = b in place of `b`, for the upper triangle of `upper`, of which each row is walked once either way. */
function solveUpper(upper: Float32Array, n: number, stride: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) {
    const row = i * stride;
    b[i] /= upper[row + i];
    const x = b[i];
    for (let j = i + 1; j < n; j++) b[j] -= x * upper[row + j];
  }
  for (let i = n - 1; i >= 0; i--) {
    const row = i * stride;
    let sum = b[i];
    for (let j = i + 1; j < n; j++) sum -= upper[row + j] * b[j];
    b[i] = sum / upper[row + i];
  }
}

/** Rows `start` to `end` of the upper factor R = L^T, four at a time: those first, then what they take from the panel's other rows. */
function factorPanel(
  matrix: Float64Array,
  n: number,
  stride: number,
  start: number,
  end: number,
  { floats, functions }: Kernels,
): boolean {
  for (let k = start; k < end; k += 4) {
    for (let r = k; r < Math.min(k + 4, end); r++) {
      const row = r * stride;
      for (let q = k; q < r; q++) {
        const above = q * stride;
        const factor = floats[above + r];
        for (let j = r; j < n; j++) floats[row + j] -= factor * floats[above + j];
      }
      const pivot = floats[row + r];
      if (!(pivot > LEAST_PIVOT * matrix[r * n + r])) return false;
      const scale = 1 / Math.sqrt(pivot);
      for (let j = r; j < n; j++) floats[row + j] *= scale;
    }
    const rows = k * stride;
    for (let i = k + 4; i < end; i++) {
      // From the four columns that hold the diagonal on; what this does left of it is never read.
      const first = i - (i % 4);
      functions.subtractFour(
        4 * (i * stride + first),
        4 * (rows + first),
        4 * stride,
        4 * (stride - first),
        floats[rows + i],
        floats[rows + stride + i],
        floats[rows + 2 * stride + i],
        floats[rows + 3 * stride + i],
      );
    }
  }
  return true;
}

/** What the panel of rows `start` to `end` takes from all rows below. */
async function subtractPanel(
  floats: Float32Array,
  n: number,
  stride: number,
  start: number,
  end: number,
  blas: Blas,
): Promise<void> {
  const m = n - end;
  const k = end - start;
  const a = new Float32Array(k * m);
  for (let r = 0; r < k; r++) a.set(floats.subarray((start + r) * stride + end, (start + r) * stride + n), r * m);
  const product = await blas.gemm({ a, b: a, m, n: m, k, transposeA: true });
  for (let i = 0; i < m; i++) {
    const row = (end + i) * stride + end;
    for (let j = i; j < m; j++) floats[row + j] -= product[i * m + j];
  }
}
