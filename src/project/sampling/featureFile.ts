/**
 * Inner maps on disk, in half precision, for runs whose features exceed the memory budget. One safetensors file per batch of images:
 * F16 tensors [n,h,h,C] named after the layers, channel-last, so that an image's level is one run of bytes and a pixel's channels lie
 * together. A file appears whole or not at all; a killed run continues after the last one.
 */
import { closeSync, openSync, read, readSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { promisify } from "node:util";
import { writeSafetensors } from "../../checkpoint/safetensors.ts";
import type { FeatureBatch } from "../../features/sampleFeatures.ts";
import type { LayerInfo } from "../../gan/generator.ts";
import { type HalfStore, numbersOf, type StoredShape } from "../../pixels/pyramid/storedPyramid.ts";
import { LARGEST_HALF, roundToHalves } from "../../tensor/half.ts";
import { type AnyTensor, sizeOf, type Tensor } from "../../tensor/tensor.ts";
import { pathIn } from "../cluster/project.ts";
import { gigabytes } from "../cluster/request.ts";
import { listFolder, ProjectError, writeAtomic } from "../storage/files.ts";

const FOLDER = "features";
/** Bytes before a safetensors header. */
const LENGTH_BYTES = 8;
const BYTES_PER_HALF = 2;

/** Where the halves of a run lie: plain data that can be given to another thread. */
export interface FeatureFiles extends StoredShape {
  readonly folder: string;
  /** The first image of each file, ascending. */
  readonly firsts: readonly number[];
  /** Per file and level: the byte at which its halves begin. */
  readonly offsets: readonly (readonly number[])[];
}

const fileName = (first: number): string => `${String(first).padStart(6, "0")}.half.safetensors`;

export const featureFolder = (folder: string): string => pathIn({ folder }, FOLDER);

/** Where the layers of a batch lie in its file: one that an earlier run or another part wrote, or it is written. */
export async function keptHalves(
  folder: string,
  first: number,
  seeds: readonly number[],
  levels: StoredShape["levels"],
  layers: readonly LayerInfo[],
  sample: () => Promise<FeatureBatch>,
): Promise<Header> {
  const find = (): Header | undefined => halvesOf(folder, first, seeds, levels, layers);
  const kept = find();
  if (kept !== undefined) return kept;
  await saveHalves(folder, first, seeds, (await sample()).layers, layers);
  const written = find();
  if (written === undefined) throw new Error(`the features of images from ${first} could not be read back`);
  return written;
}

/** Writes the maps [n,C,h,h] of the images from `first`. Throws ProjectError when the disk is full, or a value is too large for half precision. */
export async function saveHalves(
  folder: string,
  first: number,
  seeds: readonly number[],
  maps: readonly Tensor[],
  layers: readonly LayerInfo[],
): Promise<void> {
  const tensors = new Map<string, AnyTensor>();
  for (const [i, { name }] of layers.entries()) {
    const [n, channels, height, width] = maps[i].shape;
    const worst = beyondHalf(maps[i].data);
    if (worst !== undefined)
      throw new ProjectError(
        `layer ${name} of seed ${seeds[0]} holds ${worst}; half precision ends at ${LARGEST_HALF}. Give --memory enough for single precision, or other --layers.`,
      );
    const data = channelsLast(maps[i]);
    tensors.set(name, { dtype: "float16", shape: [n, height, width, channels], data });
  }
  const bytes = writeSafetensors(tensors, { seeds: seeds.join(",") });
  // Not flushed: a file that a power cut left empty is found and made again.
  await writeAtomic(pathIn({ folder }, FOLDER, fileName(first)), bytes, { flush: false });
}

/** Channels that are moved together: their lines of the processor's cache are then written once. */
const CHANNELS_AT_A_TIME = 32;

/** [n,C,h,w] to [n,h,w,C], as halves. */
function channelsLast({ shape: [n, channels, height, width], data }: Tensor): Uint16Array {
  const area = height * width;
  const halves = roundToHalves(data);
  const result = new Uint16Array(halves.length);
  for (let image = 0; image < n; image++)
    for (let first = 0; first < channels; first += CHANNELS_AT_A_TIME) {
      const end = Math.min(channels, first + CHANNELS_AT_A_TIME);
      const from = (image * channels + first) * area;
      for (let p = 0; p < area; p++) {
        let to = (image * area + p) * channels + first;
        for (let c = first, at = from + p; c < end; c++, at += area) result[to++] = halves[at];
      }
    }
  return result;
}

/** The first number that is not finite as a half. */
function beyondHalf(data: Float32Array): number | undefined {
  for (let i = 0; i < data.length; i++) if (!(Math.abs(data[i]) <= LARGEST_HALF)) return data[i];
  return undefined;
}

/** What a file says of itself, when it is the whole one expected. */
interface Header {
  readonly offsets: number[];
}

/**
 * The byte offsets of the layers in the file of the images from `first`; undefined when there is none, or it is damaged or of other
 * seeds or layers: it will be written again. Reads the header only, and the file's length.
 */
export function halvesOf(
  folder: string,
  first: number,
  seeds: readonly number[],
  levels: StoredShape["levels"],
  layers: readonly LayerInfo[],
): Header | undefined {
  let file: number;
  try {
    file = openSync(pathIn({ folder }, FOLDER, fileName(first)), "r");
  } catch {
    return undefined;
  }
  try {
    const length = Buffer.alloc(LENGTH_BYTES);
    if (readSync(file, length, 0, LENGTH_BYTES, 0) !== LENGTH_BYTES) return undefined;
    const headerBytes = Number(length.readBigUInt64LE());
    if (!(headerBytes < 2 ** 20)) return undefined;
    const header = Buffer.alloc(headerBytes);
    if (readSync(file, header, 0, headerBytes, LENGTH_BYTES) !== headerBytes) return undefined;
    return parseHeader(header, { file, seeds, levels, layers });
  } finally {
    closeSync(file);
  }
}

function parseHeader(
  bytes: Buffer,
  expected: {
    readonly file: number;
    readonly seeds: readonly number[];
    readonly levels: StoredShape["levels"];
    readonly layers: readonly LayerInfo[];
  },
): Header | undefined {
  let header: Record<string, { dtype?: string; shape?: number[]; data_offsets?: number[]; seeds?: string }>;
  try {
    header = JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
  const { seeds, levels, layers, file } = expected;
  if (header["__metadata__"]?.seeds !== seeds.join(",")) return undefined;
  const offsets: number[] = [];
  let end = 0;
  for (const [i, { name }] of layers.entries()) {
    const { dtype, shape, data_offsets: range } = header[name] ?? {};
    const { size, channels } = levels[i];
    const whole = [seeds.length, size, size, channels];
    if (dtype !== "F16" || String(shape) !== String(whole) || range === undefined) return undefined;
    if (range[1] - range[0] !== sizeOf(whole) * BYTES_PER_HALF) return undefined;
    offsets.push(LENGTH_BYTES + bytes.length + range[0]);
    end = Math.max(end, LENGTH_BYTES + bytes.length + range[1]);
  }
  // The last byte is there: the file is not cut off.
  return readSync(file, Buffer.alloc(1), 0, 1, end - 1) === 1 ? { offsets } : undefined;
}

/** Throws ProjectError when the features will not fit on the disk beside what is there already. */
export async function checkDisk(folder: string, bytes: number): Promise<void> {
  const written = (await listFolder(featureFolder(folder))).length > 0;
  // What an interrupted run has written is part of the need; how much, the disk will say.
  if (written) return;
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < bytes * 1.02)
    throw new ProjectError(
      `${folder}: the features need ${gigabytes(bytes)} of disk, ${gigabytes(bavail * bsize)} are free. Make room, choose another --outdir, or lower --images or --resolution.`,
    );
}

const readLater = promisify(read);

/** A block of images as it is read: halves per level. */
interface Block {
  readonly first: number;
  readonly count: number;
  readonly halves: readonly Uint16Array[];
}

/** Reads what `FeatureFiles` describe. While a block is computed on, the next one is read. */
export class HalfFiles implements HalfStore {
  readonly #files: FeatureFiles;
  readonly #open = new Map<number, number>();
  #ahead: Promise<Block> | undefined;
  #aheadFirst = -1;
  /** Two sets of arrays: one is computed on while the other fills. */
  #spare: (readonly Uint16Array[])[] = [];
  #last: Block | undefined;

  constructor(files: FeatureFiles) {
    this.#files = files;
  }

  read(level: number, image: number, start: number, out: Uint16Array): void {
    const numbers = numbersOf(this.#files.levels[level]);
    for (const part of this.#parts(level, image * numbers + start, out.length)) {
      const target = out.subarray(part.to, part.to + part.length);
      const bytes = readSync(this.#file(part.file), target, 0, target.byteLength, part.at);
      if (bytes !== target.byteLength) throw this.#cutOff(part.file);
    }
  }

  async load(first: number, count: number, end: number): Promise<readonly Uint16Array[]> {
    if (this.#last !== undefined) this.#spare.push(this.#last.halves);
    this.#last = undefined;
    let block = this.#ahead === undefined ? undefined : await this.#ahead;
    this.#ahead = undefined;
    if (block !== undefined && (this.#aheadFirst !== first || block.count < count)) {
      this.#spare.push(block.halves);
      block = undefined;
    }
    block ??= await this.#block(first, count);
    this.#last = block;
    const next = first + count;
    if (next < end) {
      this.#aheadFirst = next;
      this.#ahead = this.#block(next, Math.min(count, end - next));
      // Whoever asks for it hears of the failure.
      this.#ahead.catch(() => undefined);
    }
    return block.halves.map((halves, i) => halves.subarray(0, count * numbersOf(this.#files.levels[i])));
  }

  async #block(first: number, count: number): Promise<Block> {
    const { levels } = this.#files;
    const spare = this.#spare.pop();
    const halves = levels.map((level, i) => {
      const length = count * numbersOf(level);
      const old = spare?.[i];
      return old !== undefined && old.length >= length ? old : new Uint16Array(length);
    });
    for (const [level, data] of halves.entries()) {
      const numbers = numbersOf(levels[level]);
      for (const part of this.#parts(level, first * numbers, count * numbers)) {
        const target = data.subarray(part.to, part.to + part.length);
        const { bytesRead } = await readLater(this.#file(part.file), target, 0, target.byteLength, part.at);
        if (bytesRead !== target.byteLength) throw this.#cutOff(part.file);
      }
    }
    return { first, count, halves };
  }

  /** The runs of bytes that hold `length` numbers of a level from number `start` of all images on. */
  *#parts(level: number, start: number, length: number) {
    const { firsts, offsets, images } = this.#files;
    const numbers = numbersOf(this.#files.levels[level]);
    let file = lastAtMost(firsts, Math.floor(start / numbers));
    for (let done = 0; done < length; file++) {
      const from = start + done - firsts[file] * numbers;
      const end = ((file + 1 < firsts.length ? firsts[file + 1] : images) - firsts[file]) * numbers;
      const some = Math.min(length - done, end - from);
      yield { file, at: offsets[file][level] + from * BYTES_PER_HALF, to: done, length: some };
      done += some;
    }
  }

  #file(index: number): number {
    let file = this.#open.get(index);
    if (file === undefined) {
      file = openSync(this.#path(index), "r");
      this.#open.set(index, file);
    }
    return file;
  }

  #path(index: number): string {
    return pathIn({ folder: this.#files.folder }, FOLDER, fileName(this.#files.firsts[index]));
  }

  #cutOff(index: number): ProjectError {
    return new ProjectError(`${this.#path(index)} ends too early. Delete it and run the same command again.`);
  }

  /** Closes the files. */
  async close(): Promise<void> {
    await this.#ahead?.catch(() => undefined);
    for (const file of this.#open.values()) closeSync(file);
    this.#open.clear();
  }
}

/** The last position of the ascending `values` that is at most `x`. */
function lastAtMost(values: readonly number[], x: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (values[middle] <= x) low = middle;
    else high = middle - 1;
  }
  return low;
}
