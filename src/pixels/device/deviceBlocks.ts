/** Features on a device, block by block, and the graphs that run on them. */
import { graph } from "../../graph/graph.ts";
import { input } from "../../graph/ops/index.ts";
import type { Graph } from "../../graph/value.ts";
import {
  compile,
  type Provider,
  type ResidentTensor,
  type Runtime,
  RuntimeError,
  type Session,
} from "../../runtime/session.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import type { AnyTensor, Tensor } from "../../tensor/tensor.ts";
import { numbersOf } from "../pyramid/storedPyramid.ts";
import { type FeatureBlocks, widened } from "./featureBlocks.ts";
import { GROUP, groups, type PassShape } from "./graphPasses.ts";

export interface DeviceOptions {
  readonly runtime: Runtime;
  readonly provider: Provider;
  readonly threads?: number;
  /** Classes that score maps are planned for: SVMs of more are done in turns, K-means of more on the CPU. Default 128. */
  readonly classes?: number;
  /** Bytes of features that may stay on the device. Default: all. */
  readonly resident?: number;
  /** Bytes of one tensor. Default 128 MiB, what every WebGPU device can bind (maxStorageBufferBindingSize in its specification). */
  readonly tensorBytes?: number;
}

/** Images that are computed on at a time. */
export interface Block {
  readonly first: number;
  readonly count: number;
  /** Their features on the device, once uploaded. */
  held?: readonly ResidentTensor[];
}

export type FedTensors = Record<string, AnyTensor | ResidentTensor>;
export type Results = Readonly<Record<string, Float32Array>>;

const TENSOR_BYTES = 2 ** 27;
const PLANNED_CLASSES = 128;
/** Classes are filled up to multiples of this many: fewer graphs, and rows of whole vectors. */
export const CLASS_STEP = 4;

/** K, filled up. */
export const padded = (classes: number): number => CLASS_STEP * Math.ceil(classes / CLASS_STEP);

/** Blocks of as many images as tensors may hold; whole groups of pixels, except for the last. */
function blocksOf({ images, resolution, levels }: FeatureBlocks, classes: number, tensorBytes: number): Block[] {
  const numbers = Math.max(padded(classes) * resolution ** 2, ...levels.map(numbersOf));
  const most = Math.max(1, Math.floor(tensorBytes / (Float32Array.BYTES_PER_ELEMENT * numbers)));
  const blocks: Block[] = [];
  for (let first = 0; first < images; ) {
    const left = Math.min(most, images - first);
    const count = left > GROUP ? left - (left % GROUP) : left;
    blocks.push({ first, count });
    first += count;
  }
  return blocks;
}

/** The features of `source` for the passes of one provider. */
export class DeviceBlocks {
  readonly source: FeatureBlocks;
  readonly blocks: readonly Block[];
  residentBytes = 0;
  readonly #settings: DeviceOptions;
  readonly #tensorBytes: number;
  readonly #sessions = new Map<string, Promise<Session>>();
  /** Work waits for the work before: both would use the same memory. */
  #free: Promise<unknown> = Promise.resolve();

  /** Nothing is uploaded yet. Halves will be widened for a provider that does not read them. */
  static async open(source: FeatureBlocks, options: DeviceOptions): Promise<DeviceBlocks> {
    const usable = !source.half || (await supportsHalves(options));
    return new DeviceBlocks(usable ? source : widened(source), options);
  }

