/**
 * A training step of StyleGAN2 against PyTorch (Debian's python3-torch; skipped where it is absent): the same networks, batch
 * and threads, each in a process of its own, in turns. Phases: one update of D and of G (ours in one pass, PyTorch's one after
 * the other, as official code does it), R1, path length. Least milliseconds of the clock and of the processors, peak memory.
 *
 * npx tsx bench/train.ts [--recipe '{"channelBase":8192,"batch":8}'] [--steps 4] [--threads 2] [--rounds 1]
 *
 * The default recipe is 64 pixels, 128 channels everywhere, batch 8, without augmentation; `--recipe '{}'` is what
 * `ganRecipe(64)` says, with augmentation.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ortNode } from "../src/runtime/ortNode.ts";
import type { Runtime } from "../src/runtime/session.ts";
import { randn } from "../src/tensor/random.ts";
import { sizeOf, tensor } from "../src/tensor/tensor.ts";
import { ganTrainer } from "../src/train/gan/ganTrainer.ts";
import { ganRecipe } from "../src/train/gan/recipe.ts";

interface Measured {
  readonly phases: Record<string, { wall: number; cpu: number }>;
  readonly megabytes: number;
}

const BAR = { channelBase: 8192, channelMax: 128, batch: 8, zDim: 512, wDim: 512, augment: null };
const { values } = parseArgs({
  options: {
    recipe: { type: "string", default: JSON.stringify(BAR) },
    steps: { type: "string", default: "4" },
    threads: { type: "string", default: "2" },
    rounds: { type: "string", default: "1" },
    ours: { type: "boolean", default: false },
  },
});
const { resolution = 64, ...overrides } = JSON.parse(values.recipe) as { resolution?: number };
// Every phase in every step.
const recipe = ganRecipe(resolution, { ...overrides, r1Interval: 1, pathLengthInterval: 1 });
if (values.ours) await ours();
else await compare();
process.exit(0);

async function ours(): Promise<void> {
  const names = ["main", "r1", "path"];
  const phases: Measured["phases"] = {};
  let step = 0;
  const timed: Runtime = {
    async createSession(model, options) {
      const session = await ortNode.createSession(model, options);
      const name = names.shift() as string;
      return {
        ...session,
        async run(...args) {
          const [start, before] = [performance.now(), process.cpuUsage()];
          const result = await session.run(...args);
          const [wall, { user, system }] = [performance.now() - start, process.cpuUsage(before)];
          const known = phases[name] ?? { wall: Number.POSITIVE_INFINITY, cpu: Number.POSITIVE_INFINITY };
          // The first step allocates.
          if (step > 0)
            phases[name] = { wall: Math.min(known.wall, wall), cpu: Math.min(known.cpu, (user + system) / 1e3) };
          return result;
        },
      };
    },
  };
  const trainer = await ganTrainer(recipe, { runtime: timed, threads: Number(values.threads) });
  const shape = [recipe.batch, recipe.imageChannels, resolution, resolution];
  for (; step < Number(values.steps); step++) await trainer.step(tensor(shape, randn(step, sizeOf(shape))));
  console.log(JSON.stringify({ phases, megabytes: process.resourceUsage().maxRSS / 1024 }));
}

async function compare(): Promise<void> {
  const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const run = (command: string, args: readonly string[]): Measured | undefined => {
    const { stdout, stderr, status } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1e8 });
    if (status === 0) return JSON.parse(stdout.trim().split("\n").at(-1) as string) as Measured;
    if (/No module named .torch|ENOENT/.test(stderr ?? "ENOENT")) return undefined;
    throw new Error(stderr);
  };
  console.log(JSON.stringify(recipe));
  for (let round = 0; round < Number(values.rounds); round++) {
    const own = ["--ours", "--recipe", values.recipe, "--steps", values.steps, "--threads", values.threads];
    const a = run(process.execPath, ["--import", "tsx", here("train.ts"), ...own]) as Measured;
    const b = run("/usr/bin/python3", [here("trainTorch.py"), JSON.stringify(recipe), values.steps, values.threads]);
    const both = b && { wall: b.phases["D"].wall + b.phases["G"].wall, cpu: b.phases["D"].cpu + b.phases["G"].cpu };
    const rows = [
      ["D and G", a.phases["main"], both],
      ["R1", a.phases["r1"], b?.phases["r1"]],
      ["path length", a.phases["path"], b?.phases["path"]],
    ] as const;
    console.log(
      `${"phase".padEnd(14)}${"ours ms".padStart(10)}${"cpu".padStart(8)}${"PyTorch ms".padStart(14)}${"cpu".padStart(8)}${"ratio".padStart(8)}${"of cpu".padStart(8)}`,
    );
    const fixed = (n: number | undefined, width: number, digits = 0): string =>
      (n?.toFixed(digits) ?? "-").padStart(width);
    for (const [name, x, y] of rows)
      console.log(
        name.padEnd(14) +
          fixed(x.wall, 10) +
          fixed(x.cpu, 8) +
          fixed(y?.wall, 14) +
          fixed(y?.cpu, 8) +
          fixed(y && x.wall / y.wall, 8, 2) +
          fixed(y && x.cpu / y.cpu, 8, 2),
      );
    console.log(
      `peak memory   ${fixed(a.megabytes, 10)} MB    ${fixed(b?.megabytes, 12)} MB ${fixed(b && a.megabytes / b.megabytes, 8, 2)}`,
    );
  }
}
