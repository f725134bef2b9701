import { readPickle } from "./pickle.ts";
import type { PickleBudget } from "./pickleSource.ts";
import { describe, type PickleValue, type StorageNode } from "./pickleValue.ts";
import { CheckpointError } from "./stateDict.ts";
import { elementBytes } from "./storedTensor.ts";
import { parseStorageId, type StorageId } from "./torchTensor.ts";
import { readZip, type ZipRecord } from "./zip.ts";

/**
 * The zip format of `torch.save` (torch >= 1.6): `<root>/data.pkl` is a pickle whose storages are the records `<root>/data/<key>`,
 * stored without compression.
 */
const OBJECT = /^[^/]+\/data\.pkl$/;
/** The official StyleGAN2 at 1024x1024 needs 50 kB. */
const MAX_PICKLE_BYTES = 2 ** 28;

/** A whole `.pth` file in the zip format: its object. Storages are views of the file, whose checksums are tested when they are read. */
export function readTorchZip(bytes: Uint8Array, budget: PickleBudget): PickleValue {
  const records = readZip(bytes);
  const objects = [...records.keys()].filter((name) => OBJECT.test(name));
  if (objects.length !== 1)
    throw new CheckpointError(
      `The zip archive has ${objects.length} records <name>/data.pkl, expected one: it was not written by torch.save. (A .zip of pictures is for klish train gan --data.)`,
    );
  const root = objects[0]!.slice(0, -"data.pkl".length);
  const order = records.get(`${root}byteorder`);
  if (order !== undefined && new TextDecoder().decode(order.read()).trim() !== "little")
    throw new CheckpointError("torch file: expected little-endian data; big-endian files are not supported.");
  const pickle = records.get(objects[0]!)!;
  if (pickle.size > MAX_PICKLE_BYTES)
    throw new CheckpointError(`torch file: its data.pkl has ${pickle.size} bytes, more than any known file's.`);
  const storages = new Map<string, StorageNode>();
  return readPickle(uncompressed(pickle).read(), {
    context: "torch",
    budget,
    persistent: (id) => {
      const { key, element, count } = parseStorageId(id, 5);
      const storage = storages.get(key) ?? storageOf({ key, element, count }, records.get(`${root}data/${key}`));
      if (storage.element !== element || storage.count !== count)
        throw new CheckpointError(`torch file: storage ${describe(key)} is described in two ways.`);
      storages.set(key, storage);
      return storage;
    },
  });
}

function storageOf({ key, element, count }: StorageId, record: ZipRecord | undefined): StorageNode {
  if (record === undefined)
    throw new CheckpointError(`torch file: storage ${describe(key)} is missing from the archive.`);
  if (record.size !== count * elementBytes[element])
    throw new CheckpointError(
      `torch file: storage ${describe(key)} has ${record.size} bytes, expected ${count} elements of type ${element}.`,
    );
  return { kind: "storage", element, count, bytes: uncompressed(record).read };
}

/** torch.save never compresses; so a small file cannot unfold into a large one. */
function uncompressed(record: ZipRecord): ZipRecord {
  if (!record.stored)
    throw new CheckpointError(
      "The zip archive is compressed, which torch.save never does. Zip its content again without compression (zip -0 -r).",
    );
  return record;
}
