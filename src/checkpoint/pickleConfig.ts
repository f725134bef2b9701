import { isKind, type PickleValue } from "./pickleValue.ts";
import { CheckpointError, type ConfigObject, type ConfigValue } from "./stateDict.ts";

/** Hyper-parameters are shallow and few; shared references would let a small file unfold into an endless tree. */
const MAX_DEPTH = 16;
const MAX_VALUES = 100_000;

/** Counts what has been unfolded so far. */
export interface ConfigBudget {
  values: number;
}

export function configBudget(): ConfigBudget {
  return { values: MAX_VALUES };
}

/**
 * The plain data in a pickle value: null, booleans, numbers, text, lists (tuples too) and dictionaries. Everything else (tensors,
 * modules, sets, bytes) is left out: undefined at the top and in lists' place, absent from dictionaries.
 */
export function toConfig(value: PickleValue, budget: ConfigBudget, depth = 0): ConfigValue | undefined {
  if (--budget.values < 0 || depth > MAX_DEPTH)
    throw new CheckpointError("The settings in the checkpoint are larger or deeper than any known network's.");
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
  budget: ConfigBudget,
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
