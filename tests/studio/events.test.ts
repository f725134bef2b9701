import { describe, expect, it } from "vitest";
import { newEvents } from "../../src/studio/web/events.ts";

/** Reads `count` events of a stream, as EventSource does. */
async function read(stream: ReadableStream<Uint8Array>, count: number): Promise<{ id: string; type: string }[]> {
  const reader = stream.getReader();
  const found: { id: string; type: string }[] = [];
  let text = "";
  while (found.length < count) {
    const { value, done } = await reader.read();
    if (done) break;
    text += new TextDecoder().decode(value);
    const blocks = text.split("\n\n");
    text = blocks.pop() as string;
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: ?(.*)/).slice(0, 2)));
      if (fields["event"] !== undefined) found.push({ id: fields["id"] as string, type: fields["event"] as string });
    }
  }
  await reader.cancel();
  return found;
}

const forgotten = (id: string) => ({ type: "forgotten", id }) as const;

describe("newEvents()", () => {
  it("tells a new page to begin, and one that lost its stream what it missed", async () => {
    const events = newEvents();
    const [first] = await read(events.stream(undefined), 1);
    expect(first.type).toBe("reset");
    for (const id of ["a", "b", "c"]) events.send(forgotten(id));
    const missed = await read(events.stream(first.id), 3);
    expect(missed.map(({ type }) => type)).toEqual(["forgotten", "forgotten", "forgotten"]);
    const stream = events.stream(missed[1].id);
    events.send({ type: "places" });
    expect((await read(stream, 2)).map(({ type }) => type)).toEqual(["forgotten", "places"]);
  });

  it("begins anew where what was missed is not known", async () => {
    const events = newEvents();
    const stranger = newEvents();
    stranger.send({ type: "places" });
    const [known] = await read(events.stream(undefined), 1);
    for (let i = 0; i < 1001; i++) events.send(forgotten(String(i)));
    for (const id of [known.id, (await read(stranger.stream(undefined), 1))[0].id, "nonsense", `${known.id}99999`])
      expect(await read(events.stream(id), 1)).toMatchObject([{ type: "reset" }]);
  });

  it("knows whether anybody listens, and lets all go", async () => {
    const events = newEvents();
    const reader = events.stream(undefined).getReader();
    expect(events.heard).toBe(true);
    events.close();
    expect(events.heard).toBe(false);
    let done = false;
    while (!done) ({ done } = await reader.read());
    events.send({ type: "places" });
  });

  it("drops a page that does not read, instead of keeping all for it", () => {
    const events = newEvents();
    events.stream(undefined);
    for (let i = 0; events.heard; i++) {
      expect(i).toBeLessThan(10);
      events.send(forgotten("x".repeat(1e6)));
    }
  });
});
