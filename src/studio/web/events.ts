/** What happens, told to every open page: Server-Sent Events with ids, so that a page that lost its stream catches up. */
import { randomBytes } from "node:crypto";
import type { StudioEvent } from "../api.ts";

/** Events that a page may have missed; beyond, it is told to begin again. */
const REMEMBERED = 1000;
/** A comment now and then, so that what lies between does not end a stream that is quiet. */
const ALIVE_MS = 15_000;
/** Bytes that a page that does not read may make us keep: then its stream ends, and it comes again. */
const MOST_WAITING = 4_000_000;

/** Tells all open pages. */
export interface Events {
  /** Whether anybody listens. */
  readonly heard: boolean;
  send(event: StudioEvent): void;
  /** A new stream, after the event of that id; undefined or unknown: from now on. */
  stream(lastId: string | undefined): ReadableStream<Uint8Array>;
  /** Ends all streams. */
  close(): void;
}

interface Remembered {
  readonly number: number;
  readonly text: string;
}

/** Events of one server: its ids are not those of another, whose past it does not know. */
export function newEvents(): Events {
  const server = randomBytes(6).toString("hex");
  const past: Remembered[] = [];
  const streams = new Set<(text: string) => void>();
  const enders = new Set<() => void>();
  let next = 1;

  const textOf = ({ type, ...data }: StudioEvent, number: number): string =>
    `id: ${server}-${number}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;

  /** What a page missed; undefined where that is not known. */
  const missed = (lastId: string | undefined): readonly Remembered[] | undefined => {
    const [, of, text] = /^([0-9a-f]+)-(\d{1,15})$/.exec(lastId ?? "") ?? [];
    const last = Number(text);
    if (of !== server || last >= next || last + 1 < next - past.length) return undefined;
    return past.filter(({ number }) => number > last);
  };

  return {
    get heard() {
      return streams.size > 0;
    },
    send(event) {
      const text = textOf(event, next);
      past.push({ number: next++, text });
      if (past.length > REMEMBERED) past.shift();
      for (const write of streams) write(text);
    },
    stream(lastId) {
      const encoder = new TextEncoder();
      let end: () => void = () => undefined;
      return new ReadableStream<Uint8Array>(
        {
          start(controller) {
            const write = (text: string): void => {
              controller.enqueue(encoder.encode(text));
              if ((controller.desiredSize ?? 0) <= 0) end();
            };
            const alive = setInterval(() => write(":\n\n"), ALIVE_MS);
            alive.unref();
            end = () => {
              clearInterval(alive);
              streams.delete(write);
              if (enders.delete(end)) controller.close();
            };
            streams.add(write);
            enders.add(end);
            const events = missed(lastId);
            write("retry: 1000\n\n");
            // What comes next is after the last event.
            if (events === undefined) write(textOf({ type: "reset" }, next - 1));
            else for (const { text } of events) write(text);
          },
          cancel() {
            enders.delete(end);
            end();
          },
        },
        { highWaterMark: MOST_WAITING, size: (chunk) => chunk.byteLength },
      );
    },
    close() {
      for (const end of [...enders]) end();
    },
  };
}
