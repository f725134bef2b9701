/** Our steps against PyTorch's (Debian's python3-torch; skipped where it is absent), each in a process of its own, in turns. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What a process that was measured prints as its last line. */
export interface Measured {
  /** Milliseconds of each step but the first, of the clock and of the processors. */
  readonly wall: readonly number[];
  readonly cpu: readonly number[];
  readonly megabytes: number;
  readonly loss: number;
  /** Milliseconds of the clock to use the network on as many pictures, where that is measured. */
  readonly use?: readonly number[];
}

export interface Rivals {
  /** Our program, run with `--ours` and these arguments; the rival's, given the recipe as JSON. Files in bench/. */
  readonly ours: string;
  readonly arguments: readonly string[];
  readonly rival: string;
  readonly recipe: object;
  readonly rounds: number;
}

/** Runs both in turns and prints least and median times, and the peak memory. */
export function compare({ ours, arguments: same, rival: theirs, recipe: asked, rounds }: Rivals): void {
  const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const run = (command: string, args: string[]): Measured | undefined => {
    const { stdout, stderr, status } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1e8 });
    if (status === 0) return JSON.parse(stdout.trim().split("\n").at(-1) as string) as Measured;
    if (/No module named .torch|ENOENT/.test(stderr ?? "ENOENT")) return undefined;
    throw new Error(stderr);
  };
  const recipe = JSON.stringify(asked);
  console.log(recipe);
  const [own, rival]: Measured[][] = [[], []];
  for (let round = 0; round < rounds; round++) {
    own.push(run(process.execPath, ["--import", "tsx", here(ours), "--ours", ...same]) as Measured);
    const measured = run("/usr/bin/python3", [here(theirs), recipe]);
    if (measured) rival.push(measured);
  }
  const row = (name: string, of: (m: readonly Measured[]) => number): void => {
    const [a, b] = [of(own), rival.length > 0 ? of(rival) : Number.NaN];
    console.log(
      `${name.padEnd(22)}${a.toFixed(0).padStart(8)}${b.toFixed(0).padStart(10)}${(a / b).toFixed(2).padStart(8)}`,
    );
  };
  console.log(`${"".padEnd(22)}${"ours".padStart(8)}${"PyTorch".padStart(10)}${"ratio".padStart(8)}`);
  row("clock, least ms", (all) => Math.min(...all.flatMap((m) => m.wall)));
  row("clock, median ms", (all) => median(all.flatMap((m) => m.wall)));
  row("processors, least ms", (all) => Math.min(...all.flatMap((m) => m.cpu)));
  row("processors, median ms", (all) => median(all.flatMap((m) => m.cpu)));
  row("peak memory, MB", (all) => Math.max(...all.map((m) => m.megabytes)));
  if (own.some(({ use }) => use !== undefined))
    row("use, least ms", (all) => Math.min(...all.flatMap((m) => m.use ?? [])));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** Runs `step` and notes what each costs; the first, which allocates, does not count. */
export async function timed(
  steps: number,
  step: () => Promise<unknown>,
): Promise<{ readonly wall: readonly number[]; readonly cpu: readonly number[] }> {
  const [wall, cpu]: number[][] = [[], []];
  for (let i = 0; i < steps; i++) {
    const [start, before] = [performance.now(), process.cpuUsage()];
    await step();
    const { user, system } = process.cpuUsage(before);
    if (i === 0) continue;
    wall.push(performance.now() - start);
    cpu.push((user + system) / 1000);
  }
  return { wall, cpu };
}
