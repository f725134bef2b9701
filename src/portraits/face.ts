/** Skin of the face with what shades it, and the nose, which is skin of another name. */
import type { RandomState } from "../tensor/random.ts";
import { PART } from "./classes.ts";
import type { Color } from "./color.ts";
import { bell, between, chance, clamp, smoothstep } from "./draw.ts";
import type { Eyes } from "./eyes.ts";
import type { Head, HeadFrame, SurfacePoint } from "./head.ts";
import { dim, type Light, lit } from "./light.ts";
import { cheekRaise, type Mouth, mouthBottom } from "./mouth.ts";
import { type Nose, noseDepth, noseWidth } from "./nose.ts";

export interface Skin {
  readonly color: Color;
  readonly blush: number;
  readonly gloss: number;
  /** Shadow of a shaved beard. */
  readonly stubble: number;
  readonly folds: number;
}

export function drawSkin(random: RandomState, head: Head, color: Color): Skin {
  return {
    color,
    blush: between(random, 0, 0.32),
    gloss: between(random, 0, 0.22),
    stubble: head.age > 0.25 && head.rugged > 0.45 && chance(random, 0.4) ? between(random, 0.08, 0.28) : 0,
    folds: clamp((head.age - 0.35) * 0.9, 0, 0.5),
  };
}

const BLUSH: Color = [0.86, 0.3, 0.28];

/** Paints nose or skin; `shadow` in [0, 1] is what hair and hats leave of the light. */
export function facePainter(
  skin: Skin,
  nose: Nose,
  eyes: Eyes,
  mouth: Mouth,
  frame: HeadFrame,
  light: Light,
): (point: SurfacePoint, shadow: number, out: Float64Array) => number {
  const chinLine = mouthBottom(mouth) + 0.05;
  const smile = cheekRaise(mouth);
  const { tanYaw } = frame;
  return (point, shadow, out) => {
    const { u, v, cosine } = point;
    if (cosine <= 0 || v < -0.6) {
      lit(out, skin.color, light, point.nx, point.ny, point.nz, shadow);
      return PART.skin;
    }
    const a = Math.abs(u);
    let nx = point.nx;
    let ny = point.ny;
    let open = shadow;
    let part: number = PART.skin;
    // The nose stands out, so that it moves against the face when the head turns.
    const depth = noseDepth(nose, v);
    const du = u - depth * tanYaw;
    if (v > nose.top - 0.1 && v < nose.bottom + 0.12) {
      const wide = Math.max(noseWidth(nose, v), nose.bridge);
      if (Math.abs(du) < wide && noseWidth(nose, v) > Math.abs(du)) part = PART.nose;
      const ridge = bell(du, wide * 0.85);
      nx += ((2.2 * depth * du) / (wide * wide)) * ridge * 0.55 * (v < nose.bottom ? 1 : 0);
      if (part === PART.nose) {
        const under = clamp((v - (nose.bottom - 0.07)) / 0.07, 0, 1);
        ny += 0.9 * under - 0.18;
        open *= 1 - 0.25 * under;
        const nostril = ((Math.abs(du) - nose.wings * 0.5) / 0.042) ** 2 + ((v - (nose.bottom - 0.022)) / 0.026) ** 2;
        if (nostril < 1) open *= 1 - nose.nostrils;
      } else {
        // The shadow that it throws, away from the lamp.
        const su = du + light.x * 0.11;
        const sv = v + light.y * 0.1 - 0.02;
        if (Math.abs(su) < noseWidth(nose, sv) && (su - du) * du < 0) open *= 0.84;
        if (v > nose.bottom - 0.1) open *= 1 - 0.22 * bell(du, nose.wings) * bell(v - nose.bottom - 0.02, 0.05);
      }
    }
    const socket = bell(a - eyes.apart * 0.92, 0.19);
    open *= 1 - 0.26 * socket * bell(v - eyes.y + 0.09, 0.085);
    open *= 1 - (0.06 + 0.3 * skin.folds) * socket * bell(v - eyes.y - 0.13, 0.045);
    if (v > 0.3) {
      open *= 1 - 0.24 * bell(u, mouth.reach * 0.7) * bell(v - chinLine, 0.05);
      // The fold from the wing of the nose to the corner of the mouth.
      const fold = a - (nose.wings + 0.05 + (v - nose.bottom) * 0.42);
      open *= 1 - (0.1 * smile + 0.4 * skin.folds) * bell(fold, 0.03) * bell(v - 0.53, 0.13);
      ny -= 0.5 * bell(u, 0.2) * (v - 0.84) * bell(v - 0.86, 0.14) * 6;
    }
    lit(out, skin.color, light, nx, ny, point.nz, open);
    const cheek = bell(a - 0.44, 0.2) * bell(v - 0.4, 0.17);
    const tip = part === PART.nose ? bell(v - nose.bottom + 0.08, 0.12) * 0.5 : 0;
    const red = skin.blush * (cheek + tip);
    if (red > 0.01) {
      out[0] *= 1 - red * (1 - BLUSH[0]);
      out[1] *= 1 - red * (1 - BLUSH[1]);
      out[2] *= 1 - red * (1 - BLUSH[2]);
    }
    if (skin.stubble > 0 && v > 0.4) {
      const jaw = clamp((v - 0.45 - 0.25 * bell(u, 0.3) + 0.5 * a) / 0.3, 0, 1);
      const bare = smoothstep(0.4, 0.56, v);
      dim(out, 1 - 0.9 * skin.stubble * jaw * bare);
    }
    const shine =
      bell(u - light.x * 0.3, 0.16) * bell(v + 0.42, 0.12) * 0.6 +
      (part === PART.nose ? bell(du - light.x * 0.04, 0.035) * bell(v - nose.bottom + 0.12, 0.06) * 1.4 : 0);
    if (shine > 0.02) dim(out, 1 + skin.gloss * shine * shadow);
    return part;
  };
}
