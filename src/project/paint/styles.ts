/** Styles by what names them: seeds, and pictures. */
import sharp from "sharp";
import { IGNORE_LABEL } from "../../dataset/labelMap.ts";
import type { Painter, Style } from "../../models/painter/painter.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { isShipped } from "../network/shipped.ts";
import { parseSeeds } from "../requests/seeds.ts";
import { openSegmenter, type Segmenter } from "../segment/segmenter.ts";
import { segmentPhotos } from "../segment/segmentPhotos.ts";
import { ProjectError, readGiven } from "../storage/files.ts";
import { painterLabels, readMaskFile } from "./masks.ts";
import type { PaintRequest } from "./options.ts";

/** A style with the name that its paintings get. */
export interface NamedStyle {
  readonly name: string;
  readonly style: Style;
}

/** Finds the parts of pictures as a painter's classes. */
export interface PartFinder {
  /** Labels [side * side] of a square picture's file. */
  find(path: string): Promise<Uint8Array>;
  dispose(): Promise<void>;
}

type Asked = Pick<PaintRequest, "model" | "segmenter">;

/** A segmenter, opened when it is first needed. */
export function partFinder(
  { model, segmenter }: Asked,
  { about }: Painter,
  job: JobOptions & { readonly threads: number },
): PartFinder {
  const file = segmenter ?? (isShipped("painter", model) ? "portraits" : null);
  let opened: Promise<Segmenter> | undefined;
  return {
    async find(path) {
      if (file === null)
        throw new ProjectError(
          `which part is where in ${path} is not known: give its mask (--style-mask, or "before" in a recipe), or a --segmenter that finds the parts.`,
        );
      opened ??= openSegmenter({ file, size: null, range: [0, 1], output: null }, job);
      const found = await opened;
      const classes = found.classes;
      if (classes === undefined)
        throw new ProjectError(`${file} does not name its classes: the painter's cannot be found among them.`);
      const { picture } = await squarePicture(path, about.side);
      const [result] = await segmentPhotos(found, [picture], {
        fit: "pad",
        flip: false,
        scales: [1],
        ignoreBelow: 0,
      });
      if ("rejected" in result) throw new ProjectError(`${path} cannot be read (${result.rejected}).`);
      return painterLabels(`${path} as ${file} sees it`, result.labels, classes, about).labels;
    },
    dispose: async () => (await opened)?.dispose(),
  };
}

/** A square picture's file at a side: encoded as PNG, and its pixels [side,side,3]. Throws ProjectError for another shape. */
export async function squarePicture(
  path: string,
  side: number,
): Promise<{
  readonly picture: Uint8Array;
  readonly rgb: Uint8Array;
  readonly original: Uint8Array;
  readonly size: number;
}> {
  const original = await readGiven(path);
  const image = await (async () => {
    try {
      const { autoOrient } = await sharp(original, { failOn: "error" }).metadata();
      return autoOrient;
    } catch (cause) {
      throw new ProjectError(`${path} cannot be read as a picture (${(cause as Error).message.split("\n")[0]}).`, {
        cause,
      });
    }
  })();
  if (image.width !== image.height)
    throw new ProjectError(
      `${path} is ${image.width}x${image.height} pixels; a painter sees squares. Crop it to one, with the subject as in the pictures that the painter learned from.`,
    );
  const plain = sharp(original).autoOrient().flatten({ background: "#ffffff" }).toColourspace("srgb");
  const rgb = await plain.resize(side, side, { fit: "fill" }).raw({ depth: "uchar" }).toBuffer();
  const picture = await sharp(rgb, { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toBuffer();
  return { picture, rgb, original, size: image.width };
}

const SEEDS = /^[\d,\s-]+$/;

/** The styles that a request names: one for each seed, or that of a picture; each with the other style mixed in. */
export async function requestedStyles(
  request: PaintRequest,
  painter: Painter,
  parts: PartFinder,
): Promise<NamedStyle[]> {
  const { style, mix, share } = request;
  const one = async (text: string): Promise<Style> =>
    SEEDS.test(text) ? painter.style(parseSeeds(text)[0]) : pictureStyle(text, request, painter, parts);
  const named = SEEDS.test(style)
    ? parseSeeds(style).map((seed) => ({ name: `style${seed}`, style: painter.style(seed) }))
    : [{ name: "style", style: await one(style) }];
  if (mix === null) return named;
  if (SEEDS.test(mix) && parseSeeds(mix).length > 1)
    throw new ProjectError(`--mix takes one seed or picture, got ${mix}.`);
  const other = await one(mix);
  return named.map(({ name, style: own }) => ({ name, style: mixed(own, other, share) }));
}

/** (1 - t) a + t b. */
export const mixed = (a: Style, b: Style, t: number): Style => a.map((v, i) => (1 - t) * v + t * b[i]);

async function pictureStyle(
  path: string,
  { styleMask }: PaintRequest,
  painter: Painter,
  parts: PartFinder,
): Promise<Style> {
  const { about } = painter;
  const { rgb } = await squarePicture(path, about.side);
  const whole = about.places === 1;
  const labels = whole
    ? new Uint8Array(about.side ** 2).fill(IGNORE_LABEL)
    : styleMask !== null
      ? (await readMaskFile(styleMask, about)).labels
      : await parts.find(path);
  return encoded(painter, rgb, labels, painter.style(0), path);
}

/** The style of a picture. Throws ProjectError where the painter has no encoder. */
export function encoded(
  { encode }: Painter,
  rgb: Uint8Array,
  labels: Uint8Array,
  otherwise: Style,
  path: string,
): Promise<Style> {
  if (encode === undefined)
    throw new ProjectError(
      `the style of ${path} cannot be found: an .onnx painter has no encoder. Give the .safetensors or the folder of its training, or a seed.`,
    );
  return encode(rgb, labels, otherwise);
}
