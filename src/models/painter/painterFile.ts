/**
 * The files of a painter, and what they say of themselves. Two forms carry the same:
 *
 * painter.safetensors
 * - metadata "klish.painter": JSON of `PainterAbout`, below
 * - the weights of generator and encoder by their names (float32 or float16)
 * - "styles" [bank,places,styleSize]: styles of pictures that it learned from; NaN for a class that its picture has not
 *
 * painter.onnx, which runs in every ONNX runtime
 * - input "mask" float32 [batch,classes,side,side]: one-hot planes; all 0 where a pixel has no class
 * - input "styles" float32 [batch,places,styleSize]: for each class how it looks (places is the number of classes, or 1)
 * - output "image" float32 [batch,3,side,side]: RGB in [-1,1]
 * - metadata "klish.painter": the same JSON; "klish.painter.styles": the bank's float32, little-endian, row by row, as base64
 *
 * Seed s names a style by `styleOfSeed`: the bank's samples in the order of RandomState(s).permutation(bank); each class looks as
 * in the first sample that has it. A mix of two styles is (1 - t) a + t b.
 */
import { z } from "zod";
import { readSafetensors, writeSafetensors } from "../../checkpoint/safetensors.ts";
import { CheckpointError } from "../../checkpoint/stateDict.ts";
import { colorSchema } from "../../dataset/classSchema.ts";
import { checkClasses, type DatasetClass } from "../../dataset/labelMap.ts";
import { toOnnx } from "../../graph/emit.ts";
import { graph } from "../../graph/graph.ts";
import { mayRunForever } from "../../graph/onnxLoops.ts";
import { decodeOnnx } from "../../graph/onnxModel.ts";
import { constant } from "../../graph/ops/index.ts";
import { LARGEST_HALF, roundToHalves } from "../../tensor/half.ts";
import { RandomState } from "../../tensor/random.ts";
import { type AnyTensor, sameShape, type Tensor, tensor } from "../../tensor/tensor.ts";
import { painterInputs } from "./generator.ts";
import { type PainterNetwork, painterNetwork } from "./painterNetwork.ts";
import { type PainterPlan, sideMultiple, stylePlaces } from "./plan.ts";

/** Key of a painter's description in the metadata of its file, and of its styles in an .onnx. */
export const PAINTER_METADATA = "klish.painter";
export const STYLES_METADATA = "klish.painter.styles";
/** The tensor of its styles in a .safetensors. */
const STYLES = "styles";

/** What a painter says of itself. */
export interface PainterAbout {
  readonly version: 1;
  /** Pixels of a side of masks and pictures. */
  readonly side: number;
  /** The index is the id. */
  readonly classes: readonly DatasetClass[];
  /** Styles of a painting: one a class, or one in all; and numbers of each. */
  readonly places: number;
  readonly styleSize: number;
  readonly plan: PainterPlan;
  /** Pictures that it was shown. */
  readonly images: number;
}

const most = (n: number) => z.int().min(1).max(n);
const about = z.object({
  version: z.literal(1),
  side: most(4096),
  classes: z
    .array(z.object({ name: z.string(), color: colorSchema, background: z.boolean() }))
    .min(1)
    .max(255),
  places: most(255),
  styleSize: most(4096),
  plan: z.strictObject({
    modulation: z.literal(["clade", "spade"]),
    start: most(4096),
    blocks: z
      .array(z.strictObject({ channels: most(4096), enlarge: z.boolean() }))
      .min(1)
      .max(32),
    hidden: z.int().min(0).max(4096),
    spectral: z.boolean(),
    styleSize: most(4096),
    encoder: z
      .array(z.strictObject({ channels: most(4096), stride: z.literal([1, 2]) }))
      .min(1)
      .max(16),
  }),
  images: z.number().min(0),
});

/** A painter as its file holds it. */
export interface PainterFile {
  readonly about: PainterAbout;
  /** [bank,places,styleSize]; NaN where a sample has not got the class. */
  readonly styles: Tensor;
  /** Weights by the network's names; undefined: it is an .onnx, which has no encoder. */
  readonly weights?: ReadonlyMap<string, Tensor>;
  /** The .onnx as it is; undefined: it is to be written. */
  readonly model?: Uint8Array;
}

/** The network that a painter's weights are of. */
export const networkOf = ({ plan, classes, side }: PainterAbout): PainterNetwork =>
  painterNetwork(plan, classes.length, side);

/** Whether the metadata of a .safetensors or .onnx are those of a painter. */
export const isPainterMetadata = (metadata: Iterable<string>): boolean => [...metadata].includes(PAINTER_METADATA);

