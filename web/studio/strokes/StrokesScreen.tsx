/** A few strokes of a brush say which pixels belong to which part; the masks of all pictures follow. */
import { useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import { decodePng } from "../../../src/dataset/png.ts";
import type { Answer, Labels } from "../../../src/studio/api.ts";
import { MaskEditor, type PaintedStroke } from "../../shared/maskEditor/editor.ts";
import { MaskEditorView } from "../../shared/maskEditor/MaskEditorView.tsx";
import { colorTable } from "../../shared/maskEditor/maskImage.ts";
import { addressOf } from "../address.ts";
import { fetchBytes } from "../client.ts";
import { type LabelDesk, useLabels } from "../parts/useLabels.ts";
import { useAnswer, useShared, useStudio } from "../studio.tsx";
import { lockedLabels, type StrokeClass, strokeClasses, strokeEdit } from "./strokeClasses.ts";
import "./strokes.css";

/** Pictures in the film strip. */
const FILM = 12;
/** Opacity of masks over the pictures of the film strip. */
const OVER = 0.55;

/** Label of pixels that no class has, and of what the eraser leaves. */
const NOTHING = 255;

export function StrokesScreen({ at }: { readonly at: string | null }) {
  const first = useShared(({ workspace }) => workspace?.places.find(({ kind }) => kind === "project")?.at);
  const place = at ?? first;
  if (place === undefined) return <main className="waiting">There are no parts yet: find some first.</main>;
  return <Strokes key={place} at={place} />;
}

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

interface PicturesProps {
  readonly at: string;
  readonly pictures: Answer<"project">["pictures"];
  readonly labels: Labels;
  readonly desk: LabelDesk;
}

function Pictures({ at, pictures, labels, desk }: PicturesProps) {
  const [seed, setSeed] = useState(pictures[0]?.seed ?? 0);
  // Colours and names change seldom: the editor stays while they do not.
  const text = JSON.stringify(strokeClasses(labels));
  const classes = useMemo(() => JSON.parse(text) as StrokeClass[], [text]);
  return (
    <>
      <StrokeEditor key={`${seed} ${text}`} at={at} seed={seed} classes={classes} labels={labels} desk={desk} />
      <h2>All pictures follow</h2>
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

/** The mask of a seed's picture by these labels. */
async function maskOf(at: string, seed: number, { revision, k }: Pick<Labels, "revision" | "k">): Promise<Uint8Array> {
  const query = revision === "" ? { at, seed, k } : { at, seed, revision };
  return decodePng(await fetchBytes("/api/mask", query)).data as Uint8Array;
}

interface StrokeEditorProps {
  readonly at: string;
  readonly seed: number;
  readonly classes: readonly StrokeClass[];
  readonly labels: Labels;
  readonly desk: LabelDesk;
}

interface Opened {
  readonly editor: MaskEditor;
  readonly under: ImageBitmap;
}

function StrokeEditor({ at, seed, classes, labels, desk }: StrokeEditorProps) {
  const studio = useStudio();
  const [opened, setOpened] = useState<Opened | null>(null);
  const { revision, k, undo, redo } = labels;
  const keep = useEffectEvent((stroke: PaintedStroke, side: number) =>
    desk.edit(k, [strokeEdit(stroke, classes, { seed, side })]),
  );
  const step = useEffectEvent((type: "undo" | "redo") => desk.edit(k, [{ type }]));
  const open = useEffectEvent(async (): Promise<Opened> => {
    const [mask, picture] = await Promise.all([
      maskOf(at, seed, labels),
      fetchBytes("/api/picture", { at, seed }).then((bytes) => createImageBitmap(new Blob([bytes]))),
    ]);
    const side = Math.sqrt(mask.length);
    const keeper = {
      keep: (stroke: PaintedStroke) => keep(stroke, side),
      undo: () => step("undo"),
      redo: () => step("redo"),
      lock: (label: number, locked: boolean) => desk.edit(k, [{ type: "lock", part: classes[label].part, locked }]),
    };
    const of = { width: side, height: side, data: mask };
    return { editor: new MaskEditor({ mask: of, classes, erased: NOTHING, keeper }), under: picture };
  });
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
      (mask) => wanted && !editor.state.getState().drawing && editor.load(mask, ""),
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
        {labels.strokes > 0 ? ", saved" : " yet"}. The eraser leaves pixels to the classifier again.
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
  useEffect(() => {
    let wanted = true;
    (async () => {
      const [mask, bytes] = await Promise.all([maskOf(at, seed, { revision, k }), fetchBytes(url)]);
      const picture = await createImageBitmap(new Blob([bytes]));
      if (wanted && canvas.current !== null) drawMasked(canvas.current, picture, mask, classes);
    })().catch((error) => wanted && studio.fail(error));
    return () => {
      wanted = false;
    };
  }, [at, seed, url, revision, k, classes, studio]);
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
