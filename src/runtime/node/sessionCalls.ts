import type { Feeds, Fetches, PortInfo, Provider, SessionOptions } from "../session.ts";

export interface SessionDescription {
  readonly session: number;
  readonly provider: Provider;
  readonly inputs: readonly PortInfo[];
  readonly outputs: readonly PortInfo[];
}

/** What the thread that owns the sessions is asked; `session` is a session's number. */
export interface SessionCalls {
  create(model: Uint8Array, options: SessionOptions): Promise<SessionDescription>;
  run(session: number, feeds: Feeds, outputs: readonly string[] | undefined): Promise<Fetches>;
  dispose(session: number): Promise<void>;
}
