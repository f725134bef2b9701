/** Merge trees as plain data and back: what is stored is checked before it is believed. */

import { checkLabels, classSizes } from "../../pixels/labels.ts";
import type { AnyTensor, Tensor } from "../../tensor/tensor.ts";
import { clusterNamesAt, type MergeRecord, type MergeTree, mergeTree } from "./mergeTree.ts";

/** A merge tree as JSON and named tensors, for storage (JSON + safetensors). */
export interface MergeTreeData {
  readonly json: MergeTreeJson;
  /**
   * weight [R,D], bias [R], initialLabels [N]; and of all steps one after another, each K long: members, iou, objective, gap, sizes.
   */
  readonly tensors: Readonly<Record<string, AnyTensor>>;
}

export interface MergeTreeJson {
  readonly format: "klish merge tree";
  readonly version: 1;
  readonly pixels: number;
  readonly channels: number;
  readonly initialClusters: number;
  readonly criterion: "paper" | "pair";
  readonly balance: number;
  readonly steps: readonly {
    readonly k: number;
    readonly kept: number;
    readonly removed: number;
    readonly ecos: number;
  }[];
}

const FORMAT = "klish merge tree";
const PER_STEP = ["iou", "objective", "gap", "sizes"] as const;

/** A tree as plain tensors and JSON, to be stored; `mergeTreeFromData` reads it. */
export function mergeTreeToData(tree: MergeTree): MergeTreeData {
  const { pixels, channels, initialClusters, criterion, balance, steps } = tree;
  const rows = tree.bias.length;
  const total = steps.reduce((sum, step) => sum + step.k, 0);
  const members = new Int32Array(total);
  const columns = PER_STEP.map((name) => ({ name, data: new Float64Array(total) }));
  let at = 0;
  for (const step of steps) {
    members.set(step.members, at);
    for (const { name, data } of columns) data.set(step[name], at);
    at += step.k;
  }
  const tensors: Record<string, AnyTensor> = {
    weight: { dtype: "float32", shape: [rows, channels], data: tree.weight },
    bias: { dtype: "float32", shape: [rows], data: tree.bias },
    initialLabels: { dtype: "uint16", shape: [pixels], data: tree.initialLabels },
    members: { dtype: "int32", shape: [total], data: members },
  };
  for (const { name, data } of columns) tensors[name] = { dtype: "float64", shape: [total], data };
  return {
    json: {
      format: FORMAT,
      version: 1,
      pixels,
      channels,
      initialClusters,
      criterion,
      balance,
      steps: steps.map(({ k, kept, removed, ecos }) => ({ k, kept, removed, ecos })),
    },
    tensors,
  };
}

/**
 * The tree of stored data. `json` may be anything that was parsed. Throws RangeError, saying what does not fit, unless the data
 * are a whole and consistent tree.
 */
