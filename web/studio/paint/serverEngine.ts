import type { PaintEngine, Pixels } from "../../shared/paint/engine.ts";
import { readPicture } from "../../shared/paint/files.ts";
import { ask, paint } from "../client.ts";

/** A painter that the studio's server has opened. Rejects with Refused where it is none. */
export async function serverEngine(model: string): Promise<PaintEngine> {
  const { side, classes, encodes } = await ask("painter", { model });
  /** The name by which the server knows a style. */
  const nameOf = (style: Float32Array | string): string => {
    if (typeof style !== "string") throw new TypeError("expected the name of a style, got its numbers");
    return style;
  };
  const paintOne = async (mask: Uint8Array<ArrayBuffer>, style: string): Promise<Pixels> =>
    readPicture(await paint({ model, style }, mask), side);
  return {
    ...{ side, classes, where: "on this studio" },
    seedStyle: async (seed) => `seed:${seed}`,
    pictureStyle: encodes
      ? async (picture, mask, otherwise) => {
          const body = new Uint8Array(picture.length + mask.length);
          body.set(picture);
          body.set(mask, picture.length);
          return (await ask("style", { model, otherwise: nameOf(otherwise) }, body)).style;
        }
      : undefined,
    paint: (mask, styles) => Promise.all(styles.map((style) => paintOne(Uint8Array.from(mask), nameOf(style)))),
  };
}
