/** Cholesky factors in single precision by SIMD, for Newton directions: those need few digits, and are wanted by the hundred. */
import type { Blas } from "./blas.ts";
import { choleskySolve, factorPositive } from "./cholesky.ts";
import {
  both,
  type Code,
  constant,
  get,
  load4,
  loadSplat,
  multiply4,
  plus,
  repeat,
  set,
  store4,
  subtract4,
  type WasmFunction,
  type WasmInstance,
  wasmInstance,
  wasmModule,
} from "./wasm.ts";

/** A pivot below this share of its diagonal element has no correct digit in single precision. */
const LEAST_PIVOT = 1e-6;

/**
 * Takes from each row i of the upper triangle, from `row` to `end`, what the four rows from byte `rows` on take of it: row i -= f0 row0 +
 * f1 row1 + f2 row2 + f3 row3, f being their elements in column i. Rows are `stride` bytes long; `row` and `end` are 4 i; row i begins at byte
 * `target`.
 */
function subtractFour(): WasmFunction {
  const [rows, stride, row, end, target, x, from, first, sum, ...factors] = Array.from({ length: 13 }, (_, n) => n);
  const to = plus(get(target), get(x));
  const eachRow = (visit: (factor: number) => Code): Code =>
    factors.map((factor) => [visit(factor), set(from, plus(get(from), get(stride)))]);
  return {
    name: "subtractFour",
    parameters: ["i32", "i32", "i32", "i32", "i32"],
    locals: ["i32", "i32", "i32", "v128", "v128", "v128", "v128", "v128"],
    body: repeat(row, constant(4), get(end), [
      set(from, plus(get(rows), get(row))),
      eachRow((factor) => set(factor, loadSplat(get(from)))),
      // From the four columns that hold the diagonal on; what this does left of it is never read.
      set(first, both(get(row), constant(-16))),
      set(x, get(first)),
      repeat(x, constant(16), get(stride), [
        set(sum, load4(to)),
        set(from, plus(get(rows), get(x))),
        eachRow((factor) => set(sum, subtract4(get(sum), multiply4(get(factor), load4(get(from)))))),
        store4(to, get(sum)),
      ]),
      set(target, plus(get(target), get(stride))),
    ]),
  };
}

interface Kernels {
  readonly floats: Float32Array;
  /** A panel and its square, where the matrix is too large for the processor's cache; they grow as needed. */
  panel: Float32Array;
  square: Float32Array;
  readonly functions: WasmInstance["functions"];
}

/** Kernels that nobody uses at the moment. */
let spare: Kernels | undefined;

function takeKernels(floats: number): Kernels | undefined {
  const taken = spare;
  spare = undefined;
  if (taken !== undefined && taken.floats.length >= floats) return taken;
  const instance = wasmInstance(wasmModule([subtractFour()], Math.ceil((4 * floats) / 65536)));
  const empty = new Float32Array(0);
  const { functions, memory } = instance ?? {};
  return functions && memory && { floats: new Float32Array(memory), panel: empty, square: empty, functions };
}

/** Rows that are factored before the rows below are touched, where the matrix is too large for the processor's cache. */
const PANEL = 64;
const LARGE = 256;

/** A factorised positive definite matrix. */
export interface RoughFactor {
  /** Solves matrix x = b in place of `b`. */
  solve(b: Float64Array): void;
  /** Where its numbers are, in single precision. */
  readonly room: Float32Array | undefined;
}

/**
 * Factorises `matrix` [n,n], of which the upper triangle is read: in single precision where that serves, else as `factorPositive` does
 * it. A `former` factor's room is used again: it solves nothing any more.
 */
export async function factorRoughly(
  matrix: Float64Array,
  n: number,
  blas: Blas,
  former?: RoughFactor,
): Promise<RoughFactor> {
  const stride = strideOf(n);
  const kernels = takeKernels(n * stride);
  if (kernels === undefined) return exactly(matrix, n);
  const { floats } = kernels;
  copyUpper(matrix, floats, n, stride);
  const panel = n > LARGE ? PANEL : n;
  let good = true;
  for (let start = 0; start < n && good; start += panel) {
    const end = Math.min(n, start + panel);
    good = factorPanel(matrix, n, stride, start, end, kernels);
    if (good && end < n) await subtractPanel(kernels, n, stride, start, end, blas);
  }
  spare = kernels;
  if (!good) return exactly(matrix, n);
  const room = former?.room?.length === n * stride ? former.room : new Float32Array(n * stride);
  room.set(floats.subarray(0, room.length));
  return factorIn(room, n);
}

/** The factor of [n,n] whose numbers are in `room`: one that came from another thread. */
export function factorIn(room: Float32Array, n: number): RoughFactor {
  return { solve: (b) => solveUpper(room, n, strideOf(n), b), room };
}

/** Rows of a factor begin at every so many numbers. */
const strideOf = (n: number): number => 4 * Math.ceil(n / 4);

