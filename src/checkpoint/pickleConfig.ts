import { isKind, type PickleValue } from "./pickleValue.ts";
import { CheckpointError, type ConfigObject, type ConfigValue } from "./stateDict.ts";

/** Settings are shallow. */
const MAX_DEPTH = 16;
/** Entries of modules and settings; the largest official file has about 30 000. */
const MAX_VALUES = 300_000;

/**
 * What may still be unfolded. Pickles are graphs: values may be shared, so that a small file could mean an endless tree. Everybody who
 * walks one pays for each value that he comes by.
 */
export interface UnfoldBudget {
  values: number;
}

/** For one file. */
export function unfoldBudget(): UnfoldBudget {
  return { values: MAX_VALUES };
}

/** @throws CheckpointError when the budget is used up. */
export function unfold(budget: UnfoldBudget, values: number): void {
  budget.values -= values;
  if (budget.values < 0)
    throw new CheckpointError(`The checkpoint has more than ${MAX_VALUES} entries, far beyond any known network.`);
}

/**
 * The plain data in a pickle value: null, booleans, numbers, text, lists (tuples too) and dictionaries. Everything else (tensors,
 * modules, sets, bytes) is left out: absent from dictionaries, and undefined for itself and for a list that holds it.
 */
export function toConfig(value: PickleValue, budget: UnfoldBudget, depth = 0): ConfigValue | undefined {
  unfold(budget, 1);
  if (depth > MAX_DEPTH)
    throw new CheckpointError("The settings in the checkpoint are deeper than any known network's.");
  if (value === null || typeof value !== "object") return value;
  if (isKind(value, "list") || isKind(value, "tuple")) {
    const items = value.items.map((item) => toConfig(item, budget, depth + 1));
    return items.every((item) => item !== undefined) ? items : undefined;
  }
  if (isKind(value, "dict")) return toConfigObject(value.entries, budget, depth + 1);
  return undefined;
}

/** The same for the entries of a dictionary; keys that are neither text nor numbers are left out. */
export function toConfigObject(
  entries: Iterable<readonly [PickleValue, PickleValue]>,
  budget: UnfoldBudget,
  depth = 0,
): ConfigObject {
  const plain: [string, ConfigValue][] = [];
  for (const [key, value] of entries) {
    const item = typeof key === "string" || typeof key === "number" ? toConfig(value, budget, depth) : undefined;
    if (item !== undefined) plain.push([String(key), item]);
  }
  // fromEntries defines own properties, so a key such as __proto__ is only a key.
  return Object.fromEntries(plain);
}
