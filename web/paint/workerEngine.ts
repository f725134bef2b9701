import type { PaintEngine, StyleCode } from "../shared/paint/engine.ts";
import type { Trial } from "./calls.ts";
import { type PainterThread, startPainterThread } from "./painterThread.ts";
import { sameEnough } from "./sameEnough.ts";

const ON_CPU = "in this browser (WebAssembly)";
/** A GPU that has not painted until then is given up. */
const GPU_MS = 60_000;

/**
 * A painter in a worker of this page, from the bytes of its file: in WebAssembly from the first picture on, and on the GPU from when it has been
 * seen to paint the same, and sooner. Rejects with an error to be shown.
 */
export async function workerEngine(
  bytes: Uint8Array,
  startThread: () => PainterThread = startPainterThread,
): Promise<{ engine: PaintEngine; used: readonly string[] }> {
  const cpu = startThread();
  const { side, classes, encodes, used } = await cpu.ask<"open">({ name: "open", bytes, place: "cpu" });
  let [thread, where] = [cpu, ON_CPU];
  void betterGpu(bytes, cpu, startThread()).then((gpu) => {
    if (gpu !== undefined) [thread, where] = [gpu, "in this browser (GPU)"];
  });
  /** Styles of this engine are its painter's numbers. */
  const numbers = (style: StyleCode): Float32Array => {
    if (typeof style === "string") throw new TypeError("expected the numbers of a style, got a name");
    return style;
  };
  return {
    used,
    engine: {
      ...{ side, classes },
      get where() {
        return where;
      },
      seedStyle: (seed) => cpu.ask<"seedStyle">({ name: "seedStyle", seed }),
      pictureStyle: encodes
        ? (picture, mask, otherwise) =>
            cpu.ask<"pictureStyle">({ name: "pictureStyle", picture, mask, otherwise: numbers(otherwise) })
        : undefined,
      async paint(mask, styles) {
        const call = { name: "paint", mask, styles: styles.map(numbers) } as const;
        const asked = thread;
        if (asked === cpu) return cpu.ask<"paint">(call);
        try {
          return await asked.ask<"paint">(call);
        } catch {
          // The GPU was lost: a laptop slept, a driver was changed.
          asked.end();
          [thread, where] = [cpu, ON_CPU];
          return cpu.ask<"paint">(call);
        }
      },
    },
  };
}

/** The painter on the GPU; undefined where there is none, or it paints otherwise, or not sooner. */
async function betterGpu(
  bytes: Uint8Array,
  cpu: PainterThread,
  gpu: PainterThread,
): Promise<PainterThread | undefined> {
  const timer = setTimeout(() => gpu.end(), GPU_MS);
  try {
    await gpu.ask<"open">({ name: "open", bytes, place: "webgpu" });
    const fast = await gpu.ask<"trial">({ name: "trial" });
    if (isBetter(fast, await cpu.ask<"trial">({ name: "trial" }))) return gpu;
  } catch {
    // Whatever a GPU cannot do, the processor does: there is nothing to be told.
  } finally {
    clearTimeout(timer);
  }
  gpu.end();
  return undefined;
}

const isBetter = (a: Trial, b: Trial): boolean => a.milliseconds < b.milliseconds && sameEnough(a.pixels, b.pixels);
