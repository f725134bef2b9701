import type { AnyTensor } from "../tensor/tensor.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { ByteReader } from "./byteReader.ts";
import { parseNumpyType } from "./numpyType.ts";
import { CheckpointError } from "./stateDict.ts";
import { columnMajorStrides, elementBytes, rowMajorStrides, storedTensor } from "./storedTensor.ts";
import { readZip } from "./zip.ts";

/** `\x93NUMPY` */
const NPY_MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] as const;
/** What all compressed arrays of an archive may unfold to: all of them are held. */
const MAX_UNPACKED_BYTES = 2 ** 30;
/** Headers of plain arrays have about 128 bytes. */
const MAX_HEADER_BYTES = 4096;

/**
 * Reads a NumPy `.npy` file (format 1.0 - 3.0, numpy.lib.format): numbers of any byte order, C or Fortran order. Returned row-major;
 * float16 is widened to float32.
 * @throws CheckpointError for other files, structured or object types, and data that does not fill the shape exactly.
 */
export function readNpy(bytes: Uint8Array, name = "npy file"): AnyTensor {
  const reader = new ByteReader(bytes, name);
  if (!NPY_MAGIC.every((byte, i) => bytes[i] === byte))
    throw new CheckpointError(`${name}: expected a NumPy .npy file, got something else.`);
  reader.skip(NPY_MAGIC.length);
  const version = reader.u8();
  reader.skip(1);
  if (version < 1 || version > 3)
    throw new CheckpointError(`${name}: .npy format ${version} is not known; expected 1 to 3.`);
  const headerBytes = version === 1 ? reader.u16() : reader.u32();
  if (headerBytes > MAX_HEADER_BYTES)
    throw new CheckpointError(`${name}: its .npy header has ${headerBytes} bytes, more than any plain array's.`);
  const { element, littleEndian, fortranOrder, shape } = parseHeader(
    new TextDecoder().decode(reader.take(headerBytes)),
    name,
  );
  const count = sizeOf(shape);
  if (reader.left !== count * elementBytes[element])
    throw new CheckpointError(
      `${name}: shape [${shape}] of ${element} needs ${count * elementBytes[element]} bytes, ${reader.left} are there.`,
    );
  const data = reader.take(reader.left);
  const strides = fortranOrder ? columnMajorStrides(shape) : rowMajorStrides(shape);
  return storedTensor({ name, bytes: () => data, element, count, littleEndian, shape, strides }).read();
}

/**
 * Reads a NumPy `.npz` archive (stored or deflated): array name -> tensor, as {@link readNpy} gives it.
 * @throws CheckpointError where the archive or one of its arrays is damaged.
 */
export function readNpz(bytes: Uint8Array): ReadonlyMap<string, AnyTensor> {
  const tensors = new Map<string, AnyTensor>();
  const records = readZip(bytes);
  const unpacked = [...records.values()].reduce((sum, { stored, size }) => sum + (stored ? 0 : size), 0);
  if (unpacked > MAX_UNPACKED_BYTES)
    throw new CheckpointError(
      `npz archive: its compressed arrays unfold to ${unpacked} bytes, more than 1 GiB. Save it uncompressed (numpy.savez).`,
    );
  for (const record of records.values()) {
    if (!record.name.endsWith(".npy"))
      throw new CheckpointError(`npz archive: expected only .npy records, got ${JSON.stringify(record.name)}.`);
    const name = record.name.slice(0, -".npy".length);
    tensors.set(name, readNpy(record.read(), `npz array ${JSON.stringify(name)}`));
  }
  return tensors;
}

/** The header is a Python dictionary of exactly three entries, e.g. `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`. */
function parseHeader(text: string, name: string) {
  const descr = /'descr': *'([^']*)'/.exec(text);
  const order = /'fortran_order': *(True|False)/.exec(text);
  const shape = /'shape': *\(([0-9, ]*)\)/.exec(text);
  if (descr === null || order === null || shape === null)
    throw new CheckpointError(
      `${name}: cannot read the .npy header ${JSON.stringify(text.trim())}; expected a plain array of numbers.`,
    );
  const sizes = shape[1]!.split(",").flatMap((d) => (d.trim() === "" ? [] : [Number(d)]));
  return { ...parseNumpyType(descr[1]!, name), fortranOrder: order[1] === "True", shape: sizes };
}
