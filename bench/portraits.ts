/**
 * What there is to know of the portraits: shares of the classes, how far colour or place alone tell them, how fast they are made.
 * `npx tsx bench/portraits.ts`; --side 64, --train 200, --test 100. `--sheet docs/portraits.png` makes that picture instead.
 */
import { parseArgs } from "node:util";
import sharp from "sharp";
import { paletteOf } from "../src/dataset/labelMap.ts";
import { meanIou } from "../src/metrics/agreement.ts";
import { portraitClasses } from "../src/portraits/classes.ts";
import { type PortraitPicture, portraitOf } from "../src/portraits/render.ts";

const { values } = parseArgs({
  options: {
    side: { type: "string", default: "64" },
    train: { type: "string", default: "200" },
    test: { type: "string", default: "100" },
    sheet: { type: "string" },
  },
});
const side = Number(values.side);
const classes = portraitClasses.length;
/** Portraits that nothing is learned from begin here. */
const HELD_OUT = 1_000_000;

if (values.sheet !== undefined) {
  await writeSheet(values.sheet, 128, 30, 10);
  process.exit();
}

const before = process.cpuUsage();
const train = Array.from({ length: Number(values.train) }, (_, i) => portraitOf(i, side));
const { user, system } = process.cpuUsage(before);
const test = Array.from({ length: Number(values.test) }, (_, i) => portraitOf(HELD_OUT + i, side));

const pixels = new Float64Array(classes);
const pictures = new Float64Array(classes);
for (const { labels } of train) {
  for (const id of labels.data) pixels[id]++;
  for (const id of new Set(labels.data)) pictures[id]++;
}
console.log("| class | pixels | portraits |\n| --- | --- | --- |");
for (const [id, { name }] of portraitClasses.entries()) {
  const share = pixels[id] / (train.length * side * side);
  console.log(`| ${name} | ${(100 * share).toFixed(2)} % | ${((100 * pictures[id]) / train.length).toFixed(0)} % |`);
}

/** The class that `key`s have most often in the training pictures, each pixel weighing `weight` of its class. */
function table(
  key: (picture: PortraitPicture, p: number) => number,
  keys: number,
  weight: (id: number) => number,
): (picture: PortraitPicture, p: number) => number {
  const votes = new Float64Array(keys * classes);
  for (const picture of train)
    picture.labels.data.forEach((id, p) => {
      votes[key(picture, p) * classes + id] += weight(id);
    });
  return (picture, p) => {
    const row = votes.subarray(key(picture, p) * classes, (key(picture, p) + 1) * classes);
    return row.indexOf(Math.max(...row));
  };
}

const color =
  (bits: number) =>
  ({ rgb }: PortraitPicture, p: number): number =>
    [0, 1, 2].reduce((bin, c) => (bin << bits) | (rgb[p * 3 + c] >> (8 - bits)), 0);

/** Nearest mean colour. */
function nearestMean(): (picture: PortraitPicture, p: number) => number {
  const means = new Float64Array(classes * 3);
  for (const { rgb, labels } of train)
    labels.data.forEach((id, p) => {
      for (let c = 0; c < 3; c++) means[id * 3 + c] += rgb[p * 3 + c] / pixels[id];
    });
  return ({ rgb }, p) => {
    const distance = (id: number): number =>
      [0, 1, 2].reduce((d, c) => d + (rgb[p * 3 + c] - means[id * 3 + c]) ** 2, 0);
    return portraitClasses.reduce((best, _, id) => (distance(id) < distance(best) ? id : best), 0);
  };
}

const report = (name: string, classify: (picture: PortraitPicture, p: number) => number): void => {
  const [hit, found, there] = [0, 0, 0].map(() => new Float64Array(classes));
  for (const picture of test)
    picture.labels.data.forEach((id, p) => {
      const guess = classify(picture, p);
      found[guess]++;
      there[id]++;
      if (guess === id) hit[id]++;
    });
  const ious = hit.map((n, id) => n / (found[id] + there[id] - n));
  console.log(`${name}: mIoU ${meanIou(ious).toFixed(3)}`);
};
console.log();
report("nearest mean colour", nearestMean());
report(
  "most frequent class of a colour, 16 levels a channel",
  table(color(4), 1 << 12, () => 1),
);
report(
  "same, classes weighed alike",
  table(color(4), 1 << 12, (id) => 1 / pixels[id]),
);
report(
  "most frequent class of a place",
  table(
    (_, p) => p,
    side * side,
    () => 1,
  ),
);
console.log(`\n${((user + system) / 1e3 / train.length).toFixed(2)} ms of processor time a portrait of ${side} pixels`);

/** The first portraits, and under each row their masks. */
async function writeSheet(path: string, tile: number, count: number, columns: number): Promise<void> {
  const palette = paletteOf(portraitClasses);
  const width = columns * tile;
  const height = 2 * Math.ceil(count / columns) * tile;
  const sheet = new Uint8Array(width * height * 3);
  for (let i = 0; i < count; i++) {
    const { rgb, labels } = portraitOf(i, tile);
    const [left, top] = [(i % columns) * tile, 2 * Math.floor(i / columns) * tile];
    for (let p = 0; p < tile * tile; p++) {
      const at = ((top + Math.floor(p / tile)) * width + left + (p % tile)) * 3;
      sheet.set(rgb.subarray(p * 3, p * 3 + 3), at);
      sheet.set(palette.subarray(labels.data[p] * 3, labels.data[p] * 3 + 3), at + tile * width * 3);
    }
  }
  const image = sharp(sheet, { raw: { width, height, channels: 3 } });
  await image.png({ palette: true, colours: 192, dither: 0.8, compressionLevel: 9 }).toFile(path);
}
