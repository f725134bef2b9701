import { createStore, type StoreApi } from "zustand/vanilla";
import type { HexColor, ImageSize, LabelMap } from "../../../src/dataset/labelMap.ts";
import { MaskEdit } from "./edit.ts";
import { doubled, lift, type Piece, placed } from "./piece.ts";
import type { Point } from "./raster.ts";
import { eachSpan, givenAway, labelRegion, rim } from "./region.ts";
import type { PenPoint } from "./stroke.ts";
import { type Gesture, TOOLS, type Tool, type ToolId, toolOf } from "./tools.ts";
import { fitted, onMask, panned, type View, zoomed } from "./view.ts";

/** A part that can be painted; its label is its place in the list. */
export interface PaintClass {
  readonly name: string;
  readonly color: HexColor;
}

export interface EditorState {
  readonly tool: ToolId;
  /** The chosen part. */
  readonly label: number;
  /** Of the brush: its diameter in pixels of the mask. */
  readonly size: number;
  readonly locked: ReadonlySet<number>;
  /** Of the mask over the picture under it, 0 to 1. */
  readonly opacity: number;
  readonly view: View;
  /** What is up and can be moved and scaled on. */
  readonly piece: Piece | undefined;
  /** Line of the lasso, in pixels of the mask. */
  readonly outline: readonly Point[];
  /** Where the pointer is; none beside the mask's canvas and for fingers. */
  readonly hover: Point | undefined;
  /** Where keys draw; none while a pointer does. */
  readonly cursor: Point | undefined;
  /** A stroke is under way. */
  readonly drawing: boolean;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  /** What happened last, for those who do not see it. */
  readonly said: string;
}

/** Keys held at a press: move a copy, scale with equal sides. */
export interface Held {
  readonly copy?: boolean;
  readonly even?: boolean;
}

/** A stroke of the brush or the eraser that is done. */
export interface PaintedStroke {
  readonly label: number;
  /** Of the brush, in pixels of the mask. */
  readonly radius: number;
  /** The pen's places, in pixels of the mask. */
  readonly points: readonly PenPoint[];
}

export interface EditorOptions {
  readonly mask: LabelMap;
  readonly classes: readonly PaintClass[];
  /** The label that the eraser leaves; default 0. */
  readonly erased?: number;
  /** What an earlier editor was left with. */
  readonly begin?: Partial<Pick<EditorState, "tool" | "label" | "size">>;
  /** Who keeps the strokes, where the mask follows from them: there is brush and eraser then, and nothing that changes the mask otherwise. */
  readonly keeper?: StrokeKeeper;
}

/** Who keeps strokes, undoes them, and makes the mask of them. */
export interface StrokeKeeper {
  keep(stroke: PaintedStroke): void;
  undo(): void;
  redo(): void;
  /** Locks a part, or unlocks it; `setLocked` shows what became of it. undefined: parts cannot be locked. */
  readonly lock?: (label: number, locked: boolean) => void;
}

/** Tools that make strokes, or change nothing. */
const STROKE_TOOLS: ReadonlySet<ToolId> = new Set(["brush", "eraser", "pick", "hand"]);

export const LARGEST_BRUSH = 256;
/** Screen pixels around a corner of a piece within which it is taken hold of. */
const HANDLE_REACH = 12;
/** Arrow keys move the cursor by this part of the mask. */
const KEY_STEP = 1 / 64;
/** A key scales a piece by so much. */
const SCALE_STEP = 1.1;

/** All that an editor of a mask does, without a page around it: places are in pixels of the mask. */
export class MaskEditor {
  readonly edit: MaskEdit;
  readonly classes: readonly PaintClass[];
  readonly erased: number;
  readonly keeper: StrokeKeeper | undefined;
  /** In the order of the toolbar. */
  readonly tools: readonly Tool[];
  readonly state: StoreApi<EditorState>;
  #window: ImageSize;
  #gesture: Gesture | undefined;
  /** The piece as it was before the gesture. */
  #pieceBefore: Piece | undefined;
  /** Of the gesture under way. */
  #points: PenPoint[] = [];

