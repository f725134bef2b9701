import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { CheckpointError, type StateDict } from "../../src/checkpoint/stateDict.ts";
import { shared } from "../shared.ts";

/** Path in the folder of checkpoint fixtures. */
export const fixture = (file: string): string => shared(`fixtures/checkpoints/${file}`);
export const readBytes = (file: string): Uint8Array => new Uint8Array(readFileSync(fixture(file)));
export const readJson = <T>(file: string): T => JSON.parse(readFileSync(fixture(file), "utf8")) as T;

/** A row of a fixture's `tensors` table: sum in float64, first and last element in logical order. */
export interface TensorRow {
  readonly shape: readonly number[];
  readonly sum: number;
  readonly first: number;
  readonly last: number;
}
export type TensorTable = Readonly<Record<string, TensorRow>>;

/**
 * The tensors are those of the table, no more, no less, in shape and value. Sums may differ by the order of adding: by `tolerance`, a
 * part of the sum of magnitudes.
 */
export function expectTensors(tensors: StateDict, table: TensorTable, tolerance = 1e-13): void {
  expect([...tensors.keys()].sort()).toEqual(Object.keys(table).sort());
  for (const [name, row] of Object.entries(table)) {
    const lazy = tensors.get(name)!;
    expect(lazy.shape, name).toEqual(row.shape);
    const { data, shape } = lazy.read();
    expect(shape, name).toEqual(row.shape);
    let sum = 0;
    let magnitude = 0;
    for (const value of data) {
      sum += Number(value);
      magnitude += Math.abs(Number(value));
    }
    expect(Number(data[0]), name).toBe(row.first);
    expect(Number(data.at(-1)), name).toBe(row.last);
    expect(Math.abs(sum - row.sum), name).toBeLessThanOrEqual(tolerance * magnitude);
  }
}

/** Runs what may fail only with a CheckpointError. */
export function loadsOrRefuses(load: () => unknown): "loads" | "refuses" {
  try {
    load();
    return "loads";
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    return "refuses";
  }
}
