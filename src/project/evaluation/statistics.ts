import { type MethodName, methodNames } from "../../cluster/methods.ts";
import type { ScoreName } from "../../metrics/clusterScores.ts";
import type { EvaluationRow } from "./rows.ts";

/** The values of one method at one K over its seeds. */
export interface Cell {
  readonly method: MethodName;
  readonly k: number;
  readonly bySeed: ReadonlyMap<number, number>;
  readonly mean: number;
  /** Unbiased; NaN for one seed. */
  readonly deviation: number;
  readonly least: number;
  readonly most: number;
}

/** Smaller differences count as ties, however consistent. */
const NEGLIGIBLE = 0.005;
/** 97.5 % quantiles of Student's t with 1, 2, ... degrees of freedom. */
const STUDENT = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23];
const NORMAL = 2;

export const methodsOf = (rows: readonly EvaluationRow[]): MethodName[] =>
  methodNames.filter((method) => rows.some((row) => row.method === method));

export const ksOf = (rows: readonly EvaluationRow[]): number[] =>
  [...new Set(rows.map((row) => row.k))].sort((a, b) => a - b);

/** The cells of a value, in the order of methods and K. Rows without the value are left out. */
export function cells(rows: readonly EvaluationRow[], value: (row: EvaluationRow) => number | null): Cell[] {
  return methodsOf(rows).flatMap((method) =>
    ksOf(rows).flatMap((k) => {
      const bySeed = new Map<number, number>();
      for (const row of rows) {
        const x = row.method === method && row.k === k ? value(row) : null;
        if (x !== null) bySeed.set(row.seed, x);
      }
      return bySeed.size === 0 ? [] : [cell(method, k, bySeed)];
    }),
  );
}

export const scoreCells = (rows: readonly EvaluationRow[], score: ScoreName): Cell[] =>
  cells(rows, (row) => row.scores[score] ?? null);

function cell(method: MethodName, k: number, bySeed: ReadonlyMap<number, number>): Cell {
  const values = [...bySeed.values()];
  const { mean, deviation } = spreadOf(values);
  return { method, k, bySeed, mean, deviation, least: Math.min(...values), most: Math.max(...values) };
}

/** Mean, and unbiased standard deviation: NaN of one value. */
export function spreadOf(values: readonly number[]): { mean: number; deviation: number } {
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return { mean, deviation: n > 1 ? Math.sqrt(squares / (n - 1)) : Number.NaN };
}

/**
 * Whether two cells nearly tie: their mean difference over common seeds is negligible, or 0 is within its 95 % interval (Student's t
 * on the differences seed by seed).
 */
export function nearlyTie(a: Pick<Cell, "bySeed">, b: Pick<Cell, "bySeed">): boolean {
  const differences = [...a.bySeed].flatMap(([seed, x]) => {
    const y = b.bySeed.get(seed);
    return y === undefined ? [] : [x - y];
  });
  const n = differences.length;
  if (n === 0) return false;
  const { mean, deviation } = spreadOf(differences);
  if (Math.abs(mean) <= NEGLIGIBLE) return true;
  return n > 1 && Math.abs(mean) <= ((STUDENT[n - 2] ?? NORMAL) * deviation) / Math.sqrt(n);
}

/** The cell of the greatest mean. */
export function bestOf(candidates: readonly Cell[]): Cell | undefined {
  return candidates.reduce<Cell | undefined>(
    (best, candidate) => (best === undefined || candidate.mean > best.mean ? candidate : best),
    undefined,
  );
}
