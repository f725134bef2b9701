import { isNvidiaPytorch, readNvidiaPytorch } from "./nvidiaPytorch.ts";
import { isNvidiaTensorflow, readNvidiaTensorflow } from "./nvidiaTensorflow.ts";
import { readPickle } from "./pickle.ts";
import { type PickleSource, pickleBudget } from "./pickleSource.ts";
import { describe, isKind } from "./pickleValue.ts";
import { looksLikeSafetensors, readSafetensors } from "./safetensors.ts";
import { type Checkpoint, CheckpointError, type CheckpointTensor, type LazyTensor } from "./stateDict.ts";
import { readTorchState, TOP_LEVEL } from "./torchState.ts";
import { readStorageStream, readTorchStream, TORCH_STREAM_STARTS } from "./torchStream.ts";
import { readTorchZip } from "./torchZip.ts";

/** First bytes, undefined for any; first text, before which there may be white space; or a test. */
type Start = readonly (number | undefined)[] | string | ((bytes: Uint8Array) => boolean);
type Row = readonly [start: Start, read: (bytes: Uint8Array) => Checkpoint];

/** First bytes of a file -> what it is. The first row that fits counts; the file's name says nothing. */
const formats: readonly Row[] = [
  [looksLikeSafetensors, readSafetensorsCheckpoint],
  [[0x50, 0x4b, 0x03, 0x04], readTorchArchive],
  ...TORCH_STREAM_STARTS.map((start): Row => [start, readTorchLegacy]),
  [[0x80], readPlainPickle],
  [[0x1f, 0x8b], refuse("The file is packed with gzip. Unpack it first (gunzip).")],
  [
    "version https://git-lfs",
    refuse("The file is a Git LFS pointer, not the checkpoint itself. Fetch it with: git lfs pull"),
  ],
  [
    "<",
    refuse(
      "The file is a web page, not a checkpoint: the download went wrong. Download it again from the page's own link.",
    ),
  ],
  [[0x89, 0x50, 0x4e, 0x47], refuse("The file is a PNG image, not a checkpoint.")],
  [[0xff, 0xd8, 0xff], refuse("The file is a JPEG image, not a checkpoint.")],
];

const READABLE = "NVIDIA .pkl (PyTorch and TensorFlow), torch .pth and .pt, .safetensors";

/**
 * Reads a checkpoint of any known format as data; nothing in it is executed. The tensors stay views of `bytes` until they are read, so
 * keep the array unchanged.
 * @throws CheckpointError for every other file, with what it is and what to do.
 */
export function readCheckpoint(bytes: Uint8Array): Checkpoint<CheckpointTensor> {
  if (!(bytes instanceof Uint8Array))
    throw new TypeError("readCheckpoint: expected the file's content as a Uint8Array.");
  if (bytes.length === 0) throw new CheckpointError("The file is empty: the download went wrong. Download it again.");
  for (const [start, read] of formats) if (startsWith(bytes, start)) return withData(read(bytes));
  const first = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  throw new CheckpointError(
    `The file is not a checkpoint of a known format (it begins with ${first}). Readable are: ${READABLE}.`,
  );
}

function withData(checkpoint: Checkpoint): Checkpoint<CheckpointTensor> {
  const opened = ({ dtype, shape, read }: LazyTensor): CheckpointTensor => ({
    dtype,
    shape,
    read,
    get data() {
      return read().data;
    },
  });
  const networks = [...checkpoint.networks].map(
    ([name, weights]) => [name, new Map([...weights].map(([key, tensor]) => [key, opened(tensor)]))] as const,
  );
  return { ...checkpoint, networks: new Map(networks) };
}

function startsWith(bytes: Uint8Array, start: Start): boolean {
  if (typeof start === "function") return start(bytes);
  if (typeof start !== "string") return start.every((code, i) => code === undefined || bytes[i] === code);
  return new TextDecoder().decode(bytes.subarray(0, 256)).trimStart().startsWith(start);
}

function refuse(message: string): () => never {
  return () => {
    throw new CheckpointError(message);
  };
}

function readSafetensorsCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata } = readSafetensors(bytes);
  return { format: "safetensors", networks: new Map([[TOP_LEVEL, tensors]]), config: { [TOP_LEVEL]: metadata } };
}

function readTorchArchive(bytes: Uint8Array): Checkpoint {
  return readTorchState(readTorchZip(bytes, pickleBudget()), "torch-zip");
}

function readTorchLegacy(bytes: Uint8Array): Checkpoint {
  return readTorchState(readTorchStream(bytes, pickleBudget()), "torch-legacy");
}

function readPlainPickle(bytes: Uint8Array): Checkpoint {
  const budget = pickleBudget();
  const source: PickleSource = {
    context: "plain",
    budget,
    loadStorage: (stream) => readStorageStream(stream, budget),
  };
  const root = readPickle(bytes, source);
  if (isNvidiaPytorch(root)) return readNvidiaPytorch(root);
  if (isNvidiaTensorflow(root)) return readNvidiaTensorflow(root);
  if (isKind(root, "dict")) return readTorchState(root, "pickle");
  throw new CheckpointError(
    `The pickle holds ${describe(root)}; expected the networks of an NVIDIA .pkl or a dictionary of weights.`,
  );
}
