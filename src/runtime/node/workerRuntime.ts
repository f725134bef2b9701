import type { Worker } from "node:worker_threads";
import { type Feeds, type Fetches, type Runtime, RuntimeError, type Session } from "../session.ts";
import { startWorker } from "./threads.ts";
import type { Answer, Request, SessionDescription } from "./workerProtocol.ts";

type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;

/**
 * Sessions on onnxruntime-node in one worker thread of their own, so that the caller's thread stays responsive. Feeds
 * are copied to the worker, results are moved back. The worker starts with the first session, and does not keep the
 * process alive while it is idle.
 */
export function workerRuntime(): Runtime {
  const pending = new Map<
    number,
    { resolve: (result: Answer & { ok: true }) => void; reject: (error: Error) => void }
  >();
  let worker: Worker | undefined;
  let nextId = 0;

  const fail = (error: Error): void => {
    worker = undefined;
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  };
  const start = (): Worker => {
    const started = startWorker("./sessionWorker", import.meta.url);
    started.on("message", (answer: Answer) => {
      const waiting = pending.get(answer.id);
      pending.delete(answer.id);
      if (pending.size === 0) started.unref();
      if (answer.ok) waiting?.resolve(answer);
      else waiting?.reject(new RuntimeError(answer.message));
    });
    started.on("error", fail);
    started.on("exit", (code) => fail(new RuntimeError(`the session worker ended unexpectedly (exit code ${code})`)));
    return started;
  };
  const ask = (request: WithoutId<Request>): Promise<Answer & { ok: true }> =>
    new Promise((resolve, reject) => {
      worker ??= start();
      worker.ref();
      const id = nextId++;
      pending.set(id, { resolve, reject });
      worker.postMessage({ ...request, id } as Request);
    });

  return {
    async createSession(model, options = {}): Promise<Session> {
      const created = (await ask({ kind: "create", model, options })).result as SessionDescription;
      const { session, provider, inputs, outputs } = created;
      return {
        provider,
        inputs,
        outputs,
        // This runtime has no resident tensors.
        run: async (feeds, outputs) =>
          (await ask({ kind: "run", session, feeds: feeds as Feeds, outputs })).result as Fetches,
        dispose: async () => {
          await ask({ kind: "dispose", session });
        },
      };
    },
  };
}
