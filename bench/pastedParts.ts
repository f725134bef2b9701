/**
 * A data set for a judge of edited masks: pictures of another one in which any part is made larger, moved, removed or doubled with its own
 * pixels, and their masks edited alike; every fourth stays as it is. With a
 * larger --count than there are pictures, they come again with other edits. A segmenter that learns from it knows parts where they do not belong, which
 * one of the pictures alone does not: `klish evaluate painter` then judges edits by it.
 *
 *   npx tsx bench/pastedParts.ts --data portraits64 --outdir pasted [--count 3000] [--seed 1]
 *   npx klish train segmenter --data pasted --outdir judge --cfg small
 *   npx klish evaluate painter --model run --data portraits64 --segmenter judge --outdir quality
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { classesJson, type Sample } from "../src/dataset/format.ts";
import { paletteOf } from "../src/dataset/labelMap.ts";
import { encodePng } from "../src/dataset/png.ts";
import { openSource } from "../src/project/dataset/source.ts";
import { RandomState } from "../src/tensor/random.ts";
import { editableParts, editSources, maskEdits } from "../src/train/painter/maskEdits.ts";

const { values } = parseArgs({
  options: {
    data: { type: "string" },
    outdir: { type: "string" },
    count: { type: "string", default: "3000" },
    seed: { type: "string", default: "1" },
  },
});
const { data, outdir } = values;
if (data === undefined || outdir === undefined) throw new Error("--data and --outdir are needed");
const random = new RandomState(Number(values.seed));
const source = await openSource([data], { fromFormat: null, recipe: null, name: data });
const { classes } = source.info;
const background = classes.map((one) => one.background);
const palette = paletteOf(classes);
await Promise.all(["images", "masks"].map((name) => mkdir(join(outdir, name), { recursive: true })));
await writeFile(join(outdir, "classes.json"), classesJson(classes));
let made = 0;
const count = Number(values.count);
/** Over the data set again and again: the same picture with other edits. */
async function* pictures(): AsyncGenerator<Sample & { readonly round: number }> {
  for (let round = 0, before = -1; before < made; round++) {
    before = made;
    for await (const sample of source.samples()) yield { ...sample, round };
  }
}
for await (const { name, labels, image, split, round } of pictures()) {
  if (made === count) break;
  // Those that are held back are what painters are judged by.
  if (split !== "train" || image === undefined || labels.width !== labels.height) continue;
  const { width: side, data: mask } = labels;
  const rgb = await sharp(image).removeAlpha().raw().toBuffer();
  const parts = editableParts(mask, background);
  const part = parts[random.randint(Math.max(1, parts.length))];
  const edit = maskEdits[random.randint(maskEdits.length)];
  const sizes = {
    larger: 1 + 0.6 * random.randomSample(),
    moved: random.randomSample() / 4,
    doubled: random.randomSample() / 2,
  };
  const file = `${name}-${round}`;
  const plain = part === undefined || made % 4 === 0;
  const from = plain ? mask.keys() : editSources(mask, side, part, edit, random, sizes);
  const sources = [...from];
  const pixels = Uint8Array.from(
    { length: 3 * side * side },
    (_, at) => rgb[3 * sources[Math.floor(at / 3)] + (at % 3)],
  );
  const labelled = Uint8Array.from(sources, (p) => mask[p]);
  const picture = sharp(pixels, { raw: { width: side, height: side, channels: 3 } });
  await picture.png().toFile(join(outdir, "images", `${file}.png`));
  await writeFile(
    join(outdir, "masks", `${file}.png`),
    encodePng({ width: side, height: side, data: labelled, palette }),
  );
  made++;
}
console.log(`${made} pictures in ${outdir}`);
