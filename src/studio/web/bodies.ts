/** Bodies of requests, counted as they come: what a header says of their size is not believed. */
import { open, rm } from "node:fs/promises";
import { Refusal } from "./refusal.ts";

async function* pieces(body: ReadableStream<Uint8Array> | null, most: number): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  let bytes = 0;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      bytes += value.byteLength;
      if (bytes > most) throw tooLarge(most);
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

const tooLarge = (most: number): Refusal =>
  new Refusal(413, `this is larger than ${size(most)}, the most that is taken.`);

const size = (bytes: number): string =>
  bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${Math.round(bytes / 1e6)} MB`;

/** Refuses what says by itself that it is larger than `most` bytes, before any of it is read. Throws Refusal. */
export function refuseLarge(headers: Headers, most: number): void {
  if (Number(headers.get("content-length") ?? 0) > most) throw tooLarge(most);
}

/** A body of at most `most` bytes. Throws Refusal once it is larger. */
export async function readBytes(body: ReadableStream<Uint8Array> | null, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces(body, most)) parts.push(piece);
  return parts.length === 1 ? parts[0] : Buffer.concat(parts);
}

/** A body as JSON. Throws Refusal where it is none. */
export async function readJson(body: ReadableStream<Uint8Array> | null, most: number): Promise<unknown> {
  const bytes = await readBytes(body, most);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Refusal(400, "the request's body is not JSON.");
  }
}

/** Writes a body to a new file, and no more of it than `most` bytes. Throws Refusal once it is larger; the file is gone then. */
export async function receiveFile(path: string, body: ReadableStream<Uint8Array> | null, most: number): Promise<void> {
  const file = await open(path, "wx");
  try {
    for await (const piece of pieces(body, most)) await file.write(piece);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}
