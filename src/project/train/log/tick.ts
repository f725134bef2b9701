/** Figures of many steps as one line of the log. */
import { z } from "zod";
import type { StepReport } from "../../../train/gan/trainer.ts";

const sum = z.strictObject({ total: z.number(), count: z.int().min(0) });

/** Sums of the figures of the steps of a tick; part of the state, so that a resumed tick has the means of a whole one. */
export const tickSums = z.record(z.string(), sum);
export type TickSums = z.infer<typeof tickSums>;

/** The figures of a step that a tick averages, by their names in the log. */
const averaged = ["lossD", "lossG", "r1", "pathLength", "realSign"] as const satisfies readonly (keyof StepReport)[];

/** The sums with a step's figures; those that the step has not are left alone. */
export function addStep(sums: TickSums, report: StepReport): TickSums {
  const next = { ...sums };
  for (const name of averaged) {
    const value = report[name];
    if (value === undefined) continue;
    const { total, count } = next[name] ?? { total: 0, count: 0 };
    next[name] = { total: total + value, count: count + 1 };
  }
  return next;
}

/** Means, in the order of the log's columns. */
export const means = (sums: TickSums): Readonly<Record<string, number>> =>
  Object.fromEntries(
    averaged.flatMap((name) => {
      const { total, count } = sums[name] ?? { total: 0, count: 0 };
      return count === 0 ? [] : [[name, total / count]];
    }),
  );
