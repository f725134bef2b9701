/** The painter, in a worker: it computes for tenths of a second, in which the brush must not wait. */
import { openPainterBytes, type Painter } from "../../src/models/painter/painter.ts";
import { webRuntime } from "../../src/runtime/webRuntime.ts";
import type { Answer, Call, Opened, Place, Trial } from "./calls.ts";

const whole = self as unknown as {
  postMessage(answer: Answer, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<Call>) => void) | null;
};

let painter: Painter;

interface Adapter {
  readonly info?: { readonly isFallbackAdapter?: boolean };
  readonly isFallbackAdapter?: boolean;
}

/** Whether there is a GPU, and not a program that plays one. */
async function hasGpu(): Promise<boolean> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<Adapter | null> } };
  const adapter = await gpu?.requestAdapter().catch(() => null);
  return !!adapter && !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter);
}

/** On the smallest build of onnxruntime-web for the place. Rejects where that is a GPU and there is none. */
async function open(bytes: Uint8Array, place: Place): Promise<Painter> {
  if (place === "webgpu" && !(await hasGpu())) throw new Error("there is no GPU");
  const ort = await (place === "cpu" ? import("onnxruntime-web/wasm") : import("onnxruntime-web/webgpu"));
  const opened = await openPainterBytes(bytes, { runtime: webRuntime(ort), provider: place });
  if (place === "webgpu") {
    const device = (await ort.env.webgpu.device) as { readonly lost?: Promise<unknown> } | undefined;
    // What was asked of a lost device may never be answered.
    void device?.lost?.then(() => whole.postMessage({ lost: "the GPU was lost" }));
  }
  return opened;
}

/** A mask of stripes, painted twice: the first time compiles. */
async function trial({ about: { side, classes }, style, paint }: Painter): Promise<Trial> {
  const mask = Uint8Array.from({ length: side * side }, (_, i) => Math.floor(i / side / 4) % classes.length);
  await paint([mask], [style(0)]);
  const begin = performance.now();
  const [pixels] = await paint([mask], [style(0)]);
  return { pixels, milliseconds: performance.now() - begin };
}

async function answer(call: Call): Promise<[unknown, Transferable[]]> {
  switch (call.name) {
    case "open": {
      painter = await open(call.bytes, call.place);
      const { side, classes } = painter.about;
      const used = performance.getEntriesByType("resource").map(({ name }) => name);
      const opened: Opened = {
        ...{ side, encodes: painter.encode !== undefined, used },
        classes: classes.map(({ name, color }) => ({ name, color })),
      };
      return [opened, []];
    }
    case "trial":
      return [await trial(painter), []];
    case "seedStyle":
      return [painter.style(call.seed), []];
    case "pictureStyle":
      return [await painter.encode?.(call.picture, call.mask, call.otherwise), []];
    case "paint": {
      const pictures = await painter.paint(
        call.styles.map(() => call.mask),
        call.styles,
      );
      return [pictures, pictures.map(({ buffer }) => buffer)];
    }
  }
}

/** One after another: a session does one run at a time. */
let last: Promise<void> = Promise.resolve();
whole.onmessage = ({ data: call }) => {
  last = last.then(async () => {
    try {
      const [value, transfer] = await answer(call);
      whole.postMessage({ id: call.id, value }, transfer);
    } catch (error) {
      whole.postMessage({ id: call.id, error: error instanceof Error ? error.message : String(error) });
    }
  });
};
