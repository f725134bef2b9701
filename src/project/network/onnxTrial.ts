/** The trial run of an ONNX model in a process of its own: a model may run for ever, fill the memory or crash ONNX Runtime. */
import { fork } from "node:child_process";
import { totalmem } from "node:os";
import { GeneratorError } from "../../gan/errors.ts";
import type { LatentDistribution } from "../../gan/generator.ts";
import type { OnnxSignature } from "../../gan/onnx/signature.ts";
import type { OnnxModel } from "../../gan/onnx/trial.ts";
import { mayRunForever } from "../../graph/onnxLoops.ts";
import { OnnxError } from "../../graph/onnxModel.ts";
import { scriptOf } from "../../runtime/node/processes.ts";
import { RuntimeError } from "../../runtime/session.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { ProjectError } from "../storage/files.ts";
import type { PictureTrial } from "./pictureTrial.ts";

/** How a model is tried: as a generator that draws its latent so, or as one that takes pictures. */
type Trial =
  | { readonly kind: "generator"; readonly latent: LatentDistribution }
  | { readonly kind: "pictures"; readonly pictures: PictureTrial };

/** What the process is asked. */
export interface TrialRequest {
  readonly model: OnnxModel;
  readonly trial: Trial;
  /** The process ends itself when nobody else does: with its parent, above so many bytes of memory, after so many seconds of one run. */
  readonly memory: number;
  readonly seconds: number;
}

/** What it says: that a run is done; then what it found. */
export type TrialMessage =
  | { readonly kind: "run" }
  | { readonly kind: "done"; readonly signature?: OnnxSignature }
  | { readonly kind: "failed"; readonly name: string; readonly message: string };

/** One run of one or two images: slower generators are of no use here. */
const SECONDS = 60;
const MEMORY_SHARE = 0.75;

export interface TrialLimits extends JobOptions {
  /** Of one run. */
  readonly seconds?: number;
  /** Bytes. */
  readonly memory?: number;
}

/**
 * `tryOnnx` in a process that is ended when a run takes too long or too much memory. Rejects with the same errors, by name
 * and message; with GeneratorError where the process had to be ended; with the signal's reason when that stops it.
 */
export async function tryOnnxApart(
  model: OnnxModel,
  latent: LatentDistribution,
  limits: TrialLimits = {},
): Promise<OnnxSignature> {
  const refuse = (why: string): Error => new GeneratorError(`the model ${why}`);
  return (await tryApart(model, { kind: "generator", latent }, refuse, limits)) as OnnxSignature;
}

/**
 * `tryPictures` in a process like that of `tryOnnxApart`, for a model that could run for ever; others need no trial. Rejects with ProjectError
 * where the process had to be ended.
 */
export async function tryPicturesApart(
  model: OnnxModel,
  pictures: PictureTrial,
  limits: TrialLimits = {},
): Promise<void> {
  if (!mayRunForever(model.bytes)) return;
  const refuse = (why: string): Error => new ProjectError(`${pictures.file} ${why}.`);
  await tryApart(model, { kind: "pictures", pictures }, refuse, limits);
}

/** Runs a trial in a process of its own. `refuse` makes the error for a model that it had to end. */
function tryApart(
  model: OnnxModel,
  trial: Trial,
  refuse: (why: string) => Error,
  { seconds = SECONDS, memory = MEMORY_SHARE * totalmem(), onProgress, signal }: TrialLimits,
): Promise<OnnxSignature | undefined> {
  const { file, execArgv } = scriptOf("./onnxTrialProcess", import.meta.url);
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    // Detached: a Ctrl-C is for klish, which then ends the process itself. What ONNX Runtime writes is in its errors, too.
    const child = fork(file, [], {
      execArgv: [...execArgv],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      detached: true,
    });
    let runs = 0;
    let settled = false;
    const settle = (act: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      child.kill("SIGKILL");
      act();
    };
    const tooLong = (): void =>
      settle(() =>
        reject(
          refuse(
            `does not end: one trial run of it took more than ${seconds} s. It holds an endless loop, or is far too slow to be used`,
          ),
        ),
      );
    const stop = (): void => settle(() => reject(signal?.reason));
    // While the process starts and reads the model, this limit holds, too.
    let timer = setTimeout(tooLong, seconds * 1000);
    signal?.addEventListener("abort", stop);
    child.on("message", (message: TrialMessage) => {
      if (message.kind === "run") {
        clearTimeout(timer);
        timer = setTimeout(tooLong, seconds * 1000);
        runs++;
        onProgress?.({ phase: "try the model", done: runs, total: runs + 1 });
      } else if (message.kind === "done") settle(() => resolve(message.signature));
      else settle(() => reject(errorOf(message)));
    });
    child.on("error", (error) => settle(() => reject(error)));
    child.on("exit", (code, killed) =>
      settle(() =>
        reject(
          refuse(
            `cannot be run: its trial run ${killed === "SIGKILL" ? `needs more than ${(memory / 2 ** 30).toFixed(1)} GiB of memory` : `ended ONNX Runtime (${killed ?? `exit code ${code}`})`}`,
          ),
        ),
      ),
    );
    child.send({ model, trial, memory, seconds } satisfies TrialRequest);
  });
}

/** The classes of errors that a trial ends with; others are defects. */
const ERRORS: Readonly<Record<string, new (message: string) => Error>> = {
  GeneratorError,
  OnnxError,
  ProjectError,
  RuntimeError,
};

function errorOf({ name, message }: { readonly name: string; readonly message: string }): Error {
  return Object.hasOwn(ERRORS, name) ? new ERRORS[name](message) : Object.assign(new Error(message), { name });
}
