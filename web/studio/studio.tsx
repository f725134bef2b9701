/** What all screens share: the workspace, the jobs, the server's events, and what is said at the page's foot. */
import { createContext, type ReactNode, useContext, useEffect, useEffectEvent, useState } from "react";
import { useStore } from "zustand";
import { createStore, type StoreApi } from "zustand/vanilla";
import type { Answer, Job, Query, RouteName, StudioEvent, Workspace } from "../../src/studio/api.ts";
import { ask, sentence } from "./client.ts";
import { hearTogether } from "./sharedEvents.ts";

export interface Shared {
  readonly workspace: Workspace | null;
  /** The newest first. */
  readonly jobs: readonly Job[];
  /** Whether the server's events come. */
  readonly connected: boolean;
  /** What was said last, and whether it is a fault. */
  readonly said: { readonly text: string; readonly fault: boolean } | null;
}

export interface Studio {
  readonly store: StoreApi<Shared>;
  /** Hears the server's events. Returns what ends that. */
  onEvent(listener: (event: StudioEvent) => void): () => void;
  /** Says something at the foot of the page. */
  say(text: string): void;
  /** Says what went wrong. */
  fail(error: unknown): void;
  /** Lists a job that was started here. What becomes of it is told by events, some of which may have come before the answer. */
  begun(job: Job): void;
  /** Listens to the server, until what is returned is called. */
  connect(): () => void;
}

export function makeStudio(): Studio {
  const store = createStore<Shared>(() => ({ workspace: null, jobs: [], connected: false, said: null }));
  const listeners = new Set<(event: StudioEvent) => void>();
  const fail = (error: unknown): void => store.setState({ said: { text: sentence(error), fault: true } });
  const keep = (job: Job): void =>
    store.setState(({ jobs }) => ({
      jobs: jobs.some(({ id }) => id === job.id)
        ? jobs.map((other) => (other.id === job.id ? job : other))
        : [job, ...jobs],
    }));
  const readWorkspace = (): Promise<void> =>
    ask("workspace", {}).then((workspace) => store.setState({ workspace }), fail);
  const readJobs = (): Promise<void> => ask("jobs", {}).then(({ jobs }) => store.setState({ jobs }), fail);

  const hear = (event: StudioEvent): void => {
    if (event.type === "reset") void Promise.all([readWorkspace(), readJobs()]);
    else if (event.type === "places") void readWorkspace();
    else if (event.type === "job") keep(event.job);
    else if (event.type === "forgotten")
      store.setState(({ jobs }) => ({ jobs: jobs.filter(({ id }) => id !== event.id) }));
    for (const listener of listeners) listener(event);
  };
  return {
    store,
    fail,
    begun: (job) =>
      store.setState(({ jobs }) => (jobs.some(({ id }) => id === job.id) ? {} : { jobs: [job, ...jobs] })),
    say: (text) => store.setState({ said: { text, fault: false } }),
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    connect() {
      void readWorkspace();
      void readJobs();
      return hearTogether({ hear, connected: (connected) => store.setState({ connected }) });
    },
  };
}

const Context = createContext<Studio | null>(null);

export const StudioProvider = ({ studio, children }: { readonly studio: Studio; readonly children: ReactNode }) => (
  <Context value={studio}>{children}</Context>
);

export function useStudio(): Studio {
  const studio = useContext(Context);
  if (studio === null) throw new Error("a screen of the studio needs a StudioProvider around it");
  return studio;
}

/** A piece of what all screens share. */
export const useShared = <T,>(select: (shared: Shared) => T): T => useStore(useStudio().store, select);

/** Hears the server's events while the component is there. */
export function useStudioEvent(listener: (event: StudioEvent) => void): void {
  const studio = useStudio();
  const latest = useEffectEvent(listener);
  useEffect(() => studio.onEvent((event) => latest(event)), [studio]);
}

/** What a route answers; null until it has, and after a fault, which is said. `reload` asks again. */
export function useAnswer<R extends RouteName>(
  route: R,
  query: Query<R>,
): { readonly answer: Answer<R> | null; readonly reload: () => void; readonly set: (answer: Answer<R>) => void } {
  const studio = useStudio();
  const key = JSON.stringify(query);
  const [found, setFound] = useState<{ readonly key: string; readonly answer: Answer<R> } | null>(null);
  const [turn, setTurn] = useState(0);
  const got = useEffectEvent((answer: Answer<R>) => setFound({ key, answer }));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the query by its text, and again when asked to
  useEffect(() => {
    let wanted = true;
    ask(route, query).then(
      (answer) => wanted && got(answer),
      (error) => wanted && studio.fail(error),
    );
    return () => {
      wanted = false;
    };
  }, [route, key, turn, studio]);
  return {
    answer: found?.key === key ? found.answer : null,
    reload: () => setTurn((before) => before + 1),
    set: (answer) => setFound({ key, answer }),
  };
}
