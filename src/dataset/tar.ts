/**
 * The ustar archive format (POSIX.1-1988), written with fixed times and owners: the same files are the same bytes. Read with the long
 * names of GNU tar and pax.
 */
import { insidePath } from "./insidePath.ts";
import type { DatasetFolder } from "./reading.ts";

const BLOCK = 512;

/** One file with its header, padded to whole blocks. Throws RangeError for names over 100 bytes, or that leave the folder. */
export function tarEntry(name: string, content: Uint8Array): Uint8Array {
  const entry = new Uint8Array(BLOCK + Math.ceil(content.length / BLOCK) * BLOCK);
  const put = (text: string, at: number): void => {
    entry.set(new TextEncoder().encode(text), at);
  };
  if (new TextEncoder().encode(name).length > 100)
    throw new RangeError(`tar: the name ${name} is longer than 100 bytes`);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, "0")}\0`;
  put(insidePath(name), 0);
  put(octal(0o644, 7), 100);
  put(octal(0, 7), 108);
  put(octal(0, 7), 116);
  put(octal(content.length, 11), 124);
  put(octal(0, 11), 136);
  put("        ", 148);
  put("0", 156);
  put("ustar\0" + "00", 257);
  const sum = entry.subarray(0, BLOCK).reduce((s, byte) => s + byte, 0);
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  entry.set(content, BLOCK);
  return entry;
}

/** What ends an archive: two empty blocks. */
export const tarEnd = (): Uint8Array => new Uint8Array(2 * BLOCK);

/** Where a file lies in an archive. */
export interface TarFile {
  readonly name: string;
  readonly start: number;
  readonly size: number;
}

/** Thrown for bytes that are not a readable archive. */
export class TarError extends Error {
  override readonly name = "TarError";
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).replace(/\0.*$/s, "");

/** Bytes that are read at a time: a header alone is not worth a trip to the disk. */
const WINDOW = 2 ** 16;
/** Of a long name or a pax header; paths end at 4096 bytes. */
const MOST_NAME_BYTES = 2 ** 20;

/**
 * A number of a header: octal digits, or 95 bits after a first bit of 1 as GNU tar writes what octal does not hold. Undefined for anything
 * else, negative numbers too.
 */
function numberOf(field: Uint8Array): number | undefined {
  if (field[0] === 0x80) return field.subarray(1).reduce((value, byte) => value * 256 + byte, 0);
  const digits = text(field).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}

/** The files of an archive, without their content. Throws TarError where it is damaged or cut short. */
export async function tarFiles(folder: DatasetFolder, path: string): Promise<TarFile[]> {
  const end = await folder.size(path);
  const files: TarFile[] = [];
  let window = { at: 0, bytes: new Uint8Array() };
  const read = async (from: number, to: number): Promise<Uint8Array> => {
    if (from < window.at || to > window.at + window.bytes.length) {
      const bytes = await folder.read(path, from, Math.min(end, Math.max(to, from + WINDOW)));
      window = { at: from, bytes: Uint8Array.from(bytes) };
    }
    return window.bytes.subarray(from - window.at, to - window.at);
  };
  let longName: string | undefined;
  for (let at = 0; ; ) {
    if (at + BLOCK > end) throw new TarError("it is cut short: the empty blocks at its end are missing");
    const header = await read(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return files;
    const sum = header.reduce((s, byte, i) => s + (i >= 148 && i < 156 ? 32 : byte), 0);
    if (numberOf(header.subarray(148, 156)) !== sum) throw new TarError(`the header at byte ${at} is damaged`);
    const size = numberOf(header.subarray(124, 136));
    if (size === undefined)
      throw new TarError(`the header at byte ${at} has the size ${JSON.stringify(text(header.subarray(124, 136)))}`);
    const start = at + BLOCK;
    if (start + size > end) throw new TarError(`it is cut short in the file at byte ${at}`);
    const type = String.fromCharCode(header[156]);
    if (type === "L" || type === "x") {
      if (size > MOST_NAME_BYTES) throw new TarError(`the header at byte ${at} has a name of ${size} bytes`);
      const content = text(await read(start, start + size));
      longName = type === "L" ? content : (/(?:^|\n)\d+ path=([^\n]*)/.exec(content)?.[1] ?? longName);
    } else {
      const prefix = text(header.subarray(257, 262)) === "ustar" ? text(header.subarray(345, 500)) : "";
      const name = longName ?? `${prefix === "" ? "" : `${prefix}/`}${text(header.subarray(0, 100))}`;
      if (type === "0" || type === "\0") files.push({ name: name.replace(/^\.\//, ""), start, size });
      longName = undefined;
    }
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
}
