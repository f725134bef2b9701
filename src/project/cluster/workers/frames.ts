/** Messages over a stream of bytes, one after another: the length, uint32 little-endian, and the bytes. */
import type { Duplex } from "node:stream";

const LENGTH_BYTES = 4;

/** Sends a message. */
export function sendFrame(stream: Duplex, message: Uint8Array): void {
  if (message.length > 0xffffffff) throw new RangeError(`a message of ${message.length} bytes is too long`);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(message.length);
  stream.cork();
  stream.write(length);
  stream.write(message);
  stream.uncork();
}

/** Calls `take` with every message that arrives whole. */
export function onFrames(stream: Duplex, take: (message: Uint8Array) => void): void {
  const header = Buffer.alloc(LENGTH_BYTES);
  let headerBytes = 0;
  let message: Uint8Array | undefined;
  let filled = 0;
  stream.on("data", (chunk: Buffer) => {
    let at = 0;
    while (at < chunk.length) {
      if (message === undefined) {
        const some = Math.min(LENGTH_BYTES - headerBytes, chunk.length - at);
        chunk.copy(header, headerBytes, at, at + some);
        headerBytes += some;
        at += some;
        if (headerBytes < LENGTH_BYTES) return;
        message = new Uint8Array(header.readUInt32LE());
        [headerBytes, filled] = [0, 0];
      }
      const some = Math.min(message.length - filled, chunk.length - at);
      message.set(chunk.subarray(at, at + some), filled);
      filled += some;
      at += some;
      if (filled < message.length) return;
      const whole = message;
      message = undefined;
      take(whole);
    }
  });
}
