import { ByteReader } from "./byteReader.ts";
import { runPickle } from "./pickle.ts";
import type { PickleBudget, PickleSource } from "./pickleSource.ts";
import { asItems, asText, describe, isKind, type PickleValue, type StorageNode } from "./pickleValue.ts";
import { CheckpointError } from "./stateDict.ts";
import { elementBytes } from "./storedTensor.ts";
import { parseStorageId, type StorageId } from "./torchTensor.ts";

/**
 * The legacy stream of `torch.save` (torch < 1.6, and every tensor inside NVIDIA's pickles): five pickles back to back - magic number,
 * version, byte order, the object, the list of storage keys - then for each key its size as i64 and its raw bytes.
 */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;

/** LONG1 of 10 bytes, the magic number, STOP. */
const MAGIC_PICKLE = [0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e] as const;
/** FRAME of 13 bytes, which protocols 4 and 5 put before it. */
const FRAME = [0x95, 13, 0, 0, 0, 0, 0, 0, 0] as const;
/** The stream's first bytes, undefined for any: torch writes protocol 2 unless told otherwise; protocol 1 does not name itself. */
export const TORCH_STREAM_STARTS: readonly (readonly (number | undefined)[])[] = [
  [0x80, undefined, ...MAGIC_PICKLE],
  [0x80, undefined, ...FRAME, ...MAGIC_PICKLE],
  MAGIC_PICKLE,
];

/** A whole `.pth` file in the legacy format: its object. Storages are views. */
export function readTorchStream(bytes: Uint8Array, budget: PickleBudget): PickleValue {
  return readStream(bytes, "torch", budget);
}

/** The stream of one storage, as `torch.storage._load_from_bytes` takes it. Its object may be nothing but the storage's id. */
export function readStorageStream(bytes: Uint8Array, budget: PickleBudget): PickleValue {
  const storage = readStream(bytes, "storage", budget);
  if (!isKind(storage, "storage"))
    throw new CheckpointError(`torch storage: expected a storage, got ${describe(storage)}.`);
  return storage;
}

interface Slot {
  readonly id: StorageId;
  readonly node: StorageNode;
  data: Uint8Array | undefined;
}

function readStream(bytes: Uint8Array, context: "torch" | "storage", budget: PickleBudget): PickleValue {
  const reader = new ByteReader(bytes, "The torch file");
  const bare: PickleSource = { context: "bare", budget };
  readHeader(reader, bare);
  const slots = new Map<string, Slot>();
  const root = runPickle(reader, { context, budget, persistent: (id) => slotFor(parseStorageId(id, 6), slots).node });
  const keys = asItems(runPickle(reader, bare), "list of storages").map((key) => asText(key, "key of a storage"));
  for (const key of keys) {
    const slot = slots.get(key);
    if (slot === undefined || slot.data !== undefined)
      throw new CheckpointError(`torch file: storage ${describe(key)} is listed twice or belongs to no tensor.`);
    const count = reader.i64();
    if (count !== BigInt(slot.id.count))
      throw new CheckpointError(
        `torch file: storage ${describe(key)} has ${count} elements, expected ${slot.id.count}.`,
      );
    slot.data = reader.take(slot.id.count * elementBytes[slot.id.element]);
  }
  for (const [key, { data }] of slots)
    if (data === undefined) throw new CheckpointError(`torch file: the data of storage ${describe(key)} is missing.`);
  if (reader.left > 0)
    throw new CheckpointError(`torch file: ${reader.left} bytes follow the last storage, expected none.`);
  return root;
}

function readHeader(reader: ByteReader, bare: PickleSource): void {
  const magic = runPickle(reader, bare);
  if (magic !== MAGIC) throw new CheckpointError(`torch file: expected torch's magic number, got ${describe(magic)}.`);
  const version = runPickle(reader, bare);
  if (version !== VERSION)
    throw new CheckpointError(`torch file: expected format ${VERSION}, got ${describe(version)}.`);
  const system = runPickle(reader, bare);
  if (!isKind(system, "dict") || system.entries.get("little_endian") !== true)
    throw new CheckpointError("torch file: expected little-endian data; big-endian files are not supported.");
}

/** One storage per key, however often it is referred to. */
function slotFor(id: StorageId, slots: Map<string, Slot>): Slot {
  const known = slots.get(id.key);
  if (known !== undefined) {
    if (known.id.element !== id.element || known.id.count !== id.count)
      throw new CheckpointError(`torch file: storage ${describe(id.key)} is described in two ways.`);
    return known;
  }
  const bytes = () => {
    if (slot.data === undefined)
      throw new CheckpointError(`torch file: the data of storage ${describe(id.key)} is missing.`);
    return slot.data;
  };
  const slot: Slot = { id, data: undefined, node: { kind: "storage", element: id.element, count: id.count, bytes } };
  slots.set(id.key, slot);
  return slot;
}