/** Copies the upper triangle. */
function copyUpper(matrix: Float64Array, floats: Float32Array, n: number, stride: number): void {
  for (let i = 0; i < n; i++) for (let j = i, at = i * n, to = i * stride; j < n; j++) floats[to + j] = matrix[at + j];
}

function exactly(matrix: Float64Array, n: number): RoughFactor {
  const lower = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = i; j < n; j++) lower[j * n + i] = matrix[i * n + j];
  const factor = factorPositive(lower, n);
  return { solve: (b) => choleskySolve(factor, n, b), room: undefined };
}

/**
 * Solves R^T R x = b in place of `b`, for the upper triangle of `upper`, of which each row is walked once either way; four rows at a time,
 * which then share the numbers of b that they read.
 */
function solveUpper(upper: Float32Array, n: number, stride: number, b: Float64Array): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const [r0, r1, r2, r3] = [i * stride, (i + 1) * stride, (i + 2) * stride, (i + 3) * stride];
    const x0 = b[i] / upper[r0 + i];
    const x1 = (b[i + 1] - x0 * upper[r0 + i + 1]) / upper[r1 + i + 1];
    const x2 = (b[i + 2] - x0 * upper[r0 + i + 2] - x1 * upper[r1 + i + 2]) / upper[r2 + i + 2];
    const x3 =
      (b[i + 3] - x0 * upper[r0 + i + 3] - x1 * upper[r1 + i + 3] - x2 * upper[r2 + i + 3]) / upper[r3 + i + 3];
    [b[i], b[i + 1], b[i + 2], b[i + 3]] = [x0, x1, x2, x3];
    for (let j = i + 4; j < n; j++)
      b[j] = b[j] - x0 * upper[r0 + j] - x1 * upper[r1 + j] - x2 * upper[r2 + j] - x3 * upper[r3 + j];
  }
  for (let k = i; k < n; k++) {
    b[k] /= upper[k * stride + k];
    for (let j = k + 1; j < n; j++) b[j] -= b[k] * upper[k * stride + j];
  }
  for (let k = n - 1; k >= i; k--) {
    let sum = b[k];
    for (let j = k + 1; j < n; j++) sum -= upper[k * stride + j] * b[j];
    b[k] = sum / upper[k * stride + k];
  }
  for (i -= 4; i >= 0; i -= 4) {
    const [r0, r1, r2, r3] = [i * stride, (i + 1) * stride, (i + 2) * stride, (i + 3) * stride];
    let [s0, s1, s2, s3] = [b[i], b[i + 1], b[i + 2], b[i + 3]];
    for (let j = i + 4; j < n; j++) {
      const x = b[j];
      s0 -= upper[r0 + j] * x;
      s1 -= upper[r1 + j] * x;
      s2 -= upper[r2 + j] * x;
      s3 -= upper[r3 + j] * x;
    }
    const x3 = s3 / upper[r3 + i + 3];
    const x2 = (s2 - upper[r2 + i + 3] * x3) / upper[r2 + i + 2];
    const x1 = (s1 - upper[r1 + i + 3] * x3 - upper[r1 + i + 2] * x2) / upper[r1 + i + 1];
    const x0 = (s0 - upper[r0 + i + 3] * x3 - upper[r0 + i + 2] * x2 - upper[r0 + i + 1] * x1) / upper[r0 + i];
    [b[i], b[i + 1], b[i + 2], b[i + 3]] = [x0, x1, x2, x3];
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
    if (k + 4 < end) functions.subtractFour(4 * k * stride, 4 * stride, 4 * (k + 4), 4 * end, 4 * (k + 4) * stride);
  }
  return true;
}

/** What the panel of rows `start` to `end` takes from all rows below. */
async function subtractPanel(
  kernels: Kernels,
  n: number,
  stride: number,
  start: number,
  end: number,
  blas: Blas,
): Promise<void> {
  const m = n - end;
  const k = end - start;
  const { floats } = kernels;
  // The first panel takes the most room.
  if (kernels.panel.length < k * m) kernels.panel = new Float32Array(k * m);
  if (kernels.square.length < m * m) kernels.square = new Float32Array(m * m);
  const a = kernels.panel.subarray(0, k * m);
  for (let r = 0; r < k; r++) a.set(floats.subarray((start + r) * stride + end, (start + r) * stride + n), r * m);
  const out = kernels.square.subarray(0, m * m);
  subtractSquare(floats, await blas.gemm({ a, b: a, m, n: m, k, transposeA: true, out }), m, stride, end);
}

/** Takes the upper triangle of `square` [m,m] from that of the matrix, from row and column `end` on. */
function subtractSquare(floats: Float32Array, square: Float32Array, m: number, stride: number, end: number): void {
  for (let i = 0; i < m; i++) {
    const row = (end + i) * stride + end;
    for (let j = i; j < m; j++) floats[row + j] -= square[i * m + j];
  }
}
