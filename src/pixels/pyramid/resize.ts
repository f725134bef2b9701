/** Resizing whole stacks of maps by SIMD where there is any; the loops of `bilinear.ts` elsewhere. */
import { addResized, type LinearMap, resizeAdjoint } from "../../numeric/bilinear.ts";
import { BLEND_BYTES, type LineKernels, lineKernels } from "../kernels/lineKernels.ts";

/** A map, and the tables by which its lines are widened and narrowed four columns at a time. */
export interface ResizePlan {
  readonly map: LinearMap;
  /** Per four columns of the target: where in a source line the left and right neighbours of the first one are. */
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** Per four columns: the 16 bytes that pick from there what each column reads, and their four fractions. */
  readonly picks: Uint8Array;
  /** Per four columns of the source: the target's columns that read them, and the weights [columns, 4]. */
  readonly readers: readonly { readonly first: number; readonly count: number; readonly weights: Float32Array }[];
}

export function resizePlan(map: LinearMap): ResizePlan {
  const { from, to, low, fraction } = map;
  const blocks = Math.ceil(to / 4);
  const left = new Int32Array(blocks);
  const right = new Int32Array(blocks);
  const picks = new Uint8Array(blocks * 32);
  const fractions = new Float32Array(picks.buffer);
  for (let x = 0; x < to; x++) {
    const block = x >> 2;
    if ((x & 3) === 0) {
      left[block] = low[x];
      right[block] = Math.min(low[x] + 1, from - 1);
    }
    for (let byte = 0; byte < 4; byte++) picks[block * 32 + (x & 3) * 4 + byte] = (low[x] - left[block]) * 4 + byte;
    fractions[block * 8 + 4 + (x & 3)] = fraction[x];
  }
  const readers = Array.from({ length: Math.ceil(from / 4) }, (_, block) => {
    const reads = (x: number, column: number) =>
      (low[x] === column ? 1 - fraction[x] : 0) + (low[x] + 1 === column && from > 1 ? fraction[x] : 0);
    let first = 0;
    while (first < to - 1 && low[first] + 1 < block * 4) first++;
    let last = to - 1;
    while (last > first && low[last] > block * 4 + 3) last--;
    const count = last - first + 1;
    const weights = Float32Array.from({ length: 4 * count }, (_, i) => reads(first + (i >> 2), block * 4 + (i & 3)));
    return { first, count, weights };
  });
  return { map, left, right, picks, readers };
}

/** Maps [maps, h, h] from `offset` of `source`. */
export interface MapStack {
  readonly source: Float32Array;
  readonly offset: number;
  readonly plan: ResizePlan;
}

/** Floats of operands that are worked on at a time: they stay in the processor's cache. */
const GROUP_FLOATS = 1 << 16;
/** Kernels load four floats from wherever the last one is. */
const MARGIN = 4;

/** The kernels and how many maps to give them at a time, of `each` floats, in addition to `shared`; undefined where they cannot serve. */
function kernelsFor({ from, to }: LinearMap, each: number, shared: number): [LineKernels, number] | undefined {
  if (to % 4 !== 0 || from > to) return undefined;
  const group = Math.max(1, Math.floor(GROUP_FLOATS / each));
  const kernels = lineKernels(4 * (group * each + shared));
  return kernels && [kernels, group];
}

