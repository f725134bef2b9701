/**
 * Images per second of a StyleGAN2 with random weights, without and with feature maps, against the same forward pass in
 * PyTorch where a Python with torch is found (bench/generatorTorch.py, the faster of its two ways to modulate). Both take
 * turns, and the fastest turn of each counts: `npx tsx bench/generator.ts [--rounds n] [--threads 1,2] [--pixels 64,256]`.
 */
import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { GenerateOptions } from "../src/gan/generator.ts";
import { networkGenerator } from "../src/gan/networkGenerator.ts";
import { ortNode } from "../src/runtime/ortNode.ts";
import { randn } from "../src/tensor/random.ts";
import { tensor } from "../src/tensor/tensor.ts";
import { randomNetwork, WIDTH } from "./randomNetwork.ts";

const flag = (name: string, otherwise: string): string => {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const rounds = Number(flag("--rounds", "7"));
const threadCounts = flag("--threads", "1,2").split(",").map(Number);

const resolutions = flag("--pixels", "64,256").split(",").map(Number);

const NETWORKS = [
  { name: "64 px, 128 channels", resolution: 64, mostChannels: 128 },
  { name: "256 px, full width", resolution: 256, mostChannels: 512 },
];
const BATCHES = [1, 8];

type Timer = { milliseconds(): Promise<number>; stop(): void };

function torchTimer(python: string, args: readonly (string | number)[]): Timer {
  const script = `${import.meta.dirname}/generatorTorch.py`;
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(python, [script, ...args.map(String)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async milliseconds() {
      child.stdin.write("\n");
      const { value, done } = await lines.next();
      if (done) throw new Error("bench/generatorTorch.py ended early");
      return Number(value);
    },
    stop: () => child.stdin.end(),
  };
}

const hasTorch = (python: string): boolean => spawnSync(python, ["-c", "import torch"]).status === 0;
const python = ["python3", "/usr/bin/python3"].find(hasTorch);
if (python === undefined) console.log("no Python with torch: install python3-torch to compare. Our own figures:\n");

console.log("| network | threads | batch | images/s | with auto features | torch images/s | ours / torch |");
console.log("| --- | --- | --- | --- | --- | --- | --- |");
for (const { name, resolution, mostChannels } of NETWORKS) {
  if (!resolutions.includes(resolution)) continue;
  const network = randomNetwork(resolution, mostChannels);
  for (const threads of threadCounts)
    for (const batch of BATCHES) {
      const generator = networkGenerator(network, { runtime: ortNode, provider: "cpu", threads });
      const z = tensor([batch, WIDTH], randn(1, batch * WIDTH));
      const ours = (layers: "none" | "auto"): Timer => ({
        async milliseconds() {
          const options: GenerateOptions = { z, layers };
          const start = performance.now();
          await generator.generate(options);
          return performance.now() - start;
        },
        stop() {},
      });
      const torch = (way: string): Timer[] =>
        python === undefined ? [] : [torchTimer(python, [resolution, mostChannels, batch, threads, way])];
      const timers = [ours("none"), ours("auto"), ...torch("fused"), ...torch("scaled")];
      const best = timers.map(() => Number.POSITIVE_INFINITY);
      for (const timer of timers) await timer.milliseconds(); // warm
      for (let round = 0; round < rounds; round++)
        for (const [i, timer] of timers.entries()) best[i] = Math.min(best[i], await timer.milliseconds());
      for (const timer of timers) timer.stop();
      await generator.dispose();
      const rate = (milliseconds: number): number => (batch * 1000) / milliseconds;
      const [plain, features, ...others] = best.map(rate);
      const fastest = Math.max(...others);
      const compared = others.length === 0 ? ["-", "-"] : [fastest.toFixed(1), `${(plain / fastest).toFixed(2)}x`];
      const cells = [name, threads, batch, plain.toFixed(1), features.toFixed(1), ...compared];
      console.log(`| ${cells.join(" | ")} |`);
    }
}
