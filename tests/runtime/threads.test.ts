import { describe, expect, it } from "vitest";
import { startThread, type ThreadOptions } from "../../src/runtime/node/threads.ts";
import type { EchoCalls } from "./echoWorker.ts";
import type { LineCalls } from "./lineWorker.ts";

const start = (options: Partial<ThreadOptions<EchoCalls>> = {}) =>
  startThread<EchoCalls>("./echoWorker", import.meta.url, {
    calls: ["double", "fail", "wait", "moved", "say", "die"],
    title: "the echo",
    data: { base: 100 },
    ...options,
  });

describe("startThread()", () => {
  it("calls a thread's functions, many at a time, and ends it once it has answered", async () => {
    const { calls, close } = start();
    const late = calls.wait(30);
    expect(await calls.double(4)).toBe(108);
    const closed = close();
    expect(await late).toBe("waited 30");
    await closed;
    await expect(calls.double(1)).rejects.toThrow("the echo ended unexpectedly");
  });

  it("closes a thread that answers one by one after the call that has begun, which may stop; others never begin", async () => {
    const line = startThread<LineCalls>("./lineWorker", import.meta.url, {
      calls: ["wait", "closed"],
      title: "the line",
    });
    const begun = line.calls.closed();
    const waiting = line.calls.wait(60_000);
    const refused = [begun, waiting].map((call) => expect(call).rejects.toThrow("the thread is being closed"));
    await line.close();
    await Promise.all(refused);
  });

  it("rejects with the error that was thrown there: name, message and where", async () => {
    const thread = start();
    await expect(thread.calls.fail("PictureError", "too dark")).rejects.toMatchObject({
      name: "PictureError",
      message: "too dark",
      stack: expect.stringContaining("echoWorker"),
    });
    // Others are answered still.
    expect(await thread.calls.double(1)).toBe(102);
    await thread.close();
  });

  it("moves buffers when the thread says so, and hands on what it says beside", async () => {
    const notes: unknown[] = [];
    const thread = start({ onNote: (note: never) => notes.push(note) });
    expect([...(await thread.calls.moved(3))]).toEqual([0, 1, 2]);
    await thread.calls.say("half");
    expect(notes).toEqual(["half"]);
    await thread.close();
  });

  it("rejects every call of a thread that has died, and knows it", async () => {
    const thread = start();
    const waiting = thread.calls.wait(10_000);
    const dying = thread.calls.die();
    await expect(dying).rejects.toThrow("the echo ended unexpectedly (exit code 3)");
    await expect(waiting).rejects.toThrow("exit code 3");
    expect(thread.ended).toBe(true);
    await thread.close();
  });
});
