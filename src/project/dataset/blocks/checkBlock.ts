/** Whether what a worker says of a block can be, and lies in the folder as it says. */
import { join } from "node:path";
import sharp from "sharp";
import { decodePng } from "../../../dataset/png.ts";
import { splitOf } from "../../../dataset/split.ts";
import { ProjectError, readPlainFile } from "../../storage/files.ts";
import { entriesOf, type ManifestEntry, manifestLine } from "../manifest.ts";
import { hashOf } from "../sample.ts";
import { type DatasetFile, imagePath, maskPath } from "../settings.ts";
import type { Block, MadeBlock } from "./protocol.ts";
import { filesOf } from "./resume.ts";

/** Rejects with ProjectError that says what cannot be. */
export async function checkBlock(
  folder: string,
  { settings, classes }: DatasetFile,
  { seeds, first, end }: Block,
  { lines, samples, bytes }: MadeBlock,
): Promise<void> {
  const entries = entriesOf(lines);
  if (entries.map(manifestLine).join("") !== lines) throw new ProjectError("lines that no klish writes");
  const wanted = seeds.filter((seed) => seed >= first && seed < end);
  if (
    entries.length !== wanted.length ||
    entries.some(({ seed }, i) => seed !== wanted[i]) ||
    samples !== wanted.length
  )
    throw new ProjectError(`samples of other seeds than ${wanted[0]} to ${wanted.at(-1)}`);
  const listed = entries.flatMap((entry) => filesOf(entry, settings)).reduce((sum, file) => sum + file.bytes, 0);
  if (listed !== bytes) throw new ProjectError(`${bytes} bytes in all, where its samples have ${listed}`);
  for (const entry of entries) await checkEntry(folder, { settings, classes } as DatasetFile, entry);
}

async function checkEntry(folder: string, { settings, classes }: DatasetFile, entry: ManifestEntry): Promise<void> {
  const { name, split, labels, image, rejected, plausibility } = entry;
  const { resolution, labelSets } = settings;
  const wrong = (what: string): ProjectError => new ProjectError(`${name}: ${what}`);
  if (split !== splitOf(name, settings.split)) throw wrong(`it is not of the split ${split}`);
  if (labels.length !== labelSets.length)
    throw wrong(`${labels.length} masks, expected one for each of ${labelSets.length} label sets`);
  if ((plausibility === undefined) !== (settings.plausibility === undefined)) throw wrong("plausibility was not asked");
  for (const [set, { pixels, uncertain }] of labels.entries()) {
    const total = pixels.reduce((sum, [, n]) => sum + n, 0);
    if (total !== resolution ** 2) throw wrong(`labels of ${total} pixels, expected ${resolution ** 2}`);
    if (!(uncertain >= 0 && uncertain <= 1)) throw wrong(`an uncertain share of ${uncertain}`);
    if (pixels.some(([id]) => id !== 255 && id >= classes[set].length)) throw wrong("a class that there is not");
  }
  const isKept = rejected === undefined;
  if ((image !== undefined) !== isKept || labels.some(({ mask }) => (mask !== undefined) !== isKept))
    throw wrong("files that do not go with whether it was left out");
  if (!isKept) return;
  for (const { path, bytes, sha256 } of filesOf(entry, settings)) {
    const content = await readPlainFile(join(folder, path)).catch(() => undefined);
    if (content === undefined) throw wrong(`${path} is not in the shared folder`);
    const found = hashOf(content);
    if (found.bytes !== bytes || found.sha256 !== sha256) throw wrong(`${path} has another content than it says`);
  }
  const { width, height } = await sharp(await readPlainFile(join(folder, imagePath(name, settings)))).metadata();
  if (width !== resolution || height !== resolution)
    throw wrong(`an image of ${width}x${height} pixels, expected ${resolution}x${resolution}`);
  for (const [set, { pixels }] of labels.entries()) {
    const mask = decodePng(await readPlainFile(join(folder, maskPath(name, settings, set))));
    if (mask.width !== resolution || mask.height !== resolution)
      throw wrong(`a mask of ${mask.width}x${mask.height} pixels, expected ${resolution}x${resolution}`);
    const counts = new Map<number, number>();
    for (const id of mask.data) counts.set(id, (counts.get(id) ?? 0) + 1);
    if (pixels.length !== counts.size || pixels.some(([id, n]) => counts.get(id) !== n))
      throw wrong("a mask with other classes than it says");
  }
}
