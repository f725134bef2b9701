import type { PaintEngine, StyleCode } from "../shared/paint/engine.ts";
import type { Answer, Answers, Call } from "./calls.ts";

const WHERE: Readonly<Record<string, string>> = {
  cpu: "in this browser (WebAssembly)",
  webgpu: "in this browser (GPU)",
};

/** A painter in a worker of this page, from the bytes of its file. Rejects with an error to be shown. */
export async function workerEngine(bytes: Uint8Array): Promise<{ engine: PaintEngine; used: readonly string[] }> {
  const worker = new Worker(new URL("./painterWorker.ts", import.meta.url), { type: "module" });
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let calls = 0;
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    const one = waiting.get(data.id);
    waiting.delete(data.id);
    if ("error" in data) one?.reject(new Error(data.error));
    else one?.resolve(data.value);
  };
  worker.onerror = (event) => {
    for (const { reject } of waiting.values()) reject(new Error(event.message || "the painter's worker did not start"));
    waiting.clear();
  };
  const ask = <N extends Call["name"]>(
    call: Omit<Extract<Call, { name: N }>, "id">,
    transfer: Transferable[] = [],
  ): Promise<Answers[N]> =>
    new Promise((resolve, reject) => {
      const id = calls++;
      waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      worker.postMessage({ ...call, id }, transfer);
    });
  /** Styles of this engine are its painter's numbers. */
  const numbers = (style: StyleCode): Float32Array => {
    if (typeof style === "string") throw new TypeError("expected the numbers of a style, got a name");
    return style;
  };

  const { side, classes, encodes, provider, used } = await ask<"open">({ name: "open", bytes }, [
    bytes.buffer as ArrayBuffer,
  ]);
  return {
    used,
    engine: {
      ...{ side, classes, where: WHERE[provider] ?? provider },
      seedStyle: (seed) => ask<"seedStyle">({ name: "seedStyle", seed }),
      pictureStyle: encodes
        ? (picture, mask, otherwise) =>
            ask<"pictureStyle">({ name: "pictureStyle", picture, mask, otherwise: numbers(otherwise) })
        : undefined,
      paint: (mask, styles) => ask<"paint">({ name: "paint", mask, styles: styles.map(numbers) }),
    },
  };
}
