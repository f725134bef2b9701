import { z } from "zod";
import { readSafetensors, writeSafetensors } from "../checkpoint/safetensors.ts";
import type { MergeTree, MergeTreeContents } from "../cluster/mergeTree.ts";
import type { AnyTensor, DType, TypedArrays } from "../tensor/tensor.ts";

/** The scalars of a tree; per-step lists are tensors, one after the other in the order of the steps. */
const header = z.strictObject({
  klish: z.literal(1),
  pixels: z.int().min(1),
  channels: z.int().min(1),
  initialClusters: z.int().min(2),
  criterion: z.enum(["paper", "pair"]),
  balance: z.number(),
  steps: z.array(
    z.strictObject({ k: z.int().min(1), kept: z.int().min(0), removed: z.int().min(0), ecos: z.number().nullable() }),
  ),
});

/** A tree as one safetensors file: arrays as tensors, scalars as JSON in its metadata. */
export function encodeTree(tree: MergeTree): Uint8Array {
  const { pixels, channels, initialClusters, criterion, balance, initialLabels, weight, bias, steps } = tree;
  const scalars: z.input<typeof header> = {
    klish: 1,
    pixels,
    channels,
    initialClusters,
    criterion,
    balance,
    steps: steps.map(({ k, kept, removed, ecos }) => ({ k, kept, removed, ecos: Number.isFinite(ecos) ? ecos : null })),
  };
  const float64 = (lists: readonly Float64Array[]): AnyTensor => {
    const data = Float64Array.from(lists.flatMap((list) => Array.from(list)));
    return { dtype: "float64", shape: [data.length], data };
  };
  const members = Int32Array.from(steps.flatMap((s) => Array.from(s.members)));
  const tensors = new Map<string, AnyTensor>([
    ["initialLabels", { dtype: "uint16", shape: [pixels], data: initialLabels }],
    ["weight", { dtype: "float32", shape: [bias.length, channels], data: weight }],
    ["bias", { dtype: "float32", shape: [bias.length], data: bias }],
    ["members", { dtype: "int32", shape: [members.length], data: members }],
    ["iou", float64(steps.map((s) => s.iou))],
    ["objective", float64(steps.map((s) => s.objective))],
    ["gap", float64(steps.map((s) => s.gap))],
    ["sizes", float64(steps.map((s) => s.sizes))],
  ]);
  return writeSafetensors(tensors, { klish: JSON.stringify(scalars) });
}

/** Reads such a file. Throws when it is damaged: every length, index and K is checked. */
export function decodeTree(bytes: Uint8Array): MergeTreeContents {
  const { tensors, metadata } = readSafetensors(bytes);
  const scalars = header.parse(JSON.parse(metadata["klish"] ?? "null"));
  const { pixels, channels, initialClusters } = scalars;
  const take = <D extends DType>(name: string, dtype: D, length?: number): TypedArrays[D] => {
    const found = tensors.get(name)?.read();
    if (found?.dtype !== dtype || (length !== undefined && found.data.length !== length))
      throw new RangeError(`${name} is missing or has another type or length`);
    return found.data as TypedArrays[D];
  };
  const bias = take("bias", "float32");
  const total = scalars.steps.reduce((n, s) => n + s.k, 0);
  const lists = {
    members: take("members", "int32", total),
    iou: take("iou", "float64", total),
    objective: take("objective", "float64", total),
    gap: take("gap", "float64", total),
    sizes: take("sizes", "float64", total),
  };
  let at = 0;
  const steps = scalars.steps.map(({ k, kept, removed, ecos }, i) => {
    if (k !== initialClusters - i || kept >= k || removed >= k || kept === removed)
      throw new RangeError(`step ${i} (K = ${k}) merges ${removed} into ${kept}`);
    const from = at;
    at += k;
    const members = lists.members.slice(from, at);
    if (members.some((row) => row < 0 || row >= bias.length))
      throw new RangeError(`step ${i} names a classifier that is not there`);
    return {
      k,
      kept,
      removed,
      ecos: ecos ?? Number.NaN,
      members,
      iou: lists.iou.slice(from, at),
      objective: lists.objective.slice(from, at),
      gap: lists.gap.slice(from, at),
      sizes: lists.sizes.slice(from, at),
    };
  });
  const initialLabels = take("initialLabels", "uint16", pixels);
  if (initialLabels.some((label) => label >= initialClusters))
    throw new RangeError("a label is not one of the start clusters");
  const { criterion, balance } = scalars;
  const weight = take("weight", "float32", bias.length * channels);
  return { pixels, channels, initialClusters, criterion, balance, initialLabels, weight, bias, steps };
}
