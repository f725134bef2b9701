import { readMask } from "../../shared/maskEditor/maskFile.ts";
import type { PaintEngine, Pixels } from "../../shared/paint/engine.ts";
import { readPicture } from "../../shared/paint/files.ts";
import type { Scene } from "../../shared/paint/PaintView.tsx";
import { ask, paint } from "../client.ts";

interface ServerPainter {
  readonly engine: PaintEngine;
  /** Masks to begin with. */
  readonly scenes: readonly Scene[];
}

/** A painter that the studio's server has opened. Rejects with Refused where it is none. */
export async function serverPainter(model: string): Promise<ServerPainter> {
  const { side, classes, encodes, scenes } = await ask("painter", { model });
  /** The name by which the server knows a style. */
  const nameOf = (style: Float32Array | string): string => {
    if (typeof style !== "string") throw new TypeError("expected the name of a style, got its numbers");
    return style;
  };
  const paintOne = async (mask: Uint8Array<ArrayBuffer>, style: string): Promise<Pixels> =>
    readPicture(await paint({ model, style }, mask), side);
  const engine: PaintEngine = {
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
  return {
    engine,
    scenes: scenes.map(({ name, mask }) => ({
      name,
      mask: readMask(
        Uint8Array.from(atob(mask), (c) => c.charCodeAt(0)),
        classes,
      ),
    })),
  };
}
