/** Where the opcodes of a pickle begin and end: enough to change its structure without breaking its syntax. */

export interface Opcode {
  readonly start: number;
  /** Where its argument begins; equal to `end` where it has none. */
  readonly argument: number;
  readonly end: number;
}

/** Argument of each opcode: a fixed number of bytes; text lines; or a length of so many bytes and then the data. */
type Argument = number | "lines" | { readonly length: number };

const argumentsOf: ReadonlyMap<number, Argument> = new Map<number, Argument>([
  ...[0x80, 0x4b, 0x71, 0x68].map((code): [number, Argument] => [code, 1]),
  [0x4d, 2],
  ...[0x4a, 0x72, 0x6a].map((code): [number, Argument] => [code, 4]),
  ...[0x47, 0x95].map((code): [number, Argument] => [code, 8]),
  ...[0x8a, 0x8c, 0x43, 0x55].map((code): [number, Argument] => [code, { length: 1 }]),
  ...[0x8b, 0x58, 0x42, 0x54].map((code): [number, Argument] => [code, { length: 4 }]),
  ...[0x8d, 0x8e].map((code): [number, Argument] => [code, { length: 8 }]),
  [0x63, "lines"],
]);

const STOP = 0x2e;

/** The opcodes of the pickle at `start`, up to and with its STOP; those that lie within `bytes` where it is damaged. */
export function pickleLayout(bytes: Uint8Array, start: number): Opcode[] {
  const opcodes: Opcode[] = [];
  for (let at = start; at < bytes.length; ) {
    const argument = argumentsOf.get(bytes[at]!) ?? 0;
    let end = at + 1;
    if (argument === "lines") end = bytes.indexOf(0x0a, bytes.indexOf(0x0a, at) + 1) + 1;
    else if (typeof argument === "number") end += argument;
    else {
      let length = 0;
      for (let i = argument.length; i > 0; i--) length = length * 256 + bytes[at + i]!;
      end += argument.length + length;
    }
    if (end <= at || end > bytes.length) break;
    opcodes.push({ start: at, argument: at + 1, end });
    if (bytes[at] === STOP) break;
    at = end;
  }
  return opcodes;
}
