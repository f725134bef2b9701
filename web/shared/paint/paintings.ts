import { createStore, type StoreApi } from "zustand/vanilla";
import type { LabelMap } from "../../../src/dataset/labelMap.ts";
import type { MaskEditor } from "../maskEditor/editor.ts";
import type { PaintEngine, Pixels, StyleCode } from "./engine.ts";

export interface PaintStyle {
  readonly id: number;
  /** As shown: "Seed 3", a file's name. */
  readonly name: string;
  /** That it was drawn by; undefined for that of a picture. */
  readonly seed: number | undefined;
  readonly code: StyleCode;
}

export interface PaintingsState {
  readonly styles: readonly PaintStyle[];
  /** The style that is painted first, by its id. */
  readonly chosen: number;
  /** Whether a picture of the mask as it is is still to come. */
  readonly busy: boolean;
  /** From a mask to its picture, the last time. */
  readonly milliseconds: number | undefined;
  /** Why there is no picture; "". */
  readonly error: string;
  /** To compare with; undefined before the first picture. */
  readonly before: Before | undefined;
}

/** A picture that later ones are compared with, and the mask that it is of. */
export interface Before {
  readonly pixels: Pixels;
  readonly mask: LabelMap;
}

/** A picture, and which state of the mask it is of. */
interface Painting {
  readonly pixels: Pixels;
  readonly version: number;
}

/** Pictures of the editor's mask, one in each style, that follow its strokes: the chosen style always, the others when the pen is up. */
export class Paintings {
  readonly engine: PaintEngine;
  readonly editor: MaskEditor;
  readonly state: StoreApi<PaintingsState>;
  readonly #paintings = new Map<number, Painting>();
  readonly #shown = new Map<CanvasRenderingContext2D, number>();
  #version = 0;
  #running = false;
  #ended = false;
  #wantsBefore = true;
  #nextId = 0;

  constructor(engine: PaintEngine, editor: MaskEditor) {
    this.engine = engine;
    this.editor = editor;
    this.state = createStore<PaintingsState>(() => ({
      styles: [],
      chosen: 0,
      busy: false,
      milliseconds: undefined,
      error: "",
      before: undefined,
    }));
  }

  /** Follows the mask from now on. Returns what ends that. */
  follow(): () => void {
    this.#ended = false;
    const ends = [
      this.editor.edit.watch(() => {
        this.#version++;
        this.#paint();
      }),
      // The other styles have waited for the pen.
      this.editor.state.subscribe((now, before) => {
        if (before.drawing && !now.drawing) this.#paint();
      }),
    ];
    this.#paint();
    return () => {
      this.#ended = true;
      for (const end of ends) end();
    };
  }

  /** Shows a style's picture on a canvas whenever it is painted. Returns what ends that. */
  show(id: number, canvas: HTMLCanvasElement): () => void {
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("this browser draws no canvas");
    this.#shown.set(context, id);
    this.#draw(context, id);
    return () => this.#shown.delete(context);
  }

  /** The newest picture in a style. */
  pixelsOf(id: number): Pixels | undefined {
    return this.#paintings.get(id)?.pixels;
  }

  async addSeed(seed: number): Promise<void> {
    const code = await this.#tried(() => this.engine.seedStyle(seed));
    if (code !== undefined) this.#add(`Seed ${seed}`, code, seed);
  }

  /** The style of a picture, its parts as the mask has them now; chosen at once. */
  async addPicture(name: string, picture: Pixels): Promise<void> {
    const { styles, chosen } = this.state.getState();
    const otherwise = styles.find(({ id }) => id === chosen)?.code;
    const { pictureStyle } = this.engine;
    if (pictureStyle === undefined || otherwise === undefined) return;
    const code = await this.#tried(() => pictureStyle(picture, this.editor.edit.data.slice(), otherwise));
    if (code !== undefined) this.choose(this.#add(name, code));
  }

  choose(id: number): void {
    this.state.setState({ chosen: id });
    this.#paint();
  }

  /** Takes a style away; the last one stays. */
  remove(id: number): void {
    const { styles, chosen } = this.state.getState();
    const rest = styles.filter((style) => style.id !== id);
    if (rest.length === 0) return;
    this.#paintings.delete(id);
    this.state.setState({ styles: rest, chosen: chosen === id ? rest[0].id : chosen });
    this.#paint();
  }

  /** The picture as it is becomes the one that later ones are compared with; the next one, where it is still to come. */
  keepBefore(): void {
    this.#wantsBefore = true;
    this.#paint();
    const { chosen, busy } = this.state.getState();
    if (!busy) this.#keep(this.pixelsOf(chosen));
  }

  #add(name: string, code: StyleCode, seed?: number): number {
    const id = this.#nextId++;
    const { styles, chosen } = this.state.getState();
    this.state.setState({ styles: [...styles, { id, name, code, seed }], chosen: styles.length === 0 ? id : chosen });
    this.#paint();
    return id;
  }

  /** The style to be painted next: what is chosen, or another while nobody draws. */
  #next(): PaintStyle | undefined {
    const { styles, chosen } = this.state.getState();
    const stale = ({ id }: PaintStyle): boolean => this.#paintings.get(id)?.version !== this.#version;
    const first = styles.find((style) => style.id === chosen && stale(style));
    return first ?? (this.editor.state.getState().drawing ? undefined : styles.find(stale));
  }

  #paint(): void {
    if (!this.#running) void this.#paintAll();
  }

  async #paintAll(): Promise<void> {
    this.#running = true;
    for (let style = this.#next(); style !== undefined && !this.#ended; style = this.#next()) {
      const { id, code } = style;
      const version = this.#version;
      const begin = performance.now();
      this.state.setState({ busy: true });
      const painted = await this.#tried(() => this.engine.paint(this.editor.edit.data.slice(), [code]));
      if (painted === undefined) break;
      this.#paintings.set(id, { pixels: painted[0], version });
      for (const [context, shown] of this.#shown) if (shown === id) this.#draw(context, id);
      const { chosen } = this.state.getState();
      if (id !== chosen) continue;
      this.state.setState({ milliseconds: performance.now() - begin, error: "" });
      if (this.#wantsBefore && version === this.#version) this.#keep(painted[0]);
    }
    this.#running = false;
    this.state.setState({ busy: false });
  }

  #keep(pixels: Pixels | undefined): void {
    if (pixels === undefined) return;
    this.#wantsBefore = false;
    const { width, height, data } = this.editor.edit;
    this.state.setState({ before: { pixels, mask: { width, height, data: data.slice() } } });
  }

  #draw(context: CanvasRenderingContext2D, id: number): void {
    const pixels = this.pixelsOf(id);
    const { side } = this.engine;
    if (pixels !== undefined) context.putImageData(new ImageData(pixels, side, side), 0, 0);
  }

  /** What it gives; undefined, with the error to be shown, where it fails. */
  async #tried<T>(act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      this.state.setState({ error: error instanceof Error ? error.message : String(error) });
      return undefined;
    }
  }
}
