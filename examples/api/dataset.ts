/** `klish/dataset`: label maps, layouts, PNG, portraits drawn by rule. No Node, no browser. `npx tsx examples/api/dataset.ts` */
import {
  checkDataset,
  connectedComponents,
  type DatasetFolder,
  datasetFormat,
  datasetFormats,
  datasetLayouts,
  decodePng,
  detectDatasetFormat,
  drawPortrait,
  encodePng,
  paletteOf,
  portraitClasses,
  portraitOf,
  renderPortrait,
  splitOf,
} from "klish/dataset";

// A portrait is a function of its number, at any size, with the class of every pixel.
const { rgb, labels } = portraitOf(7, 32);
console.log(rgb.length, labels.data.length, portraitClasses[0].name); // 3072 1024 background
console.log(renderPortrait(drawPortrait(7), 32).rgb.every((value, i) => value === rgb[i])); // true

// A mask is an index PNG: its numbers are the classes, its palette their colours.
const mask = encodePng({ ...labels, palette: paletteOf(portraitClasses) });
const { width, colorType, data } = decodePng(mask);
const same = data.every((label, i) => label === labels.data[i]);
console.log(width, colorType, same); // 32 3 true
console.log(connectedComponents(labels).list.length > 3, splitOf("portrait7", { val: 1, test: 0 })); // true val

// A folder may lie anywhere; here it is in memory, and one picture has no mask.
const files = new Map([
  ["images/a.png", encodePng({ width: 32, height: 32, data: rgb })],
  ["images/b.png", encodePng({ width: 32, height: 32, data: portraitOf(8, 32).rgb })],
  ["masks/a.png", mask],
]);
const read = (path: string): Uint8Array => files.get(path) ?? new Uint8Array();
const folder: DatasetFolder = {
  paths: [...files.keys()],
  size: async (path) => read(path).length,
  read: async (path, start, end) => read(path).subarray(start, end),
};
console.log((await detectDatasetFormat(folder, datasetLayouts)).name); // folders
const probe = async (bytes: Uint8Array) => ({ ...decodePng(bytes), hasAlpha: false, orientation: 1 });
const { pairs, faults } = await checkDataset(folder, datasetLayouts, probe);
console.log(pairs, faults.map(({ kind, path }) => `${kind} ${path}`).join()); // 1 classes-missing classes.json,image-without-mask images/b.png

// A format is a row of a table; its writer gives files to whoever keeps them.
const written = new Map<string, Uint8Array | string>();
const format = datasetFormat("folders");
const info = { name: "faces", description: "One portrait.", classes: portraitClasses, imageExtension: "png" };
const writer = format.writer(
  { ...info, splits: ["train"], samples: 1 },
  {
    file: async (path, content) => void written.set(path, content),
    append: async (path, content) => void written.set(path, content),
    original: async (path, sample, part) => void written.set(path, sample[part]),
  },
);
await writer.add({ name: "portrait7", split: "train", image: read("images/a.png"), labels, mask });
await writer.finish();
console.log(datasetFormats.length, written.has("masks/portrait7.png"), written.has("classes.json")); // 10 true true
