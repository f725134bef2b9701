/**
 * The server's events for every tab by one connection: a browser opens six to a server, and would leave the requests of a seventh tab waiting. The
 * tab that has the lock listens, and passes on what it hears; when it is closed, another goes on where it was.
 */
import type { StudioEvent } from "../../src/studio/api.ts";

const ALL: Readonly<Record<StudioEvent["type"], true>> = {
  ...{ reset: true, job: true, forgotten: true, labels: true, places: true, log: true, run: true, clustering: true },
};
const TYPES = Object.keys(ALL) as StudioEvent["type"][];

const NAME = "klish-studio-events";

/** What tabs tell each other. */
type Message =
  | { readonly event: StudioEvent; readonly id: string }
  | { readonly connected: boolean }
  /** A tab that is new asks whether the server is heard. */
  | "new";

/** Whoever hears events. */
export interface Hearer {
  hear(event: StudioEvent): void;
  /** Whether the server is heard. */
  connected(is: boolean): void;
}

/** Hears until the returned function is called. */
export function hearTogether(hearer: Hearer): () => void {
  // Pages that are not from this machine have no locks: each listens for itself.
  if (navigator.locks === undefined) return listen("", hearer, () => undefined).close;
  const channel = new BroadcastChannel(NAME);
  const ending = new AbortController();
  let last = "";
  let listening: { readonly close: () => void; readonly isOpen: () => boolean } | undefined;
  const post = (message: Message): void => channel.postMessage(message);
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data === "new") {
      if (listening !== undefined) post({ connected: listening.isOpen() });
    } else if ("event" in data) {
      last = data.id;
      hearer.hear(data.event);
    } else hearer.connected(data.connected);
  };
  post("new");
  const lead = (): Promise<void> =>
    new Promise((resolve) => {
      const pass: Hearer = {
        hear: (event) => hearer.hear(event),
        connected(is) {
          hearer.connected(is);
          post({ connected: is });
        },
      };
      listening = listen(last, pass, (event, id) => post({ event, id }));
      ending.signal.addEventListener("abort", () => resolve());
    });
  // The lock is never given to a tab that has ended.
  navigator.locks.request(NAME, { signal: ending.signal }, lead).catch(() => undefined);
  return () => {
    listening?.close();
    ending.abort();
    channel.close();
  };
}

function listen(
  last: string,
  { hear, connected }: Hearer,
  pass: (event: StudioEvent, id: string) => void,
): { readonly close: () => void; readonly isOpen: () => boolean } {
  const source = new EventSource(`/api/events${last === "" ? "" : `?lastEventId=${encodeURIComponent(last)}`}`);
  source.onopen = () => connected(true);
  source.onerror = () => connected(false);
  for (const type of TYPES)
    source.addEventListener(type, ({ data, lastEventId }: MessageEvent<string>) => {
      const event = { type, ...JSON.parse(data) } as StudioEvent;
      hear(event);
      pass(event, lastEventId);
    });
  return { close: () => source.close(), isOpen: () => source.readyState === EventSource.OPEN };
}
