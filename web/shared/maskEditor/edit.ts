import type { LabelMap } from "../../../src/dataset/labelMap.ts";
import { History } from "./history.ts";
import { readTile, TILE, tileColumns, tileCount, writeTile } from "./tiles.ts";

/** A mask that is being edited: every change passes here, keeps off locked labels, and belongs to a step that can be undone. */
export class MaskEdit implements LabelMap {
  readonly width: number;
  readonly height: number;
  /** To be read only. */
  readonly data: Uint8Array;
  readonly history: History;
  /** By label, 1: pixels of it stay what they are. */
  readonly locked = new Uint8Array(256);
  readonly #columns: number;
  readonly #watchers = new Set<(tile: number) => void>();
  /** Tiles of the step that is not committed yet, as they were before it. */
  readonly #open = new Map<number, Uint8Array>();

  /** Takes a copy of the labels. */
  constructor({ width, height, data }: LabelMap) {
    if (data.length !== width * height || data.length === 0)
      throw new RangeError(`a mask of ${width} x ${height} has ${width * height} labels, got ${data.length}`);
    this.width = width;
    this.height = height;
    this.data = data.slice();
    this.#columns = tileColumns(this);
    this.history = new History(this);
  }

  /** Calls `watcher` with each tile that has changed, many times perhaps. Returns what ends that. */
  watch(watcher: (tile: number) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Gives pixels `from` to `to` - 1 of row `y` a label; parts outside the mask and locked pixels are left out. */
  fill(y: number, from: number, to: number, label: number): void {
    if (y < 0 || y >= this.height) return;
    const end = Math.min(this.width, to);
    for (let x = Math.max(0, from); x < end; ) {
      const stop = Math.min(end, (Math.floor(x / TILE) + 1) * TILE);
      const tile = Math.floor(y / TILE) * this.#columns + Math.floor(x / TILE);
      let touched = false;
      for (; x < stop; x++) {
        const i = y * this.width + x;
        const old = this.data[i];
        if (old === label || this.locked[old]) continue;
        if (!touched) this.#keep(tile);
        touched = true;
        this.data[i] = label;
      }
      if (touched) this.#tell(tile);
    }
  }

  /** Replaces every label, locked or not, as a step of its own. */
  replace(data: Uint8Array): void {
    if (data.length !== this.data.length)
      throw new RangeError(`expected ${this.data.length} labels, got ${data.length}`);
    this.commit();
    for (let tile = 0; tile < tileCount(this); tile++) {
      const labels = readTile({ width: this.width, height: this.height, data }, tile);
      const old = readTile(this, tile);
      if (labels.every((label, i) => label === old[i])) continue;
      this.#keep(tile);
      writeTile(this, tile, labels);
      this.#tell(tile);
    }
    this.commit();
  }

  /** Ends a step; false where nothing had changed. */
  commit(): boolean {
    if (this.#open.size === 0) return false;
    this.history.push(new Map(this.#open));
    this.#open.clear();
    return true;
  }

  /** Takes back what changed since the last commit. */
  rollback(): void {
    for (const [tile, labels] of this.#open) {
      writeTile(this, tile, labels);
      this.#tell(tile);
    }
    this.#open.clear();
  }

  undo(): void {
    this.rollback();
    for (const tile of this.history.undo()) this.#tell(tile);
  }

  redo(): void {
    this.rollback();
    for (const tile of this.history.redo()) this.#tell(tile);
  }

  /** Before the step's first change of a tile. */
  #keep(tile: number): void {
    if (!this.#open.has(tile)) this.#open.set(tile, readTile(this, tile));
  }

  #tell(tile: number): void {
    for (const watcher of this.#watchers) watcher(tile);
  }
}
