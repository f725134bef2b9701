import { serve } from "../../src/runtime/node/threads.ts";

export interface LineCalls {
  wait(milliseconds: number): Promise<string>;
  closed(): Promise<never>;
}

const ending = new AbortController();

serve<LineCalls>(
  {
    wait: (milliseconds) => new Promise((resolve) => setTimeout(() => resolve(`waited ${milliseconds}`), milliseconds)),
    closed: () =>
      new Promise((_, reject) => ending.signal.addEventListener("abort", () => reject(ending.signal.reason as Error))),
  },
  { oneByOne: true, ending },
);
