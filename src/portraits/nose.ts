import type { RandomState } from "../tensor/random.ts";
import { around, bell, between, clamp } from "./draw.ts";
import type { Head } from "./head.ts";

/** Lengths in half heights of the head. */
export interface Nose {
  readonly top: number;
  readonly bottom: number;
  /** Half widths of bridge and wings. */
  readonly bridge: number;
  readonly wings: number;
  /** How far the tip stands out. */
  readonly depth: number;
  readonly nostrils: number;
}

export function drawNose(random: RandomState, head: Head): Nose {
  const child = clamp(1 - head.age * 5, 0, 1);
  return {
    top: between(random, -0.04, 0.08),
    bottom: around(random, 0.42, 0.025) + 0.03 * head.age - 0.02 * child,
    bridge: between(random, 0.05, 0.075),
    wings: clamp(around(random, 0.135 + 0.02 * head.rugged, 0.018), 0.1, 0.2) * (1 - 0.12 * child),
    depth: between(random, 0.16, 0.28) * (1 - 0.3 * child),
    nostrils: between(random, 0.4, 0.85),
  };
}

/** How far the nose stands out at height v. */
export function noseDepth({ top, bottom, depth }: Nose, v: number): number {
  const t = (v - top) / (bottom - 0.06 - top);
  return t <= 0 ? 0 : t < 1 ? depth * t * (0.5 + 0.5 * t) : depth * bell(t - 1, 0.25);
}

/** Half width of the nose at height v; 0 above and below it. */
export function noseWidth({ top, bottom, bridge, wings }: Nose, v: number): number {
  if (v <= top || v >= bottom) return 0;
  const t = (v - top) / (bottom - top);
  const round = t > 0.88 ? Math.sqrt(Math.max(0, 1 - ((t - 0.88) / 0.12) ** 2)) : 1;
  const flare = t * t * t * (10 + t * (6 * t - 15));
  return (bridge + (wings - bridge) * flare) * (0.35 + 0.65 * round) * (t < 0.1 ? 0.4 + 6 * t : 1);
}
