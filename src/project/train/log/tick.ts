/** Figures of many steps as one line of the log. */
import { z } from "zod";

const sum = z.strictObject({ total: z.number(), count: z.int().min(0) });

/** Sums of the figures of the steps of a tick; part of the state, so that a resumed tick has the means of a whole one. */
export const tickSums = z.record(z.string(), sum);
export type TickSums = z.infer<typeof tickSums>;

/** Figures of a step by their names in the log; undefined: the step has not got it. */
export type Figures = Readonly<Record<string, number | undefined>>;

/** The sums with a step's figures; those that the step has not got are left alone. */
export function addStep(sums: TickSums, figures: Figures): TickSums {
  const next = { ...sums };
  for (const [name, value] of Object.entries(figures)) {
    if (value === undefined) continue;
    const { total, count } = next[name] ?? { total: 0, count: 0 };
    next[name] = { total: total + value, count: count + 1 };
  }
  return next;
}

/** Means, in the order of the log's `columns`. */
export const means = (sums: TickSums, columns: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries(
    columns.flatMap((name) => {
      const { total, count } = sums[name] ?? { total: 0, count: 0 };
      return count === 0 ? [] : [[name, total / count]];
    }),
  );
