/** What page and worker tell each other. */
import type { PaintClass } from "../shared/maskEditor/editor.ts";
import type { Pixels } from "../shared/paint/engine.ts";

/** Where a painter runs in a browser. */
export type Place = "cpu" | "webgpu";

/** What the page asks; `id` comes back with the answer. */
export type Call = { readonly id: number } & (
  | { readonly name: "open"; readonly bytes: Uint8Array; readonly place: Place }
  | { readonly name: "trial" }
  | { readonly name: "seedStyle"; readonly seed: number }
  | {
      readonly name: "pictureStyle";
      readonly picture: Pixels;
      readonly mask: Uint8Array;
      readonly otherwise: Float32Array;
    }
  | { readonly name: "paint"; readonly mask: Uint8Array; readonly styles: readonly Float32Array[] }
);

/** What calls answer, by their name. */
export interface Answers {
  readonly open: Opened;
  readonly trial: Trial;
  readonly seedStyle: Float32Array;
  readonly pictureStyle: Float32Array;
  readonly paint: readonly Pixels[];
}

export interface Opened {
  readonly side: number;
  readonly classes: readonly PaintClass[];
  readonly encodes: boolean;
  /** Addresses of what the worker fetched. */
  readonly used: readonly string[];
}

/** A mask that every painter can be tried on, painted, and how long that took once all was compiled. */
export interface Trial {
  readonly pixels: Uint8ClampedArray;
  readonly milliseconds: number;
}

/** What the worker says: to a call, or that it answers no more, and why. */
export type Answer =
  | ({ readonly id: number } & ({ readonly value: unknown } | { readonly error: string }))
  | { readonly lost: string };
