/** The worker thread behind `workerRuntime`: owns sessions by number and answers one request after the other. */
import { parentPort } from "node:worker_threads";
import { ortNode } from "../ortNode.ts";
import type { Fetches, Session } from "../session.ts";
import { serve } from "./threads.ts";
import type { Answer, Request, SessionDescription } from "./workerProtocol.ts";

const sessions = new Map<number, Session>();
let nextSession = 0;

async function resultOf(request: Request): Promise<SessionDescription | Fetches | null> {
  if (request.kind === "create") {
    const session = await ortNode.createSession(request.model, request.options);
    sessions.set(nextSession, session);
    const { provider, inputs, outputs } = session;
    return { session: nextSession++, provider, inputs, outputs };
  }
  const session = sessions.get(request.session);
  if (session === undefined) throw new Error("the session was disposed of");
  if (request.kind === "run") return session.run(request.feeds, request.outputs);
  sessions.delete(request.session);
  await session.dispose();
  return null;
}

serve(async (request: Request) => {
  let answer: Answer;
  let transfer: ArrayBuffer[] = [];
  try {
    const result = await resultOf(request);
    if (request.kind === "run") transfer = buffersOf(result as Fetches);
    answer = { id: request.id, ok: true, result };
  } catch (error) {
    answer = { id: request.id, ok: false, message: error instanceof Error ? error.message : String(error) };
  }
  parentPort?.postMessage(answer, transfer);
});

/** The distinct buffers of the results, to be moved instead of copied. */
function buffersOf(fetches: Fetches): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of Object.values(fetches)) if (data.buffer instanceof ArrayBuffer) buffers.add(data.buffer);
  return [...buffers];
}
