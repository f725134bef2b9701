import { channel, equalChannels } from "./checkMask.ts";
import type { FaultKind } from "./faults.ts";
import { IGNORE_LABEL } from "./labelMap.ts";
import { decodePng, encodePng, type Png, PngError } from "./png.ts";

/** The faults of a mask that can be mended without asking what was meant. */
export const MENDABLE: ReadonlySet<FaultKind> = new Set(["binary-mask", "mask-depth", "mask-channels"]);

/** 16-bit white over 8-bit white: how 8-bit ids become 16-bit samples. */
const WIDENED = 257;

/**
 * A mask with its ids in one channel of 8 bits; undefined where its values cannot be ids. Samples of 16 bits that are 8-bit ones, or 257 times as
 * much, become these; equal channels become one, beside an alpha of full opacity; with `binary`, 255 becomes class 1.
 */
export function mendMask(bytes: Uint8Array, binary: boolean): Uint8Array | undefined {
  let png: Png;
  try {
    png = decodePng(bytes);
  } catch (error) {
    if (!(error instanceof PngError)) throw error;
    return undefined;
  }
  const narrow = narrowed(png);
  if (narrow === undefined || !oneChannel(narrow)) return undefined;
  const data = channel(narrow, 0);
  if (binary) for (let p = 0; p < data.length; p++) if (data[p] === IGNORE_LABEL) data[p] = 1;
  const { width, height, palette } = png;
  return encodePng({ width, height, data, ...(png.colorType === 3 && palette !== undefined ? { palette } : {}) });
}

/** The same picture with samples of 8 bits; undefined where they do not fit. */
function narrowed(png: Png): Png | undefined {
  if (png.bitDepth !== 16) return png;
  const factor = png.data.some((v) => v > 255) ? WIDENED : 1;
  if (png.data.some((v) => v % factor !== 0 || v / factor > 255)) return undefined;
  return { ...png, bitDepth: 8, data: Uint8Array.from(png.data, (v) => v / factor) };
}

/** Whether all that a picture tells is in its first channel. */
function oneChannel(png: Png): boolean {
  const { data, channels } = png;
  if (channels >= 3 && !equalChannels(png)) return false;
  if (channels % 2 === 1) return true;
  for (let p = channels - 1; p < data.length; p += channels) if (data[p] !== 255) return false;
  return true;
}
