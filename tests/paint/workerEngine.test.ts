/** A painter on threads that are played: on the GPU once it paints the same and sooner, and on the processor again once the GPU is lost. */
import { describe, expect, it } from "vitest";
import type { Call } from "../../web/paint/calls.ts";
import type { PainterThread } from "../../web/paint/painterThread.ts";
import { workerEngine } from "../../web/paint/workerEngine.ts";

const opened = { side: 1, classes: [{ name: "sky", color: "#0000ff" }], encodes: false, used: [] };
const pixels = Uint8ClampedArray.of(1, 2, 3, 255);

/** A thread that paints one picture; `lose` makes it answer nothing more, and fail what waits. */
function playedThread(
  name: string,
  milliseconds: number,
  trial: () => Promise<unknown> = async () => ({ pixels, milliseconds }),
) {
  const log: string[] = [];
  const waiting: ((error: Error) => void)[] = [];
  let state: "well" | "silent" | "lost" = "well";
  const lost = new Error("the GPU was lost");
  const thread: PainterThread = {
    async ask(call) {
      const asked = { id: 0, ...call } as Call;
      log.push(asked.name);
      if (state === "lost") throw lost;
      if (state === "silent") return new Promise((_, reject) => waiting.push(reject));
      const answers: Partial<Record<Call["name"], unknown>> = {
        open: opened,
        seedStyle: Float32Array.of(7),
        paint: [name],
      };
      return (asked.name === "trial" ? await trial() : answers[asked.name]) as never;
    },
    end: () => void log.push("end"),
  };
  return {
    ...{ thread, log },
    /** Asked, it is silent. */
    hush() {
      state = "silent";
    },
    lose() {
      state = "lost";
      for (const reject of waiting) reject(lost);
    },
  };
}

async function engineOn(...threads: ReturnType<typeof playedThread>[]) {
  const left = threads.map(({ thread }) => thread);
  const { engine } = await workerEngine(new Uint8Array(0), () => left.shift()!);
  const style = await engine.seedStyle(7);
  return { engine, paint: () => engine.paint(new Uint8Array(1), [style]) };
}

const ON_GPU = "in this browser (GPU)";
const ON_CPU = "in this browser (WebAssembly)";

describe("a painter in a browser", () => {
  it("goes on by the processor when the GPU is lost, with the picture that was asked for meanwhile", async () => {
    const [cpu, gpu] = [playedThread("by cpu", 50), playedThread("by gpu", 5)];
    const { engine, paint } = await engineOn(cpu, gpu);
    await expect.poll(() => engine.where).toBe(ON_GPU);
    expect(await paint()).toEqual(["by gpu"]);
    gpu.hush();
    // Two styles at once: both are painted, though the first one ends the GPU's thread.
    const asked = Promise.all([paint(), paint()]);
    gpu.lose();
    expect(await asked).toEqual([["by cpu"], ["by cpu"]]);
    expect(engine.where).toBe(ON_CPU);
    expect(gpu.log).toContain("end");
    const before = gpu.log.length;
    expect(await paint()).toEqual(["by cpu"]);
    expect(gpu.log.length).toBe(before);
  });

  it.each([
    ["there is none", () => Promise.reject(new Error("there is no GPU"))],
    ["it is slower", async () => ({ pixels, milliseconds: 90 })],
    ["it paints another picture", async () => ({ pixels: Uint8ClampedArray.of(200, 2, 3, 255), milliseconds: 1 })],
  ])("stays on the processor where %s", async (_, trial) => {
    const [cpu, gpu] = [playedThread("by cpu", 50), playedThread("by gpu", 5, trial)];
    const { engine, paint } = await engineOn(cpu, gpu);
    await expect.poll(() => gpu.log.at(-1)).toBe("end");
    expect(engine.where).toBe(ON_CPU);
    expect(await paint()).toEqual(["by cpu"]);
  });
});
