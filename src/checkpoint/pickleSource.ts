import type { PickleValue } from "./pickleValue.ts";
import { CheckpointError } from "./stateDict.ts";

/** Where a pickle stands decides which names and persistent ids it may use. */
export interface PickleSource {
  readonly context: PickleContext;
  /** What is left to spend; shared by the pickles within a pickle. */
  readonly budget: PickleBudget;
  /** Resolves a persistent id; absent where none may occur. */
  readonly persistent?: (id: PickleValue) => PickleValue;
  /** Reads the torch storage stream that a plain pickle carries as bytes. */
  readonly loadStorage?: (bytes: Uint8Array) => PickleValue;
}

/** plain: NVIDIA's files. torch: the object in a `.pth`. storage: the id of one storage. bare: numbers, text and lists alone. */
export type PickleContext = "plain" | "torch" | "storage" | "bare";

export interface PickleBudget {
  opcodes: number;
  objects: number;
  textBytes: number;
}

/** Hundred times what the largest official file needs, and bearable for memory: about 0.3 GB at the worst. */
export function pickleBudget(): PickleBudget {
  return { opcodes: 10_000_000, objects: 1_000_000, textBytes: 2 ** 26 };
}

/** @throws CheckpointError when the budget is used up. */
export function spend(budget: PickleBudget, what: keyof PickleBudget, amount: number): void {
  budget[what] -= amount;
  if (budget[what] < 0)
    throw new CheckpointError(
      `The pickle needs more ${what} than any known checkpoint; it is damaged or made to do harm.`,
    );
}
