/** The ustar archive format (POSIX.1-1988), written with fixed times and owners: the same files are the same bytes. */

const BLOCK = 512;

/** One file with its header, padded to whole blocks. Throws RangeError for names over 100 bytes. */
export function tarEntry(name: string, content: Uint8Array): Uint8Array {
  const entry = new Uint8Array(BLOCK + Math.ceil(content.length / BLOCK) * BLOCK);
  const put = (text: string, at: number): void => {
    entry.set(new TextEncoder().encode(text), at);
  };
  if (new TextEncoder().encode(name).length > 100)
    throw new RangeError(`tar: the name ${name} is longer than 100 bytes`);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, "0")}\0`;
  put(name, 0);
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
