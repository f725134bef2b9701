import { inflateSync } from "fflate";
import { ByteReader } from "./byteReader.ts";
import { CheckpointError } from "./stateDict.ts";

/**
 * Zip archives as PyTorch and NumPy write them (PKWARE APPNOTE 6.3: sections 4.3.7, 4.3.12, 4.3.14 - 4.3.16, 4.5.3). Sizes come from
 * the central directory, because PyTorch's local headers hold zeros.
 */
export interface ZipRecord {
  readonly name: string;
  /** Bytes after unpacking, and in the archive. */
  readonly size: number;
  readonly packed: number;
  readonly stored: boolean;
  /**
   * The record's bytes: a view of the archive where stored, else inflated again at each call: nothing is kept. The CRC-32 is checked at the
   * first call.
   */
  read(): Uint8Array;
}

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END_RECORD = 0x06054b50;
const ZIP64_LOCATOR = 0x07064b50;
const ZIP64_END_RECORD = 0x06064b50;
const END_RECORD_BYTES = 22;
const ZIP64_LOCATOR_BYTES = 20;
const MAX_COMMENT_BYTES = 0xffff;
const ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;
/** DEFLATE cannot pack better than 1032:1. */
const MAX_DEFLATE_RATIO = 1032;
/** Inflated records are numbers for tests and small files: weights are stored. */
const MAX_INFLATED_BYTES = 2 ** 28;
const FULL_32 = 0xffffffff;
const FULL_16 = 0xffff;

/**
 * Lists a zip archive's records by name.
 * @throws CheckpointError for anything damaged: directory outside the file, records that overlap its end, names that occur twice, encryption.
 */
export function readZip(bytes: Uint8Array): ReadonlyMap<string, ZipRecord> {
  const directory = findDirectory(bytes);
  const reader = new ByteReader(bytes.subarray(0, directory.end), "zip directory");
  reader.position = directory.start;
  const records = new Map<string, ZipRecord>();
  for (let i = 0; i < directory.count; i++) {
    const record = readEntry(reader, bytes, directory.start);
    if (records.has(record.name)) throw damaged(`has two records named ${JSON.stringify(record.name)}`);
    records.set(record.name, record);
  }
  return records;
}

interface Directory {
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

function findDirectory(bytes: Uint8Array): Directory {
  const at = findEndRecord(bytes);
  const reader = new ByteReader(bytes, "zip end record");
  reader.position = at + 4;
  const disks = [reader.u16(), reader.u16()];
  const counts = [reader.u16(), reader.u16()];
  let size = reader.u32();
  let start = reader.u32();
  let count = counts[1]!;
  const locator = at - ZIP64_LOCATOR_BYTES;
  reader.position = locator;
  if (locator >= 0 && reader.u32() === ZIP64_LOCATOR) {
    reader.skip(4);
    const end64 = reader.u64();
    if (end64 > locator - 56) throw damaged("has a zip64 end record outside the file");
    reader.position = end64;
    if (reader.u32() !== ZIP64_END_RECORD) throw damaged("has no zip64 end record where it should be");
    reader.skip(8 + 2 + 2 + 4 + 4 + 8);
    count = reader.u64();
    size = reader.u64();
    start = reader.u64();
  } else if (disks[0] !== 0 || disks[1] !== 0 || counts[0] !== counts[1]) throw damaged("is split over several disks");
  if (start + size > at) throw damaged("has a directory outside the file (it may be truncated)");
  return { start, end: start + size, count };
}

function findEndRecord(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const last = bytes.length - END_RECORD_BYTES;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT_BYTES); at--)
    if (
      view.getUint32(at, true) === END_RECORD &&
      at + END_RECORD_BYTES + view.getUint16(at + 20, true) === bytes.length
    )
      return at;
  throw damaged("has no directory at its end (it is truncated; download it again)");
}

