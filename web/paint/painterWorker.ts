/** The painter, in a worker: it computes for tenths of a second, in which the brush must not wait. */
import { openPainterBytes, type Painter } from "../../src/models/painter/painter.ts";
import type { Provider } from "../../src/runtime/session.ts";
import { webRuntime } from "../../src/runtime/webRuntime.ts";
import type { Answer, Call, Opened } from "./calls.ts";
import { sameEnough } from "./sameEnough.ts";

const whole = self as unknown as {
  postMessage(answer: Answer, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<Call>) => void) | null;
};

interface Running {
  readonly painter: Painter;
  readonly provider: Provider;
}

let painter: Painter;

/** Whether there is a GPU that this browser lets pages use. */
async function hasGpu(): Promise<boolean> {
  const gpu = (navigator as { gpu?: { requestAdapter(): Promise<unknown> } }).gpu;
  return ((await gpu?.requestAdapter().catch(() => null)) ?? null) !== null;
}

/** On the GPU where there is one that paints as the processor does, and sooner; else in WebAssembly. */
async function open(bytes: Uint8Array): Promise<Running> {
  if (!(await hasGpu())) {
    const ort = await import("onnxruntime-web/wasm");
    return { painter: await openPainterBytes(bytes, { runtime: webRuntime(ort) }), provider: "cpu" };
  }
  const runtime = webRuntime(await import("onnxruntime-web/webgpu"));
  const cpu = await openPainterBytes(bytes, { runtime });
  const gpu = await openPainterBytes(bytes, { runtime, provider: "webgpu" }).catch(() => undefined);
  if (gpu === undefined) return { painter: cpu, provider: "cpu" };
  const [slow, fast] = [await trial(cpu), await trial(gpu).catch(() => undefined)];
  const better = fast !== undefined && fast.milliseconds < slow.milliseconds && sameEnough(fast.pixels, slow.pixels);
  await (better ? cpu : gpu).dispose();
  return better ? { painter: gpu, provider: "webgpu" } : { painter: cpu, provider: "cpu" };
}

/** A mask of stripes, painted twice: the first time compiles. */
async function trial(one: Painter): Promise<{ pixels: Uint8ClampedArray; milliseconds: number }> {
  const { side, classes } = one.about;
  const mask = Uint8Array.from({ length: side * side }, (_, i) => Math.floor(i / side / 4) % classes.length);
  await one.paint([mask], [one.style(0)]);
  const begin = performance.now();
  const [pixels] = await one.paint([mask], [one.style(0)]);
  return { pixels, milliseconds: performance.now() - begin };
}

async function answer(call: Call): Promise<[unknown, Transferable[]]> {
  switch (call.name) {
    case "open": {
      const running = await open(call.bytes);
      painter = running.painter;
      const { side, classes } = painter.about;
      const used = performance.getEntriesByType("resource").map(({ name }) => name);
      const opened: Opened = {
        ...{ side, encodes: painter.encode !== undefined, provider: running.provider, used },
        classes: classes.map(({ name, color }) => ({ name, color })),
      };
      return [opened, []];
    }
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
