/**
 * PNG (ISO/IEC 15948) as far as masks need it: exact numbers in, exact numbers out, where general codecs quantise or
 * expand palettes. Deflate is a JavaScript one, so that the same mask is the same bytes on every machine.
 */
import { Unzlib, zlibSync } from "fflate";

/** Samples as stored, row by row, channels interleaved: palette indices for colour type 3. */
export interface Png {
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey + alpha, 6 RGB + alpha. */
  readonly colorType: number;
  readonly channels: number;
  /** [width * height * channels]; 16-bit samples keep their value. */
  readonly data: Uint8Array | Uint16Array;
  /** [3 * entries] of colour type 3. */
  readonly palette?: Uint8Array;
}

/** Thrown for bytes that are not a readable PNG. */
export class PngError extends Error {
  override readonly name = "PngError";
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
/** zlib's own default: masks hardly shrink beyond it. */
const DEFLATE_LEVEL = 6;
/** Larger pictures are a mistake or an attack: inflating them would fill the memory. */
const MOST_BYTES = 2 ** 28;
/** Deflate cannot pack better than 1032:1. */
const MOST_DEFLATE_RATIO = 1032;
/** Packed bytes that are inflated at a time: no more than 66 MB can come of them. */
const PIECE = 2 ** 16;

let table: Uint32Array | undefined;

/** CRC-32 of ISO 3309, as PNG and zip use it. */
export function crc32(bytes: Uint8Array): number {
  if (table === undefined) {
    table = new Uint32Array(256);
    for (let n = 0; n < 256; n++) {
      let c = n;
      for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
      table[n] = c;
    }
  }
  let c = 0xffffffff;
  for (const byte of bytes) c = table[(c ^ byte) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

export interface PngSource {
  readonly width: number;
  readonly height: number;
  /** [width * height] indices or greys, or [width * height * 3] RGB. */
  readonly data: Uint8Array;
  /** [3 * entries]: makes `data` indices into it. */
  readonly palette?: Uint8Array;
}

/** An 8-bit PNG: palette (index) where a palette is given, else grey or RGB by the length of `data`. */
export function encodePng({ width, height, data, palette }: PngSource): Uint8Array {
  const channels = data.length / (width * height);
  if (channels !== 1 && channels !== 3)
    throw new RangeError(`encodePng: ${width}x${height} needs 1 or 3 bytes a pixel, got ${data.length} bytes`);
  const line = width * channels;
  // Filter 0 on every line: masks are flat areas, which deflate finds by itself.
  const raw = new Uint8Array((line + 1) * height);
  for (let y = 0; y < height; y++) raw.set(data.subarray(y * line, (y + 1) * line), y * (line + 1) + 1);
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8;
  header[9] = palette !== undefined ? 3 : channels === 3 ? 2 : 0;
  const chunks = [
    Uint8Array.from(SIGNATURE),
    chunk("IHDR", header),
    ...(palette === undefined ? [] : [chunk("PLTE", palette)]),
    chunk("IDAT", zlibSync(raw, { level: DEFLATE_LEVEL })),
    chunk("IEND", new Uint8Array()),
  ];
  return joinBytes(chunks);
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(body, 8);
  view.setUint32(body.length + 8, crc32(bytes.subarray(4, body.length + 8)));
  return bytes;
}

/** One array after another. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Whether the bytes begin as every PNG does. */
export const isPng = (bytes: Uint8Array): boolean => SIGNATURE.every((byte, i) => bytes[i] === byte);

/** What a PNG's header says of it, without its pixels. */
export type PngHeader = Omit<Png, "data" | "palette">;

/** Reads the header alone. Throws PngError for what does not begin as a PNG does. */
export function pngHeader(bytes: Uint8Array): PngHeader {
  if (!isPng(bytes)) throw new PngError("not a PNG");
  if (bytes.length < 33) throw new PngError("the PNG is cut short");
  const header = new DataView(bytes.buffer, bytes.byteOffset + 8, 25);
  if (header.getUint32(0) !== 13 || typeAt(bytes, 8) !== "IHDR") throw new PngError("the PNG has no header");
  if (header.getUint32(21) !== crc32(bytes.subarray(12, 29)))
    throw new PngError("the PNG is damaged: checksum of its IHDR chunk");
  const [width, height] = [header.getUint32(8), header.getUint32(12)];
  const [bitDepth, colorType] = [header.getUint8(16), header.getUint8(17)];
  const channels = CHANNELS[colorType];
  if (channels === undefined || ![1, 2, 4, 8, 16].includes(bitDepth))
    throw new PngError(`the PNG has colour type ${colorType} with ${bitDepth} bits, which does not exist`);
  if (width * height === 0 || width * height * channels * Math.max(1, bitDepth / 8) > MOST_BYTES)
    throw new PngError(`the PNG claims ${width}x${height} pixels of ${channels * bitDepth} bits`);
  if (header.getUint8(20) !== 0) throw new PngError("the PNG is interlaced; save it without interlacing");
  return { width, height, bitDepth, colorType, channels };
}

const typeAt = (bytes: Uint8Array, chunk: number): string =>
  String.fromCharCode(...bytes.subarray(chunk + 4, chunk + 8));

/**
 * Reads any PNG that is not interlaced, of 256 MiB of pixels at most. Throws PngError for what is damaged, larger or interlaced; in the time and
 * memory of the pixels that the header claims, whatever the file inflates to.
 */
export function decodePng(bytes: Uint8Array): Png {
  const header = pngHeader(bytes);
  const { width, height, bitDepth, colorType, channels } = header;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let palette: Uint8Array | undefined;
  const parts: Uint8Array[] = [];
  let at = SIGNATURE.length;
  for (let type = ""; type !== "IEND"; ) {
    if (at + 12 > bytes.length) throw new PngError("the PNG is cut short");
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > bytes.length) throw new PngError("the PNG is cut short");
    type = typeAt(bytes, at);
    if (view.getUint32(end) !== crc32(bytes.subarray(at + 4, end)))
      throw new PngError(`the PNG is damaged: checksum of its ${type} chunk`);
    const body = bytes.subarray(at + 8, end);
    if (type === "PLTE") palette = body.slice();
    else if (type === "IDAT") parts.push(body);
    at = end + 4;
  }
  if (colorType === 3 && palette === undefined) throw new PngError("the PNG has a palette image without a palette");
  const line = Math.ceil((width * channels * bitDepth) / 8);
  const raw = inflate(parts, (line + 1) * height);
  const rows = unfilter(raw, line, height, Math.max(1, (channels * bitDepth) >> 3));
  const data = unpack(rows, { width, height, channels, bitDepth, line });
  return { ...header, data, ...(palette === undefined ? {} : { palette }) };
}

/** The inflated pixels, `length` bytes. Throws PngError for more, fewer or other bytes. */
function inflate(parts: readonly Uint8Array[], length: number): Uint8Array {
  const packed = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > packed * MOST_DEFLATE_RATIO) throw new PngError("the PNG is damaged: pixels are missing");
  const raw = new Uint8Array(length);
  let at = 0;
  const inflater = new Unzlib((piece) => {
    if (at + piece.length > length) throw new PngError("the PNG is damaged: more pixels than its header says");
    raw.set(piece, at);
    at += piece.length;
  });
  try {
    for (const [i, part] of parts.entries())
      for (let from = 0; from === 0 || from < part.length; from += PIECE)
        inflater.push(part.subarray(from, from + PIECE), i === parts.length - 1 && from + PIECE >= part.length);
  } catch (cause) {
    if (cause instanceof PngError) throw cause;
    throw new PngError("the PNG is damaged: its pixels do not inflate", { cause });
  }
  if (at !== length) throw new PngError("the PNG is damaged: pixels are missing");
  return raw;
}

/**
 * Undoes the line filters (section 9 of the standard), in place: each byte was predicted from its left, upper and upper-left. A line's own byte
 * for the filter goes, so that what is written never runs ahead of what is read.
 */
function unfilter(raw: Uint8Array, line: number, height: number, step: number): Uint8Array {
  const out = raw.subarray(0, line * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (line + 1)];
    if (filter > 4) throw new PngError(`the PNG is damaged: line ${y} has filter ${filter}`);
    const to = y * line;
    for (let x = 0; x < line; x++) {
      const a = x >= step ? out[to + x - step] : 0;
      const b = y > 0 ? out[to + x - line] : 0;
      const c = x >= step && y > 0 ? out[to + x - line - step] : 0;
      out[to + x] = raw[to + y + 1 + x] + predict(filter, a, b, c);
    }
  }
  return out;
}

function predict(filter: number, a: number, b: number, c: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return a;
  if (filter === 2) return b;
  if (filter === 3) return (a + b) >> 1;
  const p = a + b - c;
  const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly bitDepth: number;
  /** Bytes of a line. */
  readonly line: number;
}

function unpack(rows: Uint8Array, { width, height, channels, bitDepth, line }: Layout): Uint8Array | Uint16Array {
  if (bitDepth === 8) return rows;
  const perLine = width * channels;
  if (bitDepth === 16) {
    // In place too: a sample is read before it is written.
    const samples = new Uint16Array(rows.buffer, 0, perLine * height);
    for (let i = 0; i < samples.length; i++) samples[i] = (rows[2 * i] << 8) | rows[2 * i + 1];
    return samples;
  }
  const out = new Uint8Array(perLine * height);
  const mask = (1 << bitDepth) - 1;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < perLine; x++) {
      const bit = x * bitDepth;
      out[y * perLine + x] = (rows[y * line + (bit >> 3)] >> (8 - bitDepth - (bit & 7))) & mask;
    }
  return out;
}
