import { useEffect, useMemo, useState } from "react";
import { Button, DropZone, FileTrigger } from "react-aria-components";
import { useStore } from "zustand";
import { type LabelMap, resizedLabels } from "../../../src/dataset/labelMap.ts";
import { MaskEditor } from "../maskEditor/editor.ts";
import { MaskEditorView } from "../maskEditor/MaskEditorView.tsx";
import { colorPng, indexPng, readMask } from "../maskEditor/maskFile.ts";
import { Comparison } from "./Comparison.tsx";
import type { PaintEngine, Pixels } from "./engine.ts";
import { download, picturePng, readPicture } from "./files.ts";
import { readKept } from "./kept.ts";
import { Paintings } from "./paintings.ts";
import { Scenes } from "./Scenes.tsx";
import { Styles } from "./Styles.tsx";
import { thumbnailsOf } from "./thumbnails.ts";
import { useKept } from "./useKept.ts";
import "./paint.css";

/** A mask to begin with. */
export interface Scene {
  readonly name: string;
  readonly mask: LabelMap;
}

/** Seeds of the first styles. */
const FIRST_SEEDS = [0, 1, 2, 3];

/** To begin with where there are no scenes. */
const BLANK: LabelMap = { width: 1, height: 1, data: new Uint8Array(1) };

interface Props {
  readonly engine: PaintEngine;
  readonly scenes: readonly Scene[];
  /** The name under which this browser keeps what is painted. */
  readonly keptAs: string;
}

/** A picture out of a mask, while it is painted. */
export function PaintView({ engine, scenes, keptAs }: Props) {
  const { side, classes } = engine;
  const first = scenes[0]?.mask ?? BLANK;
  const [editor, paintings, seeds] = useMemo(() => {
    const kept = readKept(keptAs, classes);
    const mask = resizedLabels(kept?.mask ?? first, { width: side, height: side });
    const made = new MaskEditor({ mask, classes });
    return [made, new Paintings(engine, made), kept?.seeds.length ? kept.seeds : FIRST_SEEDS];
  }, [engine, first, side, classes, keptAs]);
  const keeps = useKept(keptAs, paintings);
  useEffect(() => {
    const end = paintings.follow();
    void (async () => {
      if (paintings.state.getState().styles.length > 0) return;
      for (const seed of seeds) await paintings.addSeed(seed);
    })();
    return end;
  }, [paintings, seeds]);

  const { chosen, styles, milliseconds, error, busy, before } = useStore(paintings.state);
  const [thumbnails, setThumbnails] = useState<ReadonlyMap<number, string>>(new Map());
  // Parts that are not in this picture keep theirs.
  useEffect(() => {
    if (before !== undefined) setThumbnails((kept) => new Map([...kept, ...thumbnailsOf(before)]));
  }, [before]);
  const [wrong, setWrong] = useState("");
  const [said, setSaid] = useState("");
  const [under, setUnder] = useState<OffscreenCanvas>();

  /** Does something with a file, and says what is wrong with it. */
  const tryWith = async (file: string, act: () => Promise<string>): Promise<void> => {
    setWrong("");
    try {
      setSaid(await act());
    } catch (cause) {
      setSaid("");
      setWrong(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  };
  const load = (mask: LabelMap): void => {
    editor.load(resizedLabels(mask, { width: side, height: side }).data, "");
    paintings.keepBefore();
  };
  const openMask = (file: File): Promise<void> =>
    tryWith(file.name, async () => {
      const mask = readMask(new Uint8Array(await file.arrayBuffer()), classes);
      load(mask);
      if (mask.guessed === 0) return `${file.name} loaded`;
      return `${file.name} loaded; ${mask.guessed} of ${mask.data.length} pixels had the colour of no part and became the nearest one`;
    });
  const openPicture = (file: File): Promise<void> =>
    tryWith(file.name, async () => {
      const picture: Pixels = await readPicture(file, side);
      const canvas = new OffscreenCanvas(side, side);
      canvas.getContext("2d")!.putImageData(new ImageData(picture, side, side), 0, 0);
      setUnder(canvas);
      await paintings.addPicture(file.name, picture);
      return `Style of ${file.name}, its parts where the mask has them. Where they do not meet, mend the mask over the picture and drop it again.`;
    });
  const save = (what: "index" | "colours" | "picture"): Promise<void> =>
    tryWith(what === "picture" ? "The picture" : "The mask", async () => {
      const pixels = paintings.pixelsOf(chosen);
      if (what === "picture") {
        if (pixels === undefined) return "There is no picture yet";
        download("painting.png", await picturePng(pixels));
      } else {
        const bytes = (what === "index" ? indexPng : colorPng)(editor.edit, classes);
        download(
          what === "index" ? "mask.png" : "mask-colours.png",
          new Blob([bytes as BlobPart], { type: "image/png" }),
        );
      }
      return "Saved";
    });

  return (
    <div className="paint" data-busy={busy || undefined}>
      <section className="paint-picture" aria-label="Picture">
        <Comparison paintings={paintings} />
        <p className="hint" aria-live="off">
          {milliseconds === undefined
            ? "Painting…"
            : `${styles.find(({ id }) => id === chosen)?.name}, ${Math.round(milliseconds)} ms`}{" "}
          · {engine.where}
        </p>
        {[error, wrong].filter(Boolean).map((text) => (
          <p key={text} className="warning" role="alert">
            {text}
          </p>
        ))}
        <p className="hint" role="status">
          {said}
        </p>
      </section>
      <DropZone
        className="paint-mask"
        aria-label="Drop a mask"
        getDropOperation={() => "copy"}
        onDrop={async ({ items }) => {
          for (const item of items) if (item.kind === "file") await openMask(await item.getFile());
        }}
      >
        <MaskEditorView editor={editor} under={under} thumbnails={thumbnails} />
      </DropZone>
      <DropZone
        className="paint-styles"
        aria-label="Drop a picture for its style"
        getDropOperation={() => (engine.pictureStyle === undefined ? "cancel" : "copy")}
        onDrop={async ({ items }) => {
          for (const item of items) if (item.kind === "file") await openPicture(await item.getFile());
        }}
      >
        <Styles paintings={paintings} onPicture={openPicture} />
      </DropZone>
      <section className="paint-files" aria-label="Masks and files">
        <Scenes
          scenes={scenes}
          classes={classes}
          onChoose={({ mask, name }) => {
            load(mask);
            setSaid(`${name} loaded`);
          }}
        />
        <div className="row">
          <FileTrigger acceptedFileTypes={["image/png"]} onSelect={(files) => files?.[0] && openMask(files[0])}>
            <Button>Open a mask…</Button>
          </FileTrigger>
          <Button
            onPress={() => {
              load(first);
              setSaid("Begun anew; undo brings the mask back");
            }}
          >
            Begin anew
          </Button>
          <Button onPress={() => save("index")}>Save mask</Button>
          <Button onPress={() => save("colours")}>Save mask in colours</Button>
          <Button onPress={() => save("picture")}>Save picture</Button>
          {under !== undefined && <Button onPress={() => setUnder(undefined)}>Hide the picture under the mask</Button>}
        </div>
        <p className="hint">
          {keeps
            ? "This browser keeps the mask as you paint: it is here again when you come back."
            : "This browser keeps nothing of this page: save the mask before you leave."}
        </p>
      </section>
    </div>
  );
}
