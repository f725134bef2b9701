/** The process of `tryOnnxApart` and `tryPicturesApart`. */
import { Worker } from "node:worker_threads";
import { tryOnnx } from "../../gan/onnx/trial.ts";
import { ortNode } from "../../runtime/ortNode.ts";
import type { TrialMessage, TrialRequest } from "./onnxTrial.ts";
import { tryPictures } from "./pictureTrial.ts";

/** A run blocks this thread; another one watches over it. */
const WATCH = `
const { workerData: { parent, memory, milliseconds } } = require("node:worker_threads");
const end = performance.now() + milliseconds;
setInterval(() => {
  if (process.ppid !== parent || process.memoryUsage.rss() > memory || performance.now() > end) process.kill(process.pid, "SIGKILL");
}, 50);
`;
/** Runs of one trial, at most; the parent watches each. */
const RUNS = 32;

const send = (message: TrialMessage, then?: () => void): void => {
  process.send?.(message, undefined, undefined, then);
};

process.once("message", async ({ model, trial, memory, seconds }: TrialRequest) => {
  new Worker(WATCH, {
    eval: true,
    workerData: { parent: process.ppid, memory, milliseconds: RUNS * seconds * 1000 },
  });
  let last: TrialMessage;
  try {
    const options = { runtime: ortNode, onRun: () => send({ kind: "run" }) };
    if (trial.kind === "generator")
      last = { kind: "done", signature: await tryOnnx(model, { ...options, latent: trial.latent }) };
    else {
      await tryPictures(model, trial.pictures, options);
      last = { kind: "done" };
    }
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    last = { kind: "failed", name, message };
  }
  send(last, () => process.exit(0));
});
