/** A few strokes of a brush say which pixels belong to which part; the masks of all pictures follow. */
import { type RefObject, useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import { decodePng } from "../../../src/dataset/png.ts";
import { type Answer, type Labels, type Place, urlOf } from "../../../src/studio/api.ts";
import {
  type EditorOptions,
  type EditorState,
  MaskEditor,
  type PaintedStroke,
} from "../../shared/maskEditor/editor.ts";
import { MaskEditorView } from "../../shared/maskEditor/MaskEditorView.tsx";
import { colorTable } from "../../shared/maskEditor/maskImage.ts";
import type { ToolId } from "../../shared/maskEditor/tools.ts";
import { addressOf } from "../address.ts";
import { fetchBytes } from "../client.ts";
import { type LabelDesk, useLabels } from "../parts/useLabels.ts";
import { useAnswer, useShared, useStudio } from "../studio.tsx";
import { ClassList, NewClass } from "./ClassList.tsx";
import { lockedLabels, type StrokeClass, strokeClasses, strokeEdit } from "./strokeClasses.ts";
import "./strokes.css";

/** Pictures in the film strip. */
const FILM = 12;
/** Opacity of masks over the pictures of the film strip. */
const OVER = 0.55;

/** Label of pixels that no class has, and of what the eraser leaves. */
const NOTHING = 255;

export function StrokesScreen({ at }: { readonly at: string | null }) {
  const workspace = useShared((shared) => shared.workspace);
  if (workspace === null) return <main className="waiting">Opening the folder…</main>;
  const place = workspace.places.find((one) => (at === null ? hasStrokes(one) : one.at === at));
  if (place === undefined) return <main className="waiting">There are no parts yet: find some first.</main>;
  const Screen = place.kind === "teaching" ? Teach : Strokes;
  return <Screen key={place.at} at={place.at} />;
}

const hasStrokes = ({ kind }: Place): boolean => kind === "project" || kind === "teaching";

function Strokes({ at }: { readonly at: string }) {
  const { answer: project } = useAnswer("project", { at });
  const desk = useLabels(at, () => undefined);
  const { labels } = desk;
  if (project === null || labels === null) return <main className="waiting">Opening {at}…</main>;
  return (
    <main>
      <h1>Strokes</h1>
      <p className="summary">
        Paint what is wrong: the classifiers learn from it, and the masks of all pictures follow. Name parts first,
        under <a href={addressOf("parts", at)}>Parts</a>.
      </p>
      <Pictures at={at} pictures={project.pictures.slice(0, FILM)} labels={labels} desk={desk} />
    </main>
  );
}

/** The same without clusters: classes of which a few strokes teach what they are. */
function Teach({ at }: { readonly at: string }) {
  const { answer: teaching } = useAnswer("teaching", { at });
  const desk = useLabels(at, () => undefined);
  const [shown, setShown] = useState(FILM);
  const { labels } = desk;
  if (teaching === null || labels === null) return <main className="waiting">Opening {at}…</main>;
  const seeds = [...new Set([...teaching.seeds, ...Array(shown).keys()])];
  const painted = labels.classes.filter((one) => (one.painted ?? 0) > 0).length;
  return (
    <main>
      <h1>{at}</h1>
      <p className="summary">
        Add the classes that you look for, and paint a little of each on a picture: after every stroke all pictures show
        where they are.
      </p>
      <NewClass labels={labels} desk={desk} />
      {labels.classes.length > 0 && (
        <p className="hint" role="status">
          {painted >= 2 ? (
            <>
              Good enough? <a href={addressOf("dataset", at)}>Make a data set of it</a>, of which a painter and a
              segmenter learn.
            </>
          ) : (
            "Paint two classes: from then on every picture has a mask."
          )}
        </p>
      )}
      <Pictures
        at={at}
        pictures={seeds.map((seed) => ({ seed, url: urlOf("/api/picture", { at, seed }) }))}
        labels={labels}
        desk={desk}
      />
      <p>
        <button type="button" onClick={() => setShown(shown + FILM)}>
          More pictures
        </button>
      </p>
      {labels.classes.length > 0 && <ClassList labels={labels} desk={desk} />}
    </main>
  );
}

interface PicturesProps {
  readonly at: string;
  readonly pictures: Answer<"project">["pictures"];
  readonly labels: Labels;
  readonly desk: LabelDesk;
}

function Pictures({ at, pictures, labels, desk }: PicturesProps) {
  const [seed, setSeed] = useState(pictures[0]?.seed ?? 0);
  const brush = useRef<Brush | null>(null);
  // Colours and names change seldom: the editor stays while they do not.
  const text = JSON.stringify(strokeClasses(labels));
  const classes = useMemo(() => JSON.parse(text) as StrokeClass[], [text]);
  return (
    <>
      {classes.length > 0 && <StrokeEditor key={`${seed} ${text}`} {...{ at, seed, classes, labels, desk, brush }} />}
      <h2>{classes.length > 0 ? "All pictures follow" : "Its pictures"}</h2>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset brings a frame and a legend */}
      <div className="stroke-film" role="group" aria-label="Pictures">
        {pictures.map((picture) => (
          <button
            key={picture.seed}
            type="button"
            aria-pressed={picture.seed === seed}
            aria-label={`Picture of seed ${picture.seed}`}
            onClick={() => setSeed(picture.seed)}
          >
            <Masked at={at} {...picture} classes={classes} labels={labels} />
          </button>
        ))}
      </div>
    </>
  );
}

