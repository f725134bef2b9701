import { z } from "zod";

/** A seed, as NumPy takes it. */
export const SEED = z.int().min(0).max(0xffffffff);

/** Beyond any use, and before a typing error fills the memory. */
export const MOST_SEEDS = 10_000_000;

/** Different seeds as NVIDIA's tools write them: "0,1,4-6". Throws RangeError that says what is wrong. */
export function parseSeeds(text: string): number[] {
  const ranges = text.split(",").map((part): readonly [number, number] => {
    const match = /^\s*(\d+)\s*(?:-\s*(\d+))?\s*$/.exec(part);
    if (match === null) throw new RangeError(`expected seeds such as 0,1,4-6, got "${text}"`);
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    if (last < first) throw new RangeError(`the range ${part.trim()} runs backwards`);
    if (last > 0xffffffff) throw new RangeError(`a seed is at most 4294967295, got ${last}`);
    return [first, last];
  });
  const sorted = [...ranges].sort(([a], [b]) => a - b);
  sorted.forEach(([first], i) => {
    if (i > 0 && first <= sorted[i - 1][1]) throw new RangeError(`seed ${first} is given twice`);
  });
  const count = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  if (count > MOST_SEEDS) throw new RangeError(`${text} is more than ${MOST_SEEDS} seeds`);
  return ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
}

/** The shortest such text for a list of seeds. */
export function formatSeeds(seeds: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < seeds.length; ) {
    let end = i;
    while (end + 1 < seeds.length && seeds[end + 1] === seeds[end] + 1) end++;
    parts.push(end > i ? `${seeds[i]}-${seeds[end]}` : String(seeds[i]));
    i = end + 1;
  }
  return parts.join(",");
}
