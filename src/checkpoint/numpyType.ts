import { CheckpointError } from "./stateDict.ts";
import type { ElementType } from "./storedTensor.ts";

/** NumPy's kind letter and item size -> element type. 64-bit unsigned, complex, text and objects are not read. */
const numpyElements: ReadonlyMap<string, ElementType> = new Map([
  ["f8", "float64"],
  ["f4", "float32"],
  ["f2", "float16"],
  ["i8", "int64"],
  ["i4", "int32"],
  ["i2", "int16"],
  ["i1", "int8"],
  ["u4", "uint32"],
  ["u2", "uint16"],
  ["u1", "uint8"],
  ["b1", "bool"],
]);

export interface NumpyType {
  readonly element: ElementType;
  readonly littleEndian: boolean;
}

/**
 * Reads a NumPy type string, e.g. `<f4`, `>i8`, `|u1`, `f4`. Without a sign, or with `=` (native), it is little-endian: that is what the
 * machines that write such files have.
 */
export function parseNumpyType(text: string, name: string): NumpyType {
  const [, order, code] = /^([<>=|]?)([a-zA-Z][0-9]*)$/.exec(text) ?? [];
  const element = numpyElements.get(code ?? "");
  if (element === undefined)
    throw new CheckpointError(
      `${name}: NumPy type ${JSON.stringify(text)} is not supported; expected one of ${[...numpyElements.keys()].join(", ")}.`,
    );
  return { element, littleEndian: order !== ">" };
}
