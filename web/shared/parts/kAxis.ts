/** The axis of K that all charts share: logarithmic, for the late merges matter most. */
import type { Model } from "./model.ts";

/** Between K and pixels from the left edge of the charts. */
export interface KScale {
  apply(k: number): number;
  invert(x: number): number;
}

/** Room for the y axis on the left and for a label on the right, in pixels. */
export const MARGIN = { left: 36, right: 14 };

/** The axis reaches a little beyond both ends, so that the last merge has room. */
export const domainOf = ({ hierarchy }: Model): [number, number] => [hierarchy.minK - 0.35, hierarchy.maxK * 1.02];

/** The axis of K over a width in pixels, logarithmic. */
export function kScale(model: Model, width: number): KScale {
  const [low, high] = domainOf(model);
  const room = width - MARGIN.left - MARGIN.right;
  return {
    apply: (k) => MARGIN.left + (room * Math.log(k / low)) / Math.log(high / low),
    invert: (x) => low * (high / low) ** ((x - MARGIN.left) / room),
  };
}

/** Ticks that stay apart on a logarithmic axis. */
export function ticksOf({ hierarchy: { minK, maxK } }: Model): number[] {
  const round = [2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500].filter(
    (k) => k >= minK && k < maxK * 0.88,
  );
  return [...round, maxK];
}

/** Where the slider stands at `k`, in [0, 1]: logarithmic, like the charts. */
export function sliderAt({ minK, maxK }: { readonly minK: number; readonly maxK: number }, k: number): number {
  return maxK === minK ? 0 : Math.log(k / minK) / Math.log(maxK / minK);
}

/** The K nearest to a position of the slider. */
export function kAtSlider({ minK, maxK }: { readonly minK: number; readonly maxK: number }, position: number): number {
  return Math.round(minK * (maxK / minK) ** position);
}
