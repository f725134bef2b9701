/** Photos for the paper's tables: the labelled part that a reference learns from, and the photos as the generator saw them. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { mergeSides } from "../../src/dataset/mergeSides.ts";
import { encodePng } from "../../src/dataset/png.ts";
import { openSource } from "../../src/project/dataset/source.ts";
import { CHANNELS, loadPrepared, pixelsPath } from "../../src/project/train/pictures/imageStore.ts";

const IGNORED = 255;

/** The first `count` pictures of a data set as one of their own, left and right merged as the tables merge them. */
export async function labelledPart(truth: string, count: number, folder: string): Promise<void> {
  const source = await openSource([truth], { fromFormat: null, recipe: null, name: truth });
  const { classes } = source.info;
  const { names, idOf } = mergeSides(classes.map(({ name }) => name));
  for (const part of ["images", "masks"]) await mkdir(join(folder, part), { recursive: true });
  let taken = 0;
  for await (const { name, image, labels } of source.samples()) {
    if (taken++ === count) break;
    const data = labels.data.map((id) => (id === IGNORED ? IGNORED : idOf[id]));
    await sharp(image)
      .png()
      .toFile(join(folder, "images", `${name}.png`));
    await writeFile(join(folder, "masks", `${name}.png`), encodePng({ ...labels, data, palette: new Uint8Array(768) }));
  }
  const listed = names.map((name, id) => {
    const { color, background } = classes[idOf.indexOf(id)];
    return { id, name, color, background };
  });
  await writeFile(join(folder, "classes.json"), JSON.stringify({ classes: listed }));
}

/** The photos that a run of `klish train gan` learned from, as it saw them: the first `count`, as PNGs. */
export async function runPhotos(run: string, count: number, folder: string): Promise<void> {
  const prepared = await loadPrepared(run);
  if (prepared === undefined) throw new Error(`${run} has no prepared pictures`);
  const { resolution: side } = prepared;
  await mkdir(folder, { recursive: true });
  const bytes = await readFile(pixelsPath(run));
  const size = side * side * CHANNELS;
  for (let i = 0; i < Math.min(count, prepared.count); i++)
    await sharp(bytes.subarray(i * size, (i + 1) * size), { raw: { width: side, height: side, channels: CHANNELS } })
      .png()
      .toFile(join(folder, `photo${String(i).padStart(5, "0")}.png`));
}
