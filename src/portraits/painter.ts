/** Decides for a place in a portrait which part is seen there, and in what colour. */
import { RandomState } from "../tensor/random.ts";
import { backdropPainter } from "./backdrop.ts";
import { beardPainter } from "./beard.ts";
import { clothesPainter, neckPainter } from "./body.ts";
import { inBrow } from "./brows.ts";
import { PART } from "./classes.ts";
import { clamp } from "./draw.ts";
import { earPainter } from "./ears.ts";
import { paintEyes } from "./eyes.ts";
import { facePainter } from "./face.ts";
import { glassesPainter } from "./glasses.ts";
import { hairline, hairPainters } from "./hair.ts";
import { hatPainter } from "./hat.ts";
import { headFrame, surfacePoint } from "./head.ts";
import { lit, rolled } from "./light.ts";
import { paintMouth } from "./mouth.ts";
import { noseDepth } from "./nose.ts";
import type { Portrait } from "./portrait.ts";

/** Writes the colour seen at (x, y), in half sides of the picture from its middle, y down, to `out`; returns the part's class id. */
export type Painter = (x: number, y: number, out: Float64Array) => number;

/** Farther than this from the head's middle, in its half heights, nothing belongs to the head but hair that hangs. */
const HEAD_REACH = 1.7;
/** Height of the shadow under the hairline. */
const HAIR_SHADOW = 0.13;

export function portraitPainter(portrait: Portrait): Painter {
  const { head, eyes, brows, mouth, nose, skin } = portrait;
  const random = new RandomState(portrait.texture);
  const light = portrait.light;
  const onHead = rolled(light, head.roll);
  const frame = headFrame(head);
  const hair = portrait.hair === null ? undefined : hairPainters(portrait.hair, frame, onHead, random);
  const hat = portrait.hat === null ? undefined : hatPainter(portrait.hat, frame, onHead, random);
  const glasses = portrait.glasses === null ? undefined : glassesPainter(portrait.glasses, eyes, frame, onHead);
  const beard = portrait.beard === null ? undefined : beardPainter(portrait.beard, mouth, nose, frame, onHead, random);
  const near = head.yaw > 0 ? -1 : 1;
  const nearEar = earPainter(portrait.ears, frame, skin.color, onHead, near);
  const farEar = earPainter(portrait.ears, frame, skin.color, onHead, near === 1 ? -1 : 1);
  const face = facePainter(skin, nose, eyes, mouth, frame, onHead);
  const neck = neckPainter(portrait.body, frame, skin.color, light);
  const clothes = clothesPainter(portrait.body, light, random);
  const backdrop = backdropPainter(portrait.backdrop, random);
  const point = surfacePoint();

  // The hairline is costly, and lies far above most of the face.
  const { front, side, slant, jag } = portrait.hair ?? { front: 0, side: 0, slant: 0, jag: 0 };
  const lowest = Math.max(front, side) + Math.abs(slant) * 0.25 + jag + HAIR_SHADOW;

  /** Light that hair and hat leave on the forehead. */
  const shadow = (): number => {
    let open = hat === undefined ? 1 : hat.shadow(point.v);
    if (portrait.hair !== null && point.cosine > 0 && point.v < lowest) {
      const below = point.v - hairline(portrait.hair, point.sine);
      open *= 0.76 + 0.24 * clamp(below / HAIR_SHADOW, 0, 1);
    }
    return open;
  };

  /** The head from front to back; undefined where it is not. */
  const onTheHead = (out: Float64Array): number | undefined => {
    if (hat?.paint(point, out)) return PART.hat;
    if (hair?.over(point, out)) return PART.hair;
    if (glasses?.(point, out)) return PART.glasses;
    if (nearEar(point, out)) return PART.ears;
    if (
      beard !== undefined &&
      frame.locate(point, 1, 1) &&
      Math.abs(point.side) <= 1 &&
      paintMouth(mouth, onHead, point, out)
    )
      return point.cosine > 0 ? PART.lips : PART.skin;
    if (beard?.(point, out)) return PART.hair;
    if (frame.locate(point, 1, 1) && point.side >= -1 && point.side <= 1) {
      if (point.cosine > 0) {
        const { u, v } = point;
        if (inBrow(brows, eyes.apart, u, v)) {
          lit(out, brows.color, onHead, point.nx, point.ny, point.nz, shadow());
          return PART.brows;
        }
        // The nose hides the eye behind it.
        const hidden = Math.abs(u - noseDepth(nose, v) * frame.tanYaw) < nose.bridge;
        if (!hidden && paintEyes(eyes, onHead, point, out)) return PART.eyes;
        if (paintMouth(mouth, onHead, point, out)) return PART.lips;
      }
      return face(point, shadow(), out);
    }
    return farEar(point, out) ? PART.ears : undefined;
  };

  return (x, y, out) => {
    frame.place(x, y, point);
    if (Math.abs(point.x) < HEAD_REACH && Math.abs(point.y) < HEAD_REACH) {
      const part = onTheHead(out);
      if (part !== undefined) return part;
    }
    if (hair?.drape(point, out)) return PART.hair;
    if (clothes(x, y, out)) return PART.clothes;
    if (neck(x, y, out)) return PART.neck;
    if (hair?.behind(point, out)) return PART.hair;
    backdrop(x, y, out);
    return PART.background;
  };
}
