import type { Feeds, Fetches, PortInfo, Provider, SessionOptions } from "../session.ts";

/** What the caller's thread asks of the worker that owns the sessions; `id` pairs the answer. */
export type Request = { readonly id: number } & (
  | { readonly kind: "create"; readonly model: Uint8Array; readonly options: SessionOptions }
  | {
      readonly kind: "run";
      readonly session: number;
      readonly feeds: Feeds;
      readonly outputs: readonly string[] | undefined;
    }
  | { readonly kind: "dispose"; readonly session: number }
);

export interface SessionDescription {
  readonly session: number;
  readonly provider: Provider;
  readonly inputs: readonly PortInfo[];
  readonly outputs: readonly PortInfo[];
}

export type Answer = { readonly id: number } & (
  | { readonly ok: true; readonly result: SessionDescription | Fetches | null }
  | { readonly ok: false; readonly message: string }
);