/** The mask of a seed's picture by these labels; null where they have changed since: others will be asked for. */
async function maskOf(
  at: string,
  seed: number,
  { revision, k }: Pick<Labels, "revision" | "k">,
): Promise<Uint8Array | null> {
  const bytes = await fetchBytes("/api/mask", revision === "" ? { at, seed, k } : { at, seed, revision });
  return bytes.length === 0 ? null : (decodePng(bytes).data as Uint8Array);
}

/** What the brush was left with, for the next picture's editor. */
interface Brush {
  readonly tool: ToolId;
  readonly size: number;
  /** The chosen part, by the cluster that edits mean it by. */
  readonly part: number | undefined;
  /** Of how many classes. */
  readonly of: number;
}

/** How an editor of these classes begins: as the last one was left, with a class that is new. */
function begun(brush: Brush | null, classes: readonly StrokeClass[]): EditorOptions["begin"] {
  if (brush === null) return {};
  const { tool, size, part, of } = brush;
  const chosen = classes.findIndex((one) => one.part === part);
  const label = classes.length > of ? classes.length - 1 : chosen;
  return { tool, size, ...(label >= 0 && { label }) };
}

interface StrokeEditorProps {
  readonly at: string;
  readonly seed: number;
  readonly classes: readonly StrokeClass[];
  readonly labels: Labels;
  readonly desk: LabelDesk;
  readonly brush: RefObject<Brush | null>;
}

interface Opened {
  readonly editor: MaskEditor;
  readonly under: ImageBitmap;
}

