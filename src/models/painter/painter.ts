/** A painter in use, in Node and in browsers: label maps and styles in, pixels out. */
import { graph } from "../../graph/graph.ts";
import { constant, input } from "../../graph/ops/index.ts";
import { compile, type Provider, type Runtime, type Session } from "../../runtime/session.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import {
  networkOf,
  type PainterAbout,
  type PainterFile,
  painterOnnx,
  readPainterBytes,
  styleOfSeed,
} from "./painterFile.ts";

/** How the parts of a painting look: `places` times `styleSize` numbers. (1 - t) a + t b is a mix of two. */
export type Style = Float32Array;

/** An opened painter. */
export interface Painter {
  /** Its side, classes, and the sizes of its styles. */
  readonly about: PainterAbout;
  /** The style of a seed: any integer from 0 to 2^32 - 1. */
  style(seed: number): Style;
  /**
   * Paints label maps, `side` * `side` class ids each, in a style each. Ids that are no class (255) are left to the network. Returns RGBA,
   * row by row, as ImageData takes it. Rejects with RangeError for a map or style of another length.
   */
  paint(masks: readonly Uint8Array[], styles: readonly Style[]): Promise<Uint8ClampedArray<ArrayBuffer>[]>;
  /**
   * The style of a picture (`side` * `side` RGBA or RGB bytes) whose label map is known; classes that it has not are as in `otherwise`. Undefined
   * for a painter from an .onnx, which has no encoder.
   */
  readonly encode:
    | ((pixels: Uint8Array | Uint8ClampedArray, mask: Uint8Array, otherwise: Style) => Promise<Style>)
    | undefined;
  dispose(): Promise<void>;
}

/** Where a painter runs. */
export interface PainterOptions {
  readonly runtime: Runtime;
  readonly provider?: Provider;
  readonly threads?: number;
}

/** Opens a painter from the bytes of its .onnx or .safetensors. Rejects with CheckpointError, OnnxError or RuntimeError. */
export const openPainterBytes = (bytes: Uint8Array, options: PainterOptions): Promise<Painter> =>
  openPainterFile(readPainterBytes(bytes), options);

/** Opens a painter that is read. */
export async function openPainterFile(
  file: PainterFile,
  { runtime, provider = "cpu", threads }: PainterOptions,
): Promise<Painter> {
  const { about, weights } = file;
  const { side, places, styleSize, classes } = about;
  const area = side * side;
  const where = { provider, ...(threads === undefined ? {} : { threads }) };
  const session = await runtime.createSession(painterOnnx(file), where);
  let encoder: Promise<Session> | undefined;
  const encoderSession = (): Promise<Session> => {
    encoder ??= (async () => {
      const values = new Map([...(weights ?? [])].map(([name, { shape, data }]) => [name, constant(shape, data)]));
      const pictures = input("pictures", [1, 3, side, side]);
      const mask = input("mask", [1, classes.length, side, side]);
      const { means } = networkOf(about).inference(values).encode(pictures, mask);
      return compile(graph({ means }), { runtime, ...where });
    })();
    return encoder;
  };
  const checked = (what: string, found: number, expected: number): void => {
    if (found !== expected) throw new RangeError(`painter: ${what} has ${found} numbers, expected ${expected}`);
  };

  return {
    about,
    style: (seed) => styleOfSeed(file, seed),
    async paint(masks, styles) {
      checked("the list of styles", styles.length, masks.length);
      if (masks.length === 0) return [];
      const rows = tensor([masks.length, places, styleSize]);
      for (const [n, style] of styles.entries()) {
        checked(`style ${n}`, style.length, places * styleSize);
        rows.data.set(style, n * style.length);
      }
      for (const [n, mask] of masks.entries()) checked(`mask ${n}`, mask.length, area);
      const { image } = await session.run({ mask: oneHot(masks, classes.length, side), styles: rows });
      return masks.map((_, n) => rgbaOf((image.data as Float32Array).subarray(n * 3 * area, (n + 1) * 3 * area)));
    },
    encode:
      weights === undefined
        ? undefined
        : async (pixels, mask, otherwise) => {
            checked("the mask", mask.length, area);
            checked("the other style", otherwise.length, places * styleSize);
            if (pixels.length !== 3 * area) checked("the picture", pixels.length, 4 * area);
            const encoding = await encoderSession();
            const feeds = { pictures: planes(pixels, side), mask: oneHot([mask], classes.length, side) };
            const fed = Object.fromEntries(
              encoding.inputs.map(({ name }) => [name, feeds[name as keyof typeof feeds]]),
            );
            const { means } = await encoding.run(fed);
            const style = Float32Array.from(means.data as Float32Array);
            if (places === 1) return style;
            const there = new Set(mask);
            for (let k = 0; k < places; k++)
              if (!there.has(k)) style.set(otherwise.subarray(k * styleSize, (k + 1) * styleSize), k * styleSize);
            return style;
          },
    async dispose() {
      await session.dispose();
      await (await encoder)?.dispose();
    },
  };
}

/** One-hot planes [N,K,S,S] of label maps [S,S]; all 0 where a label is no class. */
export function oneHot(masks: readonly Uint8Array[], classes: number, side: number): Tensor {
  const area = side * side;
  const planes = tensor([masks.length, classes, side, side]);
  for (const [n, map] of masks.entries())
    for (let p = 0; p < area; p++) if (map[p] < classes) planes.data[(n * classes + map[p]) * area + p] = 1;
  return planes;
}

/** RGB or RGBA bytes as planes [1,3,S,S] in [-1,1]. */
function planes(pixels: ArrayLike<number>, side: number): Tensor {
  const area = side * side;
  const channels = pixels.length / area;
  const at = (i: number): number => pixels[(i % area) * channels + Math.floor(i / area)] / 127.5 - 1;
  return tensor(
    [1, 3, side, side],
    Float32Array.from({ length: 3 * area }, (_, i) => at(i)),
  );
}

/** Planes [3,S,S] in [-1,1] as opaque RGBA. */
function rgbaOf(values: Float32Array): Uint8ClampedArray<ArrayBuffer> {
  const area = values.length / 3;
  const out = new Uint8ClampedArray(4 * area).fill(255);
  for (let p = 0; p < area; p++)
    for (let c = 0; c < 3; c++) out[4 * p + c] = Math.round((values[c * area + p] + 1) * 127.5);
  return out;
}