  constructor({ mask, classes, erased = 0, begin, keeper }: EditorOptions) {
    this.edit = new MaskEdit(mask);
    this.classes = classes;
    this.erased = erased;
    this.keeper = keeper;
    this.tools = keeper === undefined ? TOOLS : TOOLS.filter(({ id }) => STROKE_TOOLS.has(id));
    this.#window = { width: mask.width, height: mask.height };
    this.state = createStore<EditorState>(() => ({
      tool: "brush",
      label: classes.length > 1 ? 1 : 0,
      size: Math.max(1, Math.round(Math.max(mask.width, mask.height) / 16)),
      locked: new Set(),
      opacity: 1,
      view: fitted(mask, this.#window),
      piece: undefined,
      outline: [],
      hover: undefined,
      cursor: undefined,
      drawing: false,
      canUndo: false,
      canRedo: false,
      said: "",
      ...begin,
    }));
  }

  nameOf(label: number): string {
    return this.classes[label]?.name ?? "nothing";
  }

  // --- settings

  choose(tool: ToolId): void {
    if (!this.tools.some(({ id }) => id === tool)) return;
    this.cancel();
    this.#set({ tool, piece: undefined, said: toolOf(tool).title });
  }

  chooseLabel(label: number): void {
    if (label >= 0 && label < this.classes.length) this.#set({ label, said: `${this.nameOf(label)} chosen` });
  }

  setSize(size: number): void {
    this.#set({ size: Math.max(1, Math.min(LARGEST_BRUSH, Math.round(size))) });
  }

  setOpacity(opacity: number): void {
    this.#set({ opacity });
  }

  get canLock(): boolean {
    return this.keeper === undefined || this.keeper.lock !== undefined;
  }

  toggleLock(label: number): void {
    if (!this.canLock) return;
    const locked = new Set(this.state.getState().locked);
    if (!locked.delete(label)) locked.add(label);
    if (this.keeper === undefined) this.setLocked(locked);
    else this.keeper.lock?.(label, locked.has(label));
    this.#set({ said: `${this.nameOf(label)} ${locked.has(label) ? "locked" : "unlocked"}` });
  }

  /** The labels whose pixels nothing changes. */
  setLocked(locked: ReadonlySet<number>): void {
    this.edit.locked.fill(0);
    for (const label of locked) this.edit.locked[label] = 1;
    this.#set({ locked, piece: undefined });
  }

  // --- strokes

  press(at: PenPoint, { copy = false, even = false }: Held = {}): void {
    this.cancel();
    const { tool, label, size, piece, view } = this.state.getState();
    // Whoever keeps strokes keeps none of a locked part.
    if (this.keeper !== undefined && tool === "brush" && this.edit.locked[label]) {
      this.#set({ said: `${this.nameOf(label)} is locked` });
      return;
    }
    this.#pieceBefore = piece;
    this.#points = [at];
    this.#gesture = toolOf(tool).start(
      {
        ...{ edit: this.edit, label, erased: this.erased, radius: size / 2, reach: HANDLE_REACH / view.scale },
        ...{ piece, copy, even },
        setPiece: (next) => this.#set({ piece: next }),
        setOutline: (outline) => this.#set({ outline }),
        pick: (there) => this.chooseLabel(there),
        pan: ({ x, y }) =>
          this.pan({ x: x * this.state.getState().view.scale, y: y * this.state.getState().view.scale }),
      },
      at,
    );
    this.#set({ drawing: true });
  }

