import { CheckpointError } from "./stateDict.ts";

/** A forward cursor over bytes. Every read is checked against what is left; nothing is copied. */
export class ByteReader {
  readonly bytes: Uint8Array;
  /** What messages call the source. */
  readonly source: string;
  position = 0;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, source: string) {
    this.bytes = bytes;
    this.source = source;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.bytes.length - this.position;
  }

  /** Throws unless so many bytes are left. */
  require(length: number): void {
    if (length > this.left)
      throw new CheckpointError(
        `${this.source} ends too early: ${length} bytes expected at position ${this.position}, ${this.left} are left. ` +
          "The file is truncated or damaged; download it again.",
      );
  }

  /** Moves on by `length` bytes and returns where they begin. */
  skip(length: number): number {
    this.require(length);
    const start = this.position;
    this.position += length;
    return start;
  }

  u8(): number {
    return this.bytes[this.skip(1)]!;
  }
  u16(): number {
    return this.#view.getUint16(this.skip(2), true);
  }
  u32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }
  i32(): number {
    return this.#view.getInt32(this.skip(4), true);
  }
  i64(): bigint {
    return this.#view.getBigInt64(this.skip(8), true);
  }
  /** Inexact above 2^53, which no length may reach. */
  u64(): number {
    return Number(this.#view.getBigUint64(this.skip(8), true));
  }
  /** Big-endian, as pickles store floats. */
  f64BigEndian(): number {
    return this.#view.getFloat64(this.skip(8), false);
  }
  /** A view of the next `length` bytes. */
  take(length: number): Uint8Array {
    const start = this.skip(length);
    return this.bytes.subarray(start, start + length);
  }
}