  private constructor(source: FeatureBlocks, settings: DeviceOptions) {
    this.source = source;
    this.#settings = settings;
    this.#tensorBytes = settings.tensorBytes ?? TENSOR_BYTES;
    this.blocks = blocksOf(source, settings.classes ?? PLANNED_CLASSES, this.#tensorBytes);
  }

  /** Moves blocks to the device, as long as there is room. */
  async upload({ onProgress, signal }: JobOptions): Promise<void> {
    const { levels, half } = this.source;
    const { resident = Number.POSITIVE_INFINITY } = this.#settings;
    const perImage = levels.reduce((sum, level) => sum + numbersOf(level), 0) * (half ? 2 : 4);
    for (const [i, block] of this.blocks.entries()) {
      signal?.throwIfAborted();
      if (this.residentBytes + block.count * perImage > resident || !(await this.#hold(block))) break;
      this.residentBytes += block.count * perImage;
      onProgress?.({ phase: "upload features", done: i + 1, total: this.blocks.length });
    }
  }

  /** Uploads a block; false where the device has no room for it, or keeps nothing. */
  async #hold(block: Block): Promise<boolean> {
    const { runtime, provider } = this.#settings;
    const held: ResidentTensor[] = [];
    try {
      for (const part of await this.#load(block)) {
        const there = await runtime.upload?.(part, provider);
        if (there === undefined) return false;
        held.push(there);
      }
      block.held = held;
      return true;
    } catch (error) {
      for (const part of held) await part.dispose();
      if (!(error instanceof RuntimeError)) throw error;
      return false;
    }
  }

  async #load({ first, count }: Block): Promise<AnyTensor[]> {
    const { levels, images } = this.source;
    const parts = await this.source.load(first, count, images);
    return parts.map((data, l): AnyTensor => {
      const shape = [...groups(count * levels[l].size ** 2), levels[l].channels];
      return data instanceof Float32Array ? { dtype: "float32", shape, data } : { dtype: "float16", shape, data };
    });
  }

  /** The block's features, as inputs of a graph. */
  async features(block: Block): Promise<FedTensors> {
    const parts = block.held ?? (await this.#load(block));
    return Object.fromEntries(parts.map((part, l) => [`features${l}`, part]));
  }

  /** The block's first pixel. */
  start({ first }: Block): number {
    return first * this.source.resolution ** 2;
  }

  /** The number of its pixels. */
  pixels({ count }: Block): number {
    return count * this.source.resolution ** 2;
  }

  /** Classes whose score maps of a block one tensor can hold. */
  mostClasses(block: Block): number {
    const most = Math.floor(this.#tensorBytes / (Float32Array.BYTES_PER_ELEMENT * this.pixels(block)));
    return Math.max(CLASS_STEP, most - (most % CLASS_STEP));
  }

  /** Calls `work` for every block and as many of K classes at a time as its tensors hold. */
  async forEachTurn(k: number, work: (block: Block, first: number, count: number) => Promise<void>): Promise<void> {
    for (const block of this.blocks) {
      const most = this.mostClasses(block);
      for (let first = 0; first < k; first += most) await work(block, first, Math.min(most, k - first));
    }
  }

  /** Does the work when all that was asked for before is done. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#free.then(work);
    this.#free = done.catch(() => undefined);
    return done;
  }

  /** Runs the graph of a kind for the block and K classes. */
  async run(
    { count }: Block,
    kind: string,
    classes: number,
    build: (shape: PassShape) => Graph,
    feeds: FedTensors,
  ): Promise<Results> {
    const key = `${kind}, ${classes} classes, ${count} images`;
    let session = this.#sessions.get(key);
    if (session === undefined) {
      const { resolution, levels, half } = this.source;
      const { runtime, provider, threads } = this.#settings;
      session = compile(build({ images: count, resolution, levels, half, classes }), {
        runtime,
        provider,
        ...(threads === undefined ? {} : { threads }),
      });
      this.#sessions.set(key, session);
      session.catch(() => this.#sessions.delete(key));
    }
    const results = await (await session).run(feeds);
    return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Tensor["data"]]));
  }

  /** Frees the device. */
  async close(): Promise<void> {
    await this.#free;
    for (const { held = [] } of this.blocks) for (const part of held) await part.dispose();
    for (const session of this.#sessions.values()) await (await session).dispose();
    this.#sessions.clear();
  }
}

/** Whether the provider reads halves: some GPUs do not. */
async function supportsHalves({ runtime, provider }: DeviceOptions): Promise<boolean> {
  const x: Tensor<"float16"> = { dtype: "float16", shape: [1], data: Uint16Array.of(0) };
  let session: Session | undefined;
  try {
    session = await compile(graph({ y: input("x", [1], { half: true }) }), { runtime, provider });
    await session.run({ x });
    return true;
  } catch (error) {
    if (error instanceof RuntimeError) return false;
    throw error;
  } finally {
    await session?.dispose();
  }
}
