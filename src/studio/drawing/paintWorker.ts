/** The worker thread that paints: it holds one painter open, and the styles that pictures gave. */
import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import sharp from "sharp";
import { openPainterFile, type Painter, type Style } from "../../models/painter/painter.ts";
import { readPainter } from "../../project/paint/painterModel.ts";
import { ProjectError } from "../../project/storage/files.ts";
import { serve } from "../../runtime/node/threads.ts";
import { ortNode } from "../../runtime/ortNode.ts";
import { RUNS } from "../places/kinds.ts";
import { stampOf } from "../places/stamp.ts";
import type { PaintCalls } from "./painters.ts";

/** Some megabytes. */
const MOST_STYLES = 500;

let opened: { readonly model: string; readonly stamp: string; readonly painter: Painter } | undefined;
const styles = new Map<string, Style>();

async function close(): Promise<void> {
  const { painter } = opened ?? {};
  opened = undefined;
  await painter?.dispose();
}

/** The painter, also when its training has saved a newer one. */
async function open(model: string): Promise<Painter> {
  const stamp = `${await stampOf(RUNS.painter.network(model))} ${await stampOf(model)}`;
  if (opened?.model === model && opened.stamp === stamp) return opened.painter;
  await close();
  const painter = await openPainterFile(await readPainter(model), {
    runtime: ortNode,
    threads: availableParallelism(),
  });
  opened = { model, stamp, painter };
  return painter;
}

function styleNamed(painter: Painter, name: string): Style {
  const [kind, id] = name.split(":");
  if (kind === "seed") {
    const seed = Number(id);
    if (seed > 0xffffffff) throw new RangeError(`a seed is at most 4294967295, got ${id}`);
    return painter.style(seed);
  }
  const style = styles.get(name);
  if (style === undefined) throw new ProjectError("this style is not known any more: drop its picture again.");
  if (style.length !== painter.about.places * painter.about.styleSize)
    throw new ProjectError("this style is of another painter: drop its picture again.");
  return style;
}

serve<PaintCalls>(
  {
    async open(model) {
      const { about, encode } = await open(model);
      const classes = about.classes.map(({ name, color, background }) => ({ name, color, background }));
      return { side: about.side, classes, encodes: encode !== undefined };
    },
    async paint(model, mask, style) {
      const painter = await open(model);
      const { side } = painter.about;
      const [pixels] = await painter.paint([mask], [styleNamed(painter, style)]);
      const picture = sharp(pixels, { raw: { width: side, height: side, channels: 4 } });
      return new Uint8Array(await picture.removeAlpha().png({ compressionLevel: 1 }).toBuffer());
    },
    async encode(model, picture, mask, otherwise) {
      const painter = await open(model);
      if (painter.encode === undefined) throw new ProjectError("this painter reads no styles: it has no encoder.");
      const style = await painter.encode(picture, mask, styleNamed(painter, otherwise));
      const name = `style:${randomBytes(12).toString("base64url")}`;
      styles.set(name, style);
      if (styles.size > MOST_STYLES) styles.delete(styles.keys().next().value as string);
      return name;
    },
  },
  { oneByOne: true, close },
);