function readEntry(reader: ByteReader, bytes: Uint8Array, directoryStart: number): ZipRecord {
  if (reader.u32() !== CENTRAL_HEADER) throw damaged("has a broken directory");
  reader.skip(2 + 2);
  const flags = reader.u16();
  const method = reader.u16();
  reader.skip(2 + 2);
  const crc = reader.u32();
  const packed32 = reader.u32();
  const size32 = reader.u32();
  const nameBytes = reader.u16();
  const extraBytes = reader.u16();
  const commentBytes = reader.u16();
  const disk = reader.u16();
  reader.skip(2 + 4);
  const local32 = reader.u32();
  const rawName = reader.take(nameBytes);
  const name = new TextDecoder().decode(rawName);
  const wide = zip64Field(reader.take(extraBytes));
  reader.skip(commentBytes);
  const widen = (value: number) => (value === FULL_32 && wide !== undefined ? wide.u64() : value);
  const size = widen(size32);
  const packed = widen(packed32);
  const local = widen(local32);
  const label = JSON.stringify(name);
  if ((flags & ENCRYPTED) !== 0) throw damaged(`has an encrypted record ${label}`);
  if (disk !== 0 && disk !== FULL_16) throw damaged("is split over several disks");
  if (method !== STORED && method !== DEFLATED)
    throw damaged(`packs ${label} with method ${method}; expected stored or deflated`);
  if (method === STORED && packed !== size) throw damaged(`gives two sizes for ${label}`);
  const data = dataRange(bytes.subarray(0, directoryStart), local, packed, rawName);
  return { name, size, packed, stored: method === STORED, read: unpacker(data, method, size, crc, label) };
}

/** The values of the zip64 extra field (tag 1), in the order size, packed size, offset; only those that did not fit. */
function zip64Field(extra: Uint8Array): ByteReader | undefined {
  const reader = new ByteReader(extra, "zip extra field");
  while (reader.left >= 4) {
    const tag = reader.u16();
    const field = reader.take(reader.u16());
    if (tag === 1) return new ByteReader(field, "zip64 extra field");
  }
  return undefined;
}

/** The packed bytes of a record, behind its local header, which must have the same name. */
function dataRange(bytes: Uint8Array, local: number, packed: number, name: Uint8Array): Uint8Array {
  const label = JSON.stringify(new TextDecoder().decode(name));
  const reader = new ByteReader(bytes, `zip record ${label}`);
  reader.skip(local);
  if (reader.u32() !== LOCAL_HEADER) throw damaged(`has no local header for ${label}`);
  reader.skip(22);
  const nameBytes = reader.u16();
  const extraBytes = reader.u16();
  const localName = reader.take(nameBytes);
  if (nameBytes !== name.length || !localName.every((byte, i) => byte === name[i]))
    throw damaged(`names ${label} otherwise in its local header`);
  reader.skip(extraBytes);
  return reader.take(packed);
}

function unpacker(data: Uint8Array, method: number, size: number, crc: number, label: string): () => Uint8Array {
  let checked = false;
  return () => {
    const unpacked = method === STORED ? data : inflate(data, size, label);
    if (!checked && crc32(unpacked) !== crc)
      throw damaged(`has a damaged record ${label}: its checksum (CRC-32) does not fit`);
    checked = true;
    return unpacked;
  };
}

function inflate(data: Uint8Array, size: number, label: string): Uint8Array {
  if (size > Math.min(MAX_INFLATED_BYTES, data.length * MAX_DEFLATE_RATIO))
    throw damaged(`declares ${size} bytes for ${label}, which cannot be`);
  let out: Uint8Array;
  try {
    out = inflateSync(data, { out: new Uint8Array(size) });
  } catch (cause) {
    throw new CheckpointError(`The zip archive has a damaged record ${label}.`, { cause });
  }
  if (out.length !== size) throw damaged(`has a damaged record ${label}: ${out.length} bytes, expected ${size}`);
  return out;
}

function damaged(what: string): CheckpointError {
  return new CheckpointError(`The zip archive ${what}.`);
}

const CRC_POLYNOMIAL = 0xedb88320;
/** Table k: the CRC of a byte that is followed by k zero bytes, so that eight bytes can be taken at once. */
const crcTables: readonly Uint32Array[] = makeCrcTables();

function makeCrcTables(): Uint32Array[] {
  const tables = Array.from({ length: 8 }, () => new Uint32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ CRC_POLYNOMIAL : crc >>> 1;
    tables[0]![byte] = crc;
  }
  for (let k = 1; k < 8; k++)
    for (let byte = 0; byte < 256; byte++) {
      const before = tables[k - 1]![byte]!;
      tables[k]![byte] = (before >>> 8) ^ tables[0]![before & 255]!;
    }
  return tables;
}

/** CRC-32 (ISO 3309), eight bytes at a time. */
export function crc32(bytes: Uint8Array): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = crcTables as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  let crc = 0xffffffff;
  let i = 0;
  for (; i + 8 <= bytes.length; i += 8) {
    const low = crc ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
    crc =
      t7[low & 255]! ^
      t6[(low >>> 8) & 255]! ^
      t5[(low >>> 16) & 255]! ^
      t4[low >>> 24]! ^
      t3[bytes[i + 4]!]! ^
      t2[bytes[i + 5]!]! ^
      t1[bytes[i + 6]!]! ^
      t0[bytes[i + 7]!]!;
  }
  for (; i < bytes.length; i++) crc = t0[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