/** Reads a painter from the bytes of either file. Throws CheckpointError or OnnxError for what is none, or damaged. */
export function readPainterBytes(bytes: Uint8Array): PainterFile {
  // A safetensors file begins with the length of its header, far below 2^32.
  const safetensors = bytes[4] === 0 && bytes[5] === 0 && bytes[6] === 0 && bytes[7] === 0 && bytes[8] === 0x7b;
  if (!safetensors) {
    const { metadata } = decodeOnnx(bytes);
    const own = aboutOf(metadata.get(PAINTER_METADATA));
    // Ours have none, and nothing could stop a painting that does not end.
    if (mayRunForever(bytes)) throw damaged("its graph has a loop");
    return { about: own, styles: stylesOf(own, fromBase64(metadata.get(STYLES_METADATA) ?? "")), model: bytes };
  }
  const { tensors, metadata } = readSafetensors(bytes);
  const own = aboutOf(metadata[PAINTER_METADATA]);
  const network = networkOf(own);
  const weights = new Map<string, Tensor>();
  for (const [name, { shape }] of network.parameters) {
    const found = tensors.get(name);
    if (found === undefined || !sameShape(found.shape, shape))
      throw damaged(`${name} is ${found === undefined ? "missing" : `[${found.shape}]`}, expected [${shape}]`);
    weights.set(name, found.read() as Tensor);
  }
  const styles = tensors.get(STYLES)?.read() as Tensor | undefined;
  if (styles === undefined || !sameShape(styles.shape.slice(1), [own.places, own.styleSize]))
    throw damaged(`its styles are [${styles?.shape ?? "missing"}], expected [n,${own.places},${own.styleSize}]`);
  return { about: own, styles, weights };
}

const damaged = (what: string): CheckpointError => new CheckpointError(`this is no painter of klish: ${what}`);

function aboutOf(text: string | undefined): PainterAbout {
  if (text === undefined) throw damaged("it does not say so in its metadata");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError("this is no painter of klish: its description is not JSON", { cause });
  }
  const read = about.safeParse(json);
  if (!read.success) throw damaged(`its description is damaged (${read.error.issues[0]?.path.join(".")})`);
  const own = read.data;
  try {
    checkClasses(own.classes);
  } catch (cause) {
    throw new CheckpointError(`this is no painter of klish: ${(cause as Error).message}`, { cause });
  }
  if (own.places !== stylePlaces(own.plan, own.classes.length) || own.styleSize !== own.plan.styleSize)
    throw damaged("its styles do not fit its plan");
  if (own.side % sideMultiple(own.plan) !== 0) throw damaged(`its side ${own.side} does not fit its plan`);
  return own;
}

function stylesOf({ places, styleSize }: PainterAbout, bytes: Uint8Array): Tensor {
  const row = places * styleSize;
  const count = Math.floor(bytes.length / 4 / row);
  if (count < 1 || count * row * 4 !== bytes.length)
    throw damaged(`its styles have ${bytes.length} bytes, expected a multiple of ${4 * row}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return tensor(
    [count, places, styleSize],
    Float32Array.from({ length: count * row }, (_, i) => view.getFloat32(4 * i, true)),
  );
}

/** A painter as .safetensors: float32, or rounded to half precision. Throws RangeError where a weight is too large for that. */
export function painterSafetensors(
  { about: own, styles, weights }: Required<Pick<PainterFile, "about" | "styles" | "weights">>,
  { half = false }: { readonly half?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const stored = new Map<string, AnyTensor>([...weights, [STYLES, styles]]);
  if (half)
    for (const [name, { shape, data }] of [...weights, [STYLES, styles] as const]) {
      const large = data.find((v) => Math.abs(v) > LARGEST_HALF);
      if (large !== undefined) throw new RangeError(`${name} holds ${large}, half precision ends at ${LARGEST_HALF}`);
      stored.set(name, { dtype: "float16", shape, data: roundToHalves(data) });
    }
  return writeSafetensors(stored, { [PAINTER_METADATA]: JSON.stringify(own) });
}

/** A painter as ONNX, of any number of masks. */
export function painterOnnx({ about: own, styles, weights, model }: PainterFile): Uint8Array {
  if (model !== undefined) return model;
  const network = networkOf(own);
  const values = new Map([...(weights ?? [])].map(([name, { shape, data }]) => [name, constant(shape, data)]));
  const { mask, styles: given } = painterInputs(1, { ...own, classes: own.classes.length });
  const image = network.inference(values).paint(mask, given);
  const metadata = new Map([
    [PAINTER_METADATA, JSON.stringify(own)],
    [STYLES_METADATA, toBase64(littleEndian(styles.data))],
  ]);
  return toOnnx(graph({ image }), { dynamicBatch: true, portable: true, metadata });
}

function littleEndian(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [i, v] of values.entries()) view.setFloat32(4 * i, v, true);
  return bytes;
}

/** In pieces: a call takes so many arguments at most. */
function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  } catch (cause) {
    throw new CheckpointError("this is no painter of klish: its styles are not base64", { cause });
  }
}

/**
 * The style of a seed, [places * styleSize]: the bank's samples in an order that the seed decides, each class as in the first of them
 * that has it; 0 for a class that none has.
 */
export function styleOfSeed({ styles }: Pick<PainterFile, "styles">, seed: number): Float32Array {
  const [count, places, size] = styles.shape;
  const order = new RandomState(seed).permutation(count);
  const style = new Float32Array(places * size);
  for (let place = 0; place < places; place++) {
    const from = order.find((sample) => !Number.isNaN(styles.data[(sample * places + place) * size]));
    if (from === undefined) continue;
    const at = (from * places + place) * size;
    style.set(styles.data.subarray(at, at + size), place * size);
  }
  return style;
}
