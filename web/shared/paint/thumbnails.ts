import { countLabels } from "../../../src/dataset/labelMap.ts";
import { labelRegion, regionBox } from "../maskEditor/region.ts";
import type { Before } from "./paintings.ts";

/** Of a thumbnail, in pixels. */
const SIDE = 48;
/** A part of fewer pixels shows nothing. */
const FEWEST = 8;

/** A small picture of each part that a picture has, as a data URL: the square around it. */
export function thumbnailsOf({ pixels, mask }: Before): Map<number, string> {
  const found = new Map<number, string>();
  const picture = new OffscreenCanvas(mask.width, mask.height);
  picture.getContext("2d")!.putImageData(new ImageData(pixels, mask.width, mask.height), 0, 0);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d")!;
  for (const [label, count] of countLabels(mask).entries()) {
    if (count < FEWEST) continue;
    const box = regionBox(labelRegion(mask, label));
    const side = Math.min(Math.max(box.width, box.height), mask.width, mask.height);
    const within = (middle: number, length: number): number => Math.max(0, Math.min(length - side, middle - side / 2));
    context.drawImage(
      picture,
      within(box.left + box.width / 2, mask.width),
      within(box.top + box.height / 2, mask.height),
      ...([side, side, 0, 0, SIDE, SIDE] as const),
    );
    found.set(label, canvas.toDataURL());
  }
  return found;
}