export function mergeTreeFromData(data: {
  readonly json: unknown;
  readonly tensors: Readonly<Record<string, AnyTensor>>;
}): MergeTree {
  const json = checkJson(data.json);
  const { pixels, channels, initialClusters: k0, steps } = json;
  const total = steps.reduce((sum, step) => sum + step.k, 0);
  const rows = k0 + steps.length - 1;
  const weight = take(data.tensors, "weight", "float32", [rows, channels]).data;
  const bias = take(data.tensors, "bias", "float32", [rows]).data;
  for (const [name, values] of Object.entries({ weight, bias }))
    if (!values.every(Number.isFinite)) fail(`tensor ${name} has values that are not finite`);
  const labels = take(data.tensors, "initialLabels", "uint16", [pixels]).data;
  const members = take(data.tensors, "members", "int32", [total]).data;
  const columns = Object.fromEntries(
    PER_STEP.map((name) => [name, take(data.tensors, name, "float64", [total]).data]),
  ) as Record<(typeof PER_STEP)[number], Float64Array>;
  let at = 0;
  let expected = Int32Array.from({ length: k0 }, (_, row) => row);
  const records = steps.map((step, i): MergeRecord => {
    const slice = <T extends Int32Array | Float64Array>(values: T) => values.slice(at, at + step.k) as T;
    const record = {
      ...step,
      members: slice(members),
      iou: slice(columns.iou),
      objective: slice(columns.objective),
      gap: slice(columns.gap),
      sizes: slice(columns.sizes),
    };
    at += step.k;
    if (record.members.some((row, c) => row !== expected[c]))
      fail(`step ${i} (K = ${step.k}): members do not follow from the merges before it`);
    if (!record.iou.every((x) => x >= 0 && x <= 1)) fail(`step ${i} (K = ${step.k}): an IoU is not in [0, 1]`);
    // The merge gives `kept` the tree's next row, and `removed` disappears.
    expected = expected.map((row, c) => (c === step.kept ? k0 + i : row)).filter((_, c) => c !== step.removed);
    return record;
  });
  const tree = mergeTree({
    pixels,
    channels,
    initialClusters: k0,
    criterion: json.criterion,
    balance: json.balance,
    initialLabels: checkLabels("merge tree", labels, pixels, k0),
    weight,
    bias,
    steps: records,
  });
  const initialSizes = classSizes(labels, k0);
  for (const { k, sizes } of records) {
    const names = clusterNamesAt(tree, k);
    const merged = new Float64Array(k);
    for (let c = 0; c < k0; c++) merged[names[c]] += initialSizes[c];
    if (merged.some((size, c) => size !== sizes[c])) fail(`K = ${k}: sizes do not follow from labels and merges`);
  }
  return tree;
}

function checkJson(json: unknown): MergeTreeJson {
  if (typeof json !== "object" || json === null) fail("expected a JSON object");
  const tree = json as Record<string, unknown>;
  if (tree.format !== FORMAT || tree.version !== 1)
    fail(
      `expected format "${FORMAT}" version 1, got ${JSON.stringify(tree.format)} version ${JSON.stringify(tree.version)}`,
    );
  const pixels = whole(tree, "pixels", 1);
  const channels = whole(tree, "channels", 1);
  const initialClusters = whole(tree, "initialClusters", 2);
  const { criterion, balance } = tree;
  if (criterion !== "paper" && criterion !== "pair") fail(`unknown criterion ${JSON.stringify(criterion)}`);
  if (typeof balance !== "number" || !(balance >= 0 && balance <= 1)) fail("balance must be a number from 0 to 1");
  if (!Array.isArray(tree.steps) || tree.steps.length === 0) fail("steps must be a list of at least one");
  const steps = (tree.steps as unknown[]).map((step, i) => {
    if (typeof step !== "object" || step === null) fail(`step ${i} is not an object`);
    const fields = step as Record<string, unknown>;
    const k = whole(fields, "k", 2);
    const kept = whole(fields, "kept", 0);
    const removed = whole(fields, "removed", 0);
    const { ecos } = fields;
    if (k !== initialClusters - i) fail(`step ${i} has K = ${k}, expected ${initialClusters - i}`);
    if (kept >= k || removed >= k || kept === removed)
      fail(`step ${i} merges ${removed} into ${kept} of ${k} clusters`);
    if (typeof ecos !== "number") fail(`step ${i} has no ecos`);
    return { k, kept, removed, ecos: ecos as number };
  });
  return {
    format: FORMAT,
    version: 1,
    pixels,
    channels,
    initialClusters,
    criterion: criterion as "paper" | "pair",
    balance: balance as number,
    steps,
  };
}

function whole(object: Record<string, unknown>, name: string, least: number): number {
  const value = object[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least)
    fail(`${name} must be an integer of at least ${least}, got ${JSON.stringify(value)}`);
  return value as number;
}

function take<D extends "float32" | "float64" | "int32" | "uint16">(
  tensors: Readonly<Record<string, AnyTensor>>,
  name: string,
  dtype: D,
  shape: readonly number[],
): Tensor<D> {
  const found = tensors[name];
  if (found === undefined) return fail(`tensor ${name} is missing`);
  if (found.dtype !== dtype || found.shape.join() !== shape.join())
    return fail(`tensor ${name} must be ${dtype} [${shape}], it is ${found.dtype} [${found.shape}]`);
  return found as Tensor<D>;
}

function fail(message: string): never {
  throw new RangeError(`merge tree: ${message}`);
}
