import type { Answer, Answers, Call } from "./calls.ts";

/** A painter's worker, as calls that answer. */
export interface PainterThread {
  ask<N extends Call["name"]>(
    call: Omit<Extract<Call, { name: N }>, "id">,
    transfer?: Transferable[],
  ): Promise<Answers[N]>;
  /** Ends it; what is asked and not answered is rejected. */
  end(): void;
}

export function startPainterThread(): PainterThread {
  const worker = new Worker(new URL("./painterWorker.ts", import.meta.url), { type: "module" });
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let calls = 0;
  /** Why nothing is answered any more. */
  let lost: Error | undefined;
  const fail = (error: Error): void => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    if ("lost" in data) {
      lost = new Error(data.lost);
      fail(lost);
      return;
    }
    const one = waiting.get(data.id);
    waiting.delete(data.id);
    if ("error" in data) one?.reject(new Error(data.error));
    else one?.resolve(data.value);
  };
  worker.onerror = (event) => fail(new Error(event.message || "the painter's worker did not start"));
  return {
    ask: (call, transfer = []) =>
      new Promise((resolve, reject) => {
        if (lost !== undefined) {
          reject(lost);
          return;
        }
        const id = calls++;
        waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
        worker.postMessage({ ...call, id }, transfer);
      }),
    end() {
      worker.terminate();
      fail(new Error("the painter's worker was ended"));
    },
  };
}
