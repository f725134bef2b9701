/**
 * state.safetensors: all that a run needs to continue to the same numbers, in one file, so that a kill cannot mix an old
 * half with a new one. The one before it is kept as state-previous.safetensors.
 */
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readSafetensors, writeSafetensors } from "../../checkpoint/safetensors.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import type { JsonObject, TrainingState } from "../../train/trainer.ts";
import { explain, ProjectError, readIfThere, syncFolder, writeAtomic } from "../storage/files.ts";
import { type TickSums, tickSums } from "./log/tick.ts";

/** A trainer's state with what the run beside it needs. */
export interface RunState {
  readonly training: TrainingState;
  /** Examples shown so far. */
  readonly images: number;
  /** Of the tick that was under way. */
  readonly sums: TickSums;
  /** What the trainer was made of: JSON, checked by those who know the kind of training. */
  readonly recipe: object;
}

const METADATA = "klish.training";

const metadata = z.strictObject({
  images: z.int().min(0),
  scalars: z.record(z.string(), z.unknown()),
  sums: tickSums,
  recipe: z.looseObject({}),
});

export const statePath = (run: string): string => join(run, "state.safetensors");
const previousPath = (run: string): string => join(run, "state-previous.safetensors");
/** Complete when it is there: between being written and being put in its place. */
const nextPath = (run: string): string => join(run, "state-next.safetensors");

/** Equal states give equal bytes. */
export function encodeState({ training, images, sums, recipe }: RunState): Uint8Array {
  const beside = { images, scalars: training.scalars, sums, recipe };
  return writeSafetensors(training.tensors, { [METADATA]: JSON.stringify(beside) });
}

/** Whether a safetensors file's metadata are a state's: it may be a network's. */
export const isState = (fileMetadata: Readonly<Record<string, string>>): boolean => METADATA in fileMetadata;

/** Throws CheckpointError, SyntaxError or ZodError for what is no state. */
export function decodeState(bytes: Uint8Array): RunState {
  const { tensors, metadata: texts } = readSafetensors(bytes);
  const { images, scalars, sums, recipe } = metadata.parse(JSON.parse(texts[METADATA] ?? "{}"));
  const read = new Map<string, Tensor>();
  for (const [name, lazy] of tensors) {
    const { dtype, shape, data } = lazy.read();
    if (dtype !== "float32") throw new RangeError(`tensor ${name} is of ${dtype}, expected float32`);
    read.set(name, tensor(shape, data));
  }
  return {
    training: { tensors: read, scalars: scalars as JsonObject },
    images,
    sums,
    recipe,
  };
}

/** Saves a state and keeps the one before; returns its bytes. A kill at any moment leaves one of the two whole. */
export async function saveState(run: string, state: RunState): Promise<number> {
  const bytes = encodeState(state);
  await writeAtomic(nextPath(run), bytes);
  await putInPlace(run);
  return bytes.length;
}

async function putInPlace(run: string): Promise<void> {
  try {
    await rename(statePath(run), previousPath(run)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
    await rename(nextPath(run), statePath(run));
    await syncFolder(run);
  } catch (error) {
    throw explain(error, statePath(run));
  }
}

/**
 * The newest state of a run; undefined when it has none yet. A damaged one (a failing disk) gives way to the one before
 * it. Throws ProjectError when all that are there are damaged.
 */
export async function loadState(run: string): Promise<RunState | undefined> {
  let damage: Error | undefined;
  for (const path of [nextPath(run), statePath(run), previousPath(run)]) {
    const bytes = await readIfThere(path);
    if (bytes === undefined) continue;
    try {
      const state = decodeState(bytes);
      if (path === nextPath(run)) await putInPlace(run);
      return state;
    } catch (cause) {
      damage ??= new ProjectError(
        `${path} is damaged (${(cause as Error).message}). Delete the state files to begin this run again.`,
        { cause },
      );
    }
  }
  if (damage !== undefined) throw damage;
  return undefined;
}
