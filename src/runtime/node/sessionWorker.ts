/** The worker thread behind `workerRuntime`: owns sessions by number. */
import { ortNode } from "../ortNode.ts";
import type { Session } from "../session.ts";
import type { SessionCalls } from "./sessionCalls.ts";
import { serve } from "./threads.ts";

const sessions = new Map<number, Session>();
let nextSession = 0;

function sessionOf(number: number): Session {
  const session = sessions.get(number);
  if (session === undefined) throw new Error("the session was disposed of");
  return session;
}

serve<SessionCalls>(
  {
    async create(model, options) {
      const session = await ortNode.createSession(model, options);
      sessions.set(nextSession, session);
      const { provider, inputs, outputs } = session;
      return { session: nextSession++, provider, inputs, outputs };
    },
    run: async (session, feeds, outputs) => sessionOf(session).run(feeds, outputs),
    async dispose(number) {
      const session = sessionOf(number);
      sessions.delete(number);
      await session.dispose();
    },
  },
  { moved: buffersOf },
);

/** The distinct buffers of the tensors that a run gave. */
function buffersOf(result: unknown): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const value of Object.values(result ?? {}) as { readonly data?: { readonly buffer: unknown } }[])
    if (value?.data?.buffer instanceof ArrayBuffer) buffers.add(value.data.buffer);
  return [...buffers];
}
