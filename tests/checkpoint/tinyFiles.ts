import { zipSync } from "fflate";

/** Pickles written by hand: opcodes as bytes, so that the tests do not depend on a writer. */

export type Part = number | string | Uint8Array | readonly number[];

export const bytesOf = (...parts: Part[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) => {
      if (typeof part === "number") return [part];
      return typeof part === "string" ? [...new TextEncoder().encode(part)] : [...part];
    }),
  );

const u32 = (n: number) => [n & 255, (n >> 8) & 255, (n >> 16) & 255, n >>> 24];

export const PROTO = (n: number) => [0x80, n];
export const STOP = ".";
/** SHORT_BINUNICODE */
export const text = (value: string) => bytesOf(0x8c, new TextEncoder().encode(value).length, value);
/** BINBYTES */
export const bytes = (value: Uint8Array) => bytesOf("B", u32(value.length), value);
/** BININT1 */
export const int = (value: number) => [0x4b, value];
export const global = (module: string, name: string) => `c${module}\n${name}\n`;
export const tuple = (...items: Uint8Array[]) => bytesOf("(", ...items, "t");
/** EMPTY_DICT, then SETITEMS. */
export const dict = (...pairs: Part[]) => bytesOf("}(", ...pairs, "u");
export const pickle = (...parts: Part[]) => bytesOf(PROTO(4), ...parts, STOP);
const orderedDict = (...pairs: Part[]) => bytesOf(global("collections", "OrderedDict"), ")R(", ...pairs, "u");

/** `_rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())` of rank 1. */
const tensorOf = (storage: Uint8Array, size: number) =>
  bytesOf(
    global("torch._utils", "_rebuild_tensor_v2"),
    tuple(storage, bytesOf(int(0)), tuple(bytesOf(int(size))), tuple(bytesOf(int(1))), bytesOf(0x89), orderedDict()),
    "R",
  );

const storageId = (count: number, last: string) =>
  tuple(text("storage"), bytesOf(global("torch", "FloatStorage")), text("0"), text("cpu"), bytesOf(int(count), last));

const floats = (values: readonly number[]) => new Uint8Array(new Float32Array(values).buffer);

/** The stream of `torch.save` with one storage: `object` refers to it. */
export function torchStream(
  object: Uint8Array,
  values: readonly number[],
  start: readonly number[] = [0x80, 2],
): Uint8Array {
  const magic = [...start, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
  const system = dict(text("little_endian"), [0x88]);
  const count = [...u32(values.length), 0, 0, 0, 0];
  return bytesOf(
    magic,
    [0x80, 2, 0x4d, 0xe9, 3],
    STOP,
    pickle(system),
    pickle(object),
    pickle("](", text("0"), "e"),
    count,
    floats(values),
  );
}

/** A storage stream as NVIDIA's pickles carry it. */
export const storageStream = (values: readonly number[]) =>
  torchStream(bytesOf(storageId(values.length, "N"), "Q"), values);

export const VALUES = [1, -2, 3.5] as const;

/** A legacy `.pth`: `{"w": [1, -2, 3.5]}`; `start` is what stands before the magic number. */
export const tinyLegacy = (start?: readonly number[]) => torchStream(dict(text("w"), legacyTensor), VALUES, start);
const legacyTensor = tensorOf(bytesOf(storageId(VALUES.length, "N"), "Q"), VALUES.length);

/** As rosinality's training writes it: networks, a tensor, settings of the command line, an optimiser. */
export const tinyTraining = () => {
  const args = bytesOf(global("argparse", "Namespace"), ")", 0x81, dict(text("size"), int(32)), "b");
  const optimiser = dict(text("state"), dict(int(0), dict(text("step"), int(1))));
  return torchStream(
    dict(
      text("g_ema"),
      orderedDict(text("w"), legacyTensor),
      text("args"),
      args,
      text("g_optim"),
      optimiser,
      text("p"),
      int(3),
    ),
    VALUES,
  );
};

/** The same as a zip. */
export const tinyZip = () =>
  zipSync(
    {
      "a/data.pkl": pickle(dict(text("w"), tensorOf(bytesOf(storageId(VALUES.length, ""), "Q"), VALUES.length))),
      "a/data/0": floats(VALUES),
    },
    { level: 0 },
  );

const moduleOf = (className: string, ...state: Part[]) =>
  bytesOf(
    global("torch_utils.persistence", "_reconstruct_persistent_obj"),
    dict(
      text("type"),
      text("class"),
      text("version"),
      int(6),
      text("class_name"),
      text(className),
      text("state"),
      dict(...state),
    ),
    0x85,
    "R",
  );

/** A tensor in a plain pickle. */
const plainTensor = tensorOf(
  bytesOf(global("torch.storage", "_load_from_bytes"), bytes(storageStream(VALUES)), 0x85, "R"),
  VALUES.length,
);

/** A plain pickle: `{"w": [1, -2, 3.5]}`. */
export const tinyState = () => pickle(dict(text("w"), plainTensor));

/** An NVIDIA pickle: a generator with the tensor `child.w` and the setting `z_dim`. */
export const tinyNvidia = () => {
  const none = bytesOf("}");
  const child = moduleOf(
    "Layer",
    text("_parameters"),
    dict(text("w"), plainTensor),
    text("_buffers"),
    none,
    text("_modules"),
    none,
  );
  const generator = moduleOf(
    "Generator",
    text("z_dim"),
    int(7),
    text("_parameters"),
    none,
    text("_buffers"),
    none,
    text("_modules"),
    dict(text("child"), child),
  );
  return pickle(dict(text("G_ema"), generator));
};

const numpyType = bytesOf(
  global("numpy", "dtype"),
  tuple(text("f4"), bytesOf(0x89), bytesOf(0x88)),
  "R",
  tuple(bytesOf(int(3)), text("<"), ...["N", "N", "N", "N", "N", "N"].map((code) => bytesOf(code))),
  "b",
);

/** A NumPy float32 array of any shape. */
export const numpyArray = (shape: readonly number[], values: readonly number[], fortranOrder = false) =>
  bytesOf(
    global("numpy.core.multiarray", "_reconstruct"),
    tuple(bytesOf(global("numpy", "ndarray")), tuple(bytesOf(int(0))), bytesOf([0x43, 1], "b")),
    "R",
    tuple(
      bytesOf(int(1)),
      tuple(...shape.map((d) => bytesOf(int(d)))),
      numpyType,
      bytesOf(fortranOrder ? 0x88 : 0x89),
      bytes(floats(values)),
    ),
    "b",
  );

const network = (...variables: Uint8Array[]) =>
  bytesOf(
    global("dnnlib.tflib.network", "Network"),
    ")",
    0x81,
    dict(text("version"), int(4), text("variables"), bytesOf("](", ...variables, "e")),
    "b",
  );

/** A TensorFlow pickle: a lone network with the variable `w`. */
export const tinyTensorflow = (array: Uint8Array = numpyArray([VALUES.length], VALUES)) =>
  pickle(network(tuple(text("w"), array)));
