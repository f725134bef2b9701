/**
 * Values beside a queue's tasks, on the same server: for numbers that are too many for a task. A server that is started again may have
 * forgotten them, so whoever waits for one asks again, and bells only shorten the wait.
 */

/** Values that nobody asks for any more go after so long: milliseconds. */
export const KEPT_MS = 3600e3;

/** Commands wait while the server is away, and reject once the values are closed. */
export interface QueueValues {
  /** Longer values are not taken. */
  readonly mostBytes: number;
  /** The values of `keys`; undefined where there is none, or no longer. */
  get(...keys: string[]): Promise<(Buffer | undefined)[]>;
  /** Keeps a value for some time, KEPT_MS if not said. */
  set(key: string, value: Uint8Array | string, milliseconds?: number): Promise<void>;
  /** Keeps a value where there is none. Returns whether there was none. */
  add(key: string, value: Uint8Array): Promise<boolean>;
  delete(...keys: string[]): Promise<void>;
  /** Says a word to whoever waits at `bell`. */
  ring(bell: string, word: string): Promise<void>;
  /** A word that was said at `bell`; undefined after `seconds`, or earlier. One waits at a time. */
  wait(bell: string, seconds: number): Promise<string | undefined>;
  close(): void;
}

/** The bytes of a value, as clients of servers take them: a view, since values may be large. */
export const bytesOf = (value: Uint8Array | string): Buffer =>
  typeof value === "string" ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