  drag(at: PenPoint): void {
    if (this.#gesture === undefined) return;
    this.#points.push(at);
    this.#gesture.to(at);
  }

  release(): void {
    if (this.#gesture === undefined) return;
    this.#gesture.end();
    this.#gesture = undefined;
    this.#set({ drawing: false, outline: [] });
    this.#commit("");
    const { tool, label, size } = this.state.getState();
    if (tool === "brush" || tool === "eraser")
      this.keeper?.keep({ label: tool === "brush" ? label : this.erased, radius: size / 2, points: this.#points });
  }

  /** Takes back the stroke under way. */
  cancel(): void {
    if (this.#gesture === undefined) return;
    this.#gesture = undefined;
    this.edit.rollback();
    this.#set({ drawing: false, outline: [], piece: this.#pieceBefore });
  }

  undo(): void {
    if (this.keeper === undefined || this.#gesture !== undefined) this.#over("undo");
    else this.keeper.undo();
  }

  redo(): void {
    if (this.keeper === undefined || this.#gesture !== undefined) this.#over("redo");
    else this.keeper.redo();
  }

  /** What the keeper of the strokes can take back and do again. */
  setSteps(steps: Pick<EditorState, "canUndo" | "canRedo">): void {
    this.#set(steps);
  }

  // --- the mask as a whole, and the chosen part

  /** Other labels of the same size, as one step. */
  load(data: Uint8Array, said = "mask replaced"): void {
    this.cancel();
    this.edit.replace(data);
    this.#set({ piece: undefined });
    this.#commit(said);
  }

  clear(): void {
    this.load(new Uint8Array(this.edit.data.length).fill(this.erased), "mask cleared");
  }

  /** The piece that is up becomes larger; else the chosen part grows by a pixel. */
  grow(): void {
    const { piece, label } = this.state.getState();
    if (piece !== undefined) {
      this.#scale(piece, SCALE_STEP);
      return;
    }
    eachSpan(rim(this.edit, label), (y, from, to) => this.edit.fill(y, from, to, label));
    this.#commit(`${this.nameOf(label)} grew by a pixel`);
  }

  /** The piece that is up becomes smaller; else the chosen part gives a pixel to what surrounds it. */
  shrink(): void {
    const { piece, label } = this.state.getState();
    if (piece !== undefined) {
      this.#scale(piece, 1 / SCALE_STEP);
      return;
    }
    const region = labelRegion(this.edit, label);
    const labels = givenAway(this.edit, region, 1);
    eachSpan(region, (y, from, to) => {
      for (let x = from; x < to; x++) this.edit.fill(y, x, x + 1, labels[y * this.edit.width + x]);
    });
    this.#commit(`${this.nameOf(label)} shrank by a pixel`);
  }

  /** A second piece, a little aside. */
  duplicate(): void {
    const { piece } = this.state.getState();
    if (piece === undefined) return;
    const { box } = piece;
    const aside = { ...box, left: box.left + Math.ceil(box.width / 4), top: box.top + Math.ceil(box.height / 4) };
    this.#set({ piece: placed(this.edit, doubled(this.edit, piece), aside) });
    this.#commit(`${this.nameOf(piece.label)} duplicated`);
  }

  /** Removes the piece that is up. */
  remove(): void {
    const { piece } = this.state.getState();
    if (piece === undefined) return;
    lift(this.edit, piece);
    this.#set({ piece: undefined });
    this.#commit(`${this.nameOf(piece.label)} removed`);
  }

  /** Lets go of the piece, where it lies, or hides the cursor of the keys. */
  leave(): void {
    this.cancel();
    this.#set({ piece: undefined, cursor: undefined });
  }

  // --- by keys

  /** Moves the piece that is up, else the cursor, by steps; `fine` ones are of a pixel. */
  step(columns: number, rows: number, fine: boolean): void {
    const { piece, cursor, view } = this.state.getState();
    const length = fine ? 1 : Math.max(1, Math.round(Math.max(this.edit.width, this.edit.height) * KEY_STEP));
    const [x, y] = [columns * length, rows * length];
    if (piece !== undefined && this.#gesture === undefined) {
      this.#set({
        piece: placed(this.edit, piece, { ...piece.box, left: piece.box.left + x, top: piece.box.top + y }),
      });
      this.#commit("");
      return;
    }
    const from = cursor ?? middleOf(onMask(view, { x: this.#window.width / 2, y: this.#window.height / 2 }));
    const within = (at: number, side: number): number => Math.max(0.5, Math.min(side - 0.5, at));
    const to = cursor ? { x: within(from.x + x, this.edit.width), y: within(from.y + y, this.edit.height) } : from;
    this.#set({ cursor: to });
    this.drag({ ...to, pressure: 0.5 });
  }

  /** Puts the pen down at the cursor, or lifts it. */
  togglePen(): void {
    if (this.#gesture !== undefined) {
      this.release();
      return;
    }
    const { cursor } = this.state.getState();
    if (cursor === undefined) this.step(0, 0, true);
    this.press({ ...this.state.getState().cursor!, pressure: 0.5 });
    if (this.state.getState().tool === "fill" || this.state.getState().tool === "pick") this.release();
  }

  /** A pointer is there from now on, or no more. */
  setHover(hover: Point | undefined): void {
    this.#set({ hover, ...(hover === undefined ? {} : { cursor: undefined }) });
  }

  // --- what is seen

  /** Size of the canvas on the screen. A mask that was seen whole stays so. */
  setWindow(window: ImageSize): void {
    if (window.width === 0 || window.height === 0) return;
    const { view } = this.state.getState();
    const whole = fitted(this.edit, this.#window);
    const wasWhole = view.scale === whole.scale && view.left === whole.left && view.top === whole.top;
    this.#window = window;
    this.#set({
      view: wasWhole ? fitted(this.edit, window) : panned(view, { x: 0, y: 0 }, this.edit, window),
    });
  }

  /** By pixels of the screen. */
  pan(by: Point): void {
    this.#set({ view: panned(this.state.getState().view, by, this.edit, this.#window) });
  }

  /** Around a place of the screen, the middle by default. */
  zoom(factor: number, around: Point = { x: this.#window.width / 2, y: this.#window.height / 2 }): void {
    this.#set({ view: zoomed(this.state.getState().view, factor, around, this.edit, this.#window) });
  }

  /** All of the mask. */
  fit(): void {
    this.#set({ view: fitted(this.edit, this.#window) });
  }

  #scale(piece: Piece, factor: number): void {
    const { left, top, width, height } = piece.box;
    const larger = (side: number): number =>
      Math.max(1, factor > 1 ? Math.ceil(side * factor) : Math.floor(side * factor));
    const [w, h] = [larger(width), larger(height)];
    const box = {
      left: left + Math.round((width - w) / 2),
      top: top + Math.round((height - h) / 2),
      width: w,
      height: h,
    };
    this.#set({ piece: placed(this.edit, piece, box) });
    this.#commit("");
  }

  #over(way: "undo" | "redo"): void {
    if (this.#gesture !== undefined) {
      this.cancel();
      return;
    }
    const some = way === "undo" ? this.edit.history.canUndo : this.edit.history.canRedo;
    this.edit[way]();
    this.#set({ piece: undefined });
    this.#commit(some ? (way === "undo" ? "undone" : "done again") : `nothing to ${way}`);
  }

  #commit(said: string): void {
    this.edit.commit();
    const { canUndo, canRedo } = this.edit.history;
    this.#set({ ...(this.keeper === undefined ? { canUndo, canRedo } : {}), ...(said === "" ? {} : { said }) });
  }

  #set(change: Partial<EditorState>): void {
    this.state.setState(change);
  }
}

/** The middle of a pixel. */
const middleOf = ({ x, y }: Point): Point => ({ x: Math.floor(x) + 0.5, y: Math.floor(y) + 0.5 });
