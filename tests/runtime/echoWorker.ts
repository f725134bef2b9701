import { workerData } from "node:worker_threads";
import { note, serve } from "../../src/runtime/node/threads.ts";

export interface EchoCalls {
  double(x: number): Promise<number>;
  fail(name: string, message: string): Promise<never>;
  wait(milliseconds: number): Promise<string>;
  moved(length: number): Promise<Uint8Array>;
  say(what: string): Promise<void>;
  die(): Promise<never>;
}

serve<EchoCalls>(
  {
    double: async (x) => (workerData as { base: number }).base + 2 * x,
    fail: async (name, message) => {
      throw Object.assign(new Error(message), { name });
    },
    wait: (milliseconds) => new Promise((resolve) => setTimeout(() => resolve(`waited ${milliseconds}`), milliseconds)),
    moved: async (length) => Uint8Array.from({ length }, (_, i) => i),
    say: async (what) => note(what),
    die: async () => process.exit(3),
  },
  { moved: (result) => (result instanceof Uint8Array ? [result.buffer as ArrayBuffer] : []) },
);