/** `addResized` of several stacks of `maps` maps to the same target [maps, R, R] from `targetOffset`. */
export function addStacks(stacks: readonly MapStack[], maps: number, target: Float32Array, targetOffset: number): void {
  if (stacks.length === 0) return;
  const largest = stacks.reduce((a, b) => (b.plan.map.from > a.plan.map.from ? b : a)).plan.map;
  const { from: most, to } = largest;
  const area = to * to;
  const found = kernelsFor(largest, area + most * to + most * most, 2 * to + MARGIN);
  if (found === undefined) {
    for (const { source, offset, plan } of stacks) addResized(source, offset, maps, plan.map, target, targetOffset);
    return;
  }
  const [{ floats, bytes, widen, addBetween }, group] = found;
  const line = 4 * to;
  for (let start = 0; start < maps; start += group) {
    const count = Math.min(group, maps - start);
    const at = targetOffset + start * area;
    const wide = count * area;
    floats.set(target.subarray(at, at + count * area));
    for (const { source, offset, plan } of stacks) {
      const { from, low, fraction } = plan.map;
      const narrow = wide + count * from * to;
      const table = narrow + count * from * from + MARGIN;
      const first = offset + start * from * from;
      floats.set(source.subarray(first, first + count * from * from), narrow);
      bytes.set(plan.picks, 4 * table);
      for (let block = 0; block < plan.left.length; block++) {
        const left = 4 * (narrow + plan.left[block]);
        const right = 4 * (narrow + plan.right[block]);
        widen(4 * wide + 16 * block, line, left, right, 4 * from, count * from, 4 * table + 32 * block);
      }
      for (let y = 0; y < to; y++) {
        const upper = 4 * wide + low[y] * line;
        const lower = 4 * wide + Math.min(low[y] + 1, from - 1) * line;
        addBetween(y * line, to * line, upper, lower, from * line, count, line, fraction[y]);
      }
    }
    target.set(floats.subarray(0, count * area), at);
  }
}

/** `resizeAdjoint`: `maps` maps [R,R] of `source` from `offset` to maps [h,h], written to `target`. */
export function stackAdjoint(
  source: Float32Array,
  offset: number,
  maps: number,
  plan: ResizePlan,
  target: Float32Array,
  targetOffset: number,
): void {
  const { from, to, low, fraction } = plan.map;
  const tables = plan.readers.reduce((sum, { weights }) => sum + weights.length, 0);
  const found = kernelsFor(plan.map, to * to + from * to + from * from, tables + MARGIN);
  if (found === undefined) {
    resizeAdjoint(source, offset, maps, plan.map, target, targetOffset);
    return;
  }
  const [{ floats, spread, narrow }, group] = found;
  const line = 4 * to;
  for (let start = 0; start < maps; start += group) {
    const count = Math.min(group, maps - start);
    const wide = count * to * to;
    const result = wide + count * from * to;
    const end = result + count * from * from;
    floats.set(source.subarray(offset + start * to * to, offset + (start + count) * to * to));
    floats.fill(0, wide, end + MARGIN);
    for (let y = 0; y < to; y++) {
      const upper = 4 * wide + low[y] * line;
      const lower = 4 * wide + Math.min(low[y] + 1, from - 1) * line;
      spread(y * line, to * line, upper, lower, from * line, count, line, fraction[y]);
    }
    let table = end + MARGIN;
    for (const [block, { first, count: columns, weights }] of plan.readers.entries()) {
      floats.set(weights, table);
      const read = 4 * (wide + first);
      narrow(4 * result + 16 * block, 4 * from, read, line, count * from, 4 * table, columns);
      table += weights.length;
    }
    target.set(floats.subarray(result, end), targetOffset + start * from * from);
  }
}

/** One level of one image: [h,h,channels]. */
export interface ImageLevel {
  readonly source: Float32Array;
  readonly channels: number;
  readonly map: LinearMap;
}

/** With fewer pixels, copying an image into the kernels' memory does not pay. */
const LEAST_PIXELS = 24;
const { fround } = Math;
/** Rows of the kernels' memory; bounds it. */
const MOST_PIXELS = 1024;

/**
 * The rows of one image's pixels, the channels of all levels resized to R x R one after another: row i of `out` is pixel
 * index[i] - first.
 */
