import type { RandomState } from "../tensor/random.ts";
import { type Color, hsv, mix, near } from "./color.ts";
import { around, between, chance, smoothstep, weighted } from "./draw.ts";
import { blend } from "./light.ts";
import { softNoise } from "./pattern.ts";

type Scenery = "gradient" | "glow" | "clouds" | "bokeh" | "stripes" | "hills" | "halves" | "leaves";

export interface Backdrop {
  readonly scenery: Scenery;
  readonly from: Color;
  readonly to: Color;
  readonly third: Color;
  readonly angle: number;
  readonly size: number;
  readonly contrast: number;
}

export function drawBackdrop(random: RandomState, from: Color, to: Color): Backdrop {
  return {
    scenery: weighted<Scenery>(random, [
      ["gradient", 3],
      ["glow", 2],
      ["clouds", 2],
      ["bokeh", 1.5],
      ["stripes", 1],
      ["hills", 1.2],
      ["halves", 0.8],
      ["leaves", 1.2],
    ]),
    from,
    to: chance(random, 0.6) ? near(random, mix(from, to, 0.35), 0.08) : to,
    third: chance(random, 0.5)
      ? near(random, from, 0.12)
      : hsv(random.randomSample(), between(random, 0.1, 0.6), between(random, 0.3, 0.95)),
    angle: random.randomSample() * 2 * Math.PI,
    size: between(random, 0.25, 0.6),
    contrast: between(random, 0.3, 1),
  };
}

/** The colour of what is behind: never fails to paint. */
export function backdropPainter(
  backdrop: Backdrop,
  random: RandomState,
): (x: number, y: number, out: Float64Array) => void {
  const { scenery, from, to, third, size, contrast } = backdrop;
  const [ax, ay] = [Math.cos(backdrop.angle), Math.sin(backdrop.angle)];
  const noise = softNoise(random, size);
  const fine = softNoise(random, size * 0.45);
  const discs = Array.from({ length: 9 }, () => ({
    x: between(random, -1.1, 1.1),
    y: between(random, -1.1, 0.9),
    r: between(random, 0.1, 0.34),
    strength: between(random, 0.15, 0.7),
  }));
  const horizon = around(random, 0, 0.3);
  const put = (out: Float64Array, a: Color, b: Color, t: number): void => {
    out[0] = a[0] + (b[0] - a[0]) * t;
    out[1] = a[1] + (b[1] - a[1]) * t;
    out[2] = a[2] + (b[2] - a[2]) * t;
  };
  const ground = mix(third, [0.1, 0.12, 0.12], 0.35);
  return (x, y, out) => {
    const along = 0.5 + 0.36 * (x * ax + y * ay);
    put(out, from, to, smoothstep(0, 1, along));
    switch (scenery) {
      case "gradient":
        return;
      case "glow":
        return put(out, to, from, smoothstep(0.1, 1.5, Math.hypot(x - ax * 0.3, y + 0.2 - ay * 0.3)));
      case "clouds": {
        const t = smoothstep(-0.7, 0.7, 0.7 * noise(x, y) + 0.3 * fine(x, y)) * contrast;
        return blend(out, third, t);
      }
      case "leaves": {
        const t = smoothstep(-0.12, 0.12, fine(x, y) + 0.3 * noise(x, y)) * contrast * 0.6;
        return blend(out, third, t);
      }
      case "bokeh": {
        for (const disc of discs) {
          const d = Math.hypot(x - disc.x, y - disc.y) / disc.r;
          const t = disc.strength * contrast * (1 - smoothstep(0.85, 1.1, d));
          if (t > 0) blend(out, third, t);
        }
        return;
      }
      case "stripes": {
        const q = (x * ax + y * ay) / size;
        const t = smoothstep(-0.3, 0.3, Math.sin(q * 2 * Math.PI)) * contrast * 0.6;
        return blend(out, third, t);
      }
      case "hills": {
        const far = y - horizon - 0.16 * noise(x, 3);
        const close = y - horizon - 0.35 - 0.22 * fine(x * 0.6, 9);
        if (close > 0) put(out, ground, third, smoothstep(0, 1.4, close));
        else if (far > 0) put(out, third, from, 0.35 + 0.25 * contrast);
        return;
      }
      case "halves":
        if (x * ax + y * ay > horizon) put(out, third, to, smoothstep(-0.5, 1.5, along) * 0.5);
    }
  };
}
