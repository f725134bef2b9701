/** Painters: masks in, pictures out. */
import type { DatasetClass } from "../../dataset/labelMap.ts";
import { type IdleThread, idleThread } from "./idleThread.ts";

/** An opened painter. */
export interface PainterFacts {
  readonly side: number;
  readonly classes: readonly DatasetClass[];
  /** Whether it reads the style of a picture. */
  readonly encodes: boolean;
}

/** What the thread of painters serves; `model` is a path, or the name of a shipped one; styles have the names of the contract. */
export interface PaintCalls {
  open(model: string): Promise<PainterFacts>;
  /** A PNG. */
  paint(model: string, mask: Uint8Array, style: string): Promise<Uint8Array>;
  /** The name of the style of a picture, RGBA, with its mask. */
  encode(model: string, picture: Uint8Array, mask: Uint8Array, otherwise: string): Promise<string>;
}

/** The thread, which begins with the first painting. */
export const openPainters = (): IdleThread<PaintCalls> =>
  idleThread<PaintCalls>("./paintWorker", import.meta.url, {
    calls: ["open", "paint", "encode"],
    title: "the studio's thread for paintings",
  });