function StrokeEditor({ at, seed, classes, labels, desk, brush }: StrokeEditorProps) {
  const studio = useStudio();
  const [opened, setOpened] = useState<Opened | null>(null);
  const { revision, k, undo, redo } = labels;
  const taught = k === 0;
  const keep = useEffectEvent((stroke: PaintedStroke, side: number) =>
    desk.edit(k, [strokeEdit(stroke, classes, { seed, side })]),
  );
  const step = useEffectEvent((type: "undo" | "redo") => desk.edit(k, [{ type }]));
  const open = useEffectEvent(async (): Promise<Opened> => {
    const [mask, picture] = await Promise.all([
      // Whatever the labels are by then.
      fetchBytes("/api/mask", revision === "" ? { at, seed, k } : { at, seed }).then(
        (bytes) => decodePng(bytes).data as Uint8Array,
      ),
      fetchBytes("/api/picture", { at, seed }).then((bytes) => createImageBitmap(new Blob([bytes]))),
    ]);
    const side = Math.sqrt(mask.length);
    const keeper = {
      keep: (stroke: PaintedStroke) => keep(stroke, side),
      undo: () => step("undo"),
      redo: () => step("redo"),
      ...(!taught && {
        lock: (label: number, locked: boolean) => desk.edit(k, [{ type: "lock", part: classes[label].part, locked }]),
      }),
    };
    const of = { width: side, height: side, data: mask };
    const begin = begun(brush.current, classes);
    return {
      editor: new MaskEditor({ mask: of, classes, erased: NOTHING, keeper, ...(begin && { begin }) }),
      under: picture,
    };
  });
  useEffect(() => {
    if (opened === null) return;
    const { state } = opened.editor;
    const keepBrush = ({ tool, size, label }: EditorState): void => {
      brush.current = { tool, size, part: classes[label]?.part, of: classes.length };
    };
    keepBrush(state.getState());
    return state.subscribe(keepBrush);
  }, [opened, brush, classes]);
  useEffect(() => {
    let wanted = true;
    open().then(
      (found) => wanted && setOpened(found),
      (error) => wanted && studio.fail(error),
    );
    return () => {
      wanted = false;
    };
  }, [studio]);
  const locked = JSON.stringify(lockedLabels(labels));
  useEffect(() => {
    opened?.editor.setLocked(new Set(JSON.parse(locked) as number[]));
  }, [opened, locked]);
  useEffect(() => {
    opened?.editor.setSteps({ canUndo: undo !== null, canRedo: redo !== null });
  }, [opened, undo, redo]);
  useEffect(() => {
    if (opened === null) return;
    let wanted = true;
    const { editor } = opened;
    maskOf(at, seed, { revision, k }).then(
      // While a pen is down its stroke is shown; its own answer will bring a newer mask.
      (mask) => wanted && mask !== null && !editor.state.getState().drawing && editor.load(mask, ""),
      (error) => wanted && studio.fail(error),
    );
    return () => {
      wanted = false;
    };
  }, [opened, at, seed, revision, k, studio]);
  if (opened === null) return <p className="waiting">Drawing the picture of seed {seed}…</p>;
  return (
    <>
      <MaskEditorView editor={opened.editor} under={opened.under} />
      <p className="hint" role="status">
        {labels.strokes === 1 ? "1 stroke" : `${labels.strokes} strokes`}
        {labels.strokes > 0 ? ", saved" : " yet"}.{" "}
        {taught ? "The eraser takes back what was painted." : "The eraser leaves pixels to the classifier again."}
      </p>
    </>
  );
}

interface MaskedProps {
  readonly at: string;
  readonly seed: number;
  readonly url: string;
  readonly classes: readonly StrokeClass[];
  readonly labels: Labels;
}

/** A picture with its mask over it. */
function Masked({ at, seed, url, classes, labels: { revision, k } }: MaskedProps) {
  const studio = useStudio();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [picture, setPicture] = useState<ImageBitmap | null>(null);
  useEffect(() => {
    let wanted = true;
    fetchBytes(url)
      .then((bytes) => createImageBitmap(new Blob([bytes])))
      .then(
        (bitmap) => wanted && setPicture(bitmap),
        (error) => wanted && studio.fail(error),
      );
    return () => {
      wanted = false;
    };
  }, [url, studio]);
  useEffect(() => {
    if (picture === null) return;
    let wanted = true;
    maskOf(at, seed, { revision, k }).then(
      (mask) => wanted && mask !== null && canvas.current && drawMasked(canvas.current, picture, mask, classes),
      (error) => wanted && studio.fail(error),
    );
    return () => {
      wanted = false;
    };
  }, [at, seed, picture, revision, k, classes, studio]);
  return <canvas ref={canvas} />;
}

function drawMasked(
  canvas: HTMLCanvasElement,
  picture: ImageBitmap,
  mask: Uint8Array,
  classes: readonly StrokeClass[],
): void {
  const side = Math.sqrt(mask.length);
  const image = new ImageData(side, side);
  const pixels = new Uint32Array(image.data.buffer);
  const colors = colorTable(classes);
  for (const [i, label] of mask.entries()) pixels[i] = colors[label];
  const over = new OffscreenCanvas(side, side);
  over.getContext("2d")!.putImageData(image, 0, 0);
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d")!;
  context.drawImage(picture, 0, 0, side, side);
  context.globalAlpha = OVER;
  context.drawImage(over, 0, 0);
}
