/**
 * TensorBoard's event files, to be read by `tensorboard --logdir`. A file is a sequence of TFRecords (TensorFlow's
 * record_writer.h): u64 length, masked CRC-32C of these 8 bytes, the data, masked CRC-32C of the data, all little-endian. The
 * data is an `Event` message (event.proto, summary.proto: the field numbers below).
 */
import { PbfWriter } from "pbf";

/** What one record says. */
export interface TensorBoardEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  readonly scalars?: Readonly<Record<string, number>>;
  readonly images?: Readonly<Record<string, EventImage>>;
}

export interface EventImage {
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array;
}

const FILE_VERSION = "brain.Event:2";
/** Number of colour channels. */
const RGB = 3;
const SESSION_START = 1;

/**
 * What a file begins with: the version, and from `step` on a new start, upon which TensorBoard forgets what older files of
 * the folder say of this step and later ones.
 */
export function startRecords(wallTime: number, step: number): Uint8Array {
  const version = eventBytes(wallTime, 0, (out) => out.writeStringField(3, FILE_VERSION));
  const start = eventBytes(wallTime, step, (out) =>
    out.writeMessage(7, (_, session) => session.writeVarintField(1, SESSION_START), null),
  );
  return Buffer.concat([tfRecord(version), tfRecord(start)]);
}

/** An event as a record. */
export function eventRecord({ wallTime, step, scalars = {}, images = {} }: TensorBoardEvent): Uint8Array {
  return tfRecord(
    eventBytes(wallTime, step, (out) =>
      out.writeMessage(
        5,
        (_, summary) => {
          for (const [tag, value] of Object.entries(scalars))
            summary.writeMessage(
              1,
              (__, v) => {
                v.writeStringField(1, tag);
                v.writeFloatField(2, value);
              },
              null,
            );
          for (const [tag, image] of Object.entries(images))
            summary.writeMessage(
              1,
              (__, v) => {
                v.writeStringField(1, tag);
                v.writeMessage(4, writeImage, image);
              },
              null,
            );
        },
        null,
      ),
    ),
  );
}

function eventBytes(wallTime: number, step: number, writeWhat: (out: PbfWriter) => void): Uint8Array {
  const out = new PbfWriter();
  out.writeDoubleField(1, wallTime);
  out.writeVarintField(2, step);
  writeWhat(out);
  return out.finish();
}

function writeImage({ width, height, png }: EventImage, out: PbfWriter): void {
  out.writeVarintField(1, height);
  out.writeVarintField(2, width);
  out.writeVarintField(3, RGB);
  out.writeBytesField(4, png);
}

/** One TFRecord around `data`. */
export function tfRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(16 + data.length);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(crc32c(record.subarray(0, 8))), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return record;
}

/** A CRC of data that holds CRCs is no good: they are stored turned by 15 bits, and with a constant added. */
const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** CRC-32C (Castagnoli; RFC 3720, B.4). */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 255];
  return ~crc >>> 0;
}
