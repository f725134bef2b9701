/** What is told of the workers of a run: while it goes on, and in the end. */
import type { QueueState } from "./taskQueue.ts";

/** Who did the work of a run. */
export interface MachinesSummary {
  /** Pieces that each worker did, by its name. */
  readonly done: Readonly<Record<string, number>>;
  /** Pieces that were taken over from workers that had died. */
  readonly lost: number;
  /** Workers whose answers were refused, and why. */
  readonly refused: Readonly<Record<string, string>>;
}

export const machinesSummary = ({ done, lost, refused }: QueueState): MachinesSummary => ({
  done: Object.fromEntries([...done].sort(([a], [b]) => (a < b ? -1 : 1))),
  lost,
  refused: Object.fromEntries(refused),
});

/** The short state of a queue, for a progress bar. */
export function queueNote({ workers, lost, trouble, isUp }: QueueState): string {
  const count =
    workers === 0 ? "no workers yet: klish worker" : workers === undefined ? "workers" : workersText(workers);
  return [
    isUp ? count : "the queue does not answer",
    ...(lost > 0 ? [`${lost} taken over`] : []),
    ...(trouble === undefined ? [] : [trouble]),
  ].join(", ");
}

const workersText = (count: number): string => (count === 1 ? "1 worker" : `${count} workers`);

/** Lines of a result that say who did the work. */
export function machineLines({ done, lost, refused }: MachinesSummary): string[] {
  const names = Object.entries(done);
  return [
    ...(names.length === 0
      ? []
      : [`done by ${workersText(names.length)}: ${names.map(([name, count]) => `${name} ${count}`).join(", ")}`]),
    ...(lost > 0 ? [`taken over from workers that died: ${lost}`] : []),
    ...Object.values(refused),
  ];
}