export function imageRows(levels: readonly ImageLevel[], index: Int32Array, first: number, out: Float32Array): void {
  const stride = out.length / index.length;
  const resized = levels.filter(({ map }) => map.from < map.to);
  const copied = resized.reduce((sum, { source }) => sum + source.length, 0);
  const kernels =
    index.length >= LEAST_PIXELS && resized.every(({ channels }) => channels % 4 === 0)
      ? lineKernels(4 * (copied + Math.min(MOST_PIXELS, index.length) * (stride + BLEND_BYTES / 4)))
      : undefined;
  let at = 0;
  for (const { source } of kernels === undefined ? [] : resized) {
    kernels?.floats.set(source, at);
    at += source.length;
  }
  for (let start = 0; start < index.length; start += MOST_PIXELS) {
    const some = index.subarray(start, start + MOST_PIXELS);
    const target = out.subarray(start * stride, (start + some.length) * stride);
    const rows = kernels === undefined ? target : kernels.floats.subarray(copied, copied + target.length);
    let channel = 0;
    let read = 0;
    for (const level of levels) {
      if (level.map.from === level.map.to) copyRows(level, some, first, rows, channel, stride);
      else if (kernels === undefined) blendRows(level, some, first, rows, channel, stride);
      else {
        blendRowsBy(kernels, read, level, some, first, copied + channel, stride, copied + target.length);
        read += level.source.length;
      }
      channel += level.channels;
    }
    if (rows !== target) target.set(rows);
  }
}

function copyRows(
  { source, channels }: ImageLevel,
  index: Int32Array,
  first: number,
  rows: Float32Array,
  at: number,
  stride: number,
): void {
  for (let i = 0, to = at; i < index.length; i++, to += stride) {
    const read = (index[i] - first) * channels;
    for (let d = 0; d < channels; d++) rows[to + d] = source[read + d];
  }
}

/** In single precision step by step, as the kernels: a row has the same bits however many are asked for. */
function blendRows(
  { source, channels, map }: ImageLevel,
  index: Int32Array,
  first: number,
  rows: Float32Array,
  at: number,
  stride: number,
): void {
  const { from, to: side, low, fraction } = map;
  const right = from > 1 ? channels : 0;
  const below = right * from;
  for (let i = 0, to = at; i < index.length; i++, to += stride) {
    const y = Math.floor((index[i] - first) / side);
    const x = index[i] - first - y * side;
    const v = fraction[y];
    const u = fraction[x];
    const [w00, w01] = [fround((1 - v) * (1 - u)), fround((1 - v) * u)];
    const [w10, w11] = [fround(v * (1 - u)), fround(v * u)];
    let read = (low[y] * from + low[x]) * channels;
    for (let d = 0; d < channels; d++, read++) {
      const upper = fround(fround(w00 * source[read]) + fround(w01 * source[read + right]));
      const lower = fround(fround(w10 * source[read + below]) + fround(w11 * source[read + below + right]));
      rows[to + d] = upper + lower;
    }
  }
}

/** `blendRows` where the source lies at float `source` of the kernels' memory, the rows at `at`, and room for their table at `table`. */
function blendRowsBy(
  { floats, integers, blend }: LineKernels,
  source: number,
  { channels, map }: ImageLevel,
  index: Int32Array,
  first: number,
  at: number,
  stride: number,
  table: number,
): void {
  const { from, to: side, low, fraction } = map;
  const width = 4 * channels;
  const right = from > 1 ? width : 0;
  const below = right * from;
  for (let i = 0, row = table; i < index.length; i++, row += BLEND_BYTES / 4) {
    const y = Math.floor((index[i] - first) / side);
    const x = index[i] - first - y * side;
    const v = fraction[y];
    const u = fraction[x];
    integers[row] = 4 * source + (low[y] * from + low[x]) * width;
    floats[row + 1] = (1 - v) * (1 - u);
    floats[row + 2] = (1 - v) * u;
    floats[row + 3] = v * (1 - u);
    floats[row + 4] = v * u;
  }
  blend(4 * at, 4 * stride, 4 * table, index.length, right, below, width);
}
