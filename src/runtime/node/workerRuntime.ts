import { type Feeds, type Runtime, RuntimeError, type Session } from "../session.ts";
import type { SessionCalls } from "./sessionCalls.ts";
import { startThread, type Thread } from "./threads.ts";

/**
 * Sessions on onnxruntime-node in one worker thread of their own, so that the caller's thread stays responsive. Feeds
 * are copied to the worker, results are moved back. The worker starts with the first session, and does not keep the
 * process alive while it is idle.
 */
export function workerRuntime(): Runtime {
  let thread: Thread<SessionCalls> | undefined;
  const running = (): SessionCalls => {
    if (thread === undefined || thread.ended)
      thread = startThread<SessionCalls>("./sessionWorker", import.meta.url, {
        calls: ["create", "run", "dispose"],
        title: "the session worker",
      });
    return thread.calls;
  };
  /** Whatever fails there is an error of the runtime. */
  const asRuntimeError = (cause: unknown): never => {
    throw new RuntimeError((cause as Error).message, { cause });
  };
  return {
    async createSession(model, options = {}): Promise<Session> {
      const calls = running();
      const { session, provider, inputs, outputs } = await calls.create(model, options).catch(asRuntimeError);
      return {
        provider,
        inputs,
        outputs,
        // This runtime has no resident tensors.
        run: (feeds, wanted) => calls.run(session, feeds as Feeds, wanted).catch(asRuntimeError),
        dispose: () => calls.dispose(session).catch(asRuntimeError),
      };
    },
  };
}
