import { readSafetensors, writeSafetensors } from "../../checkpoint/safetensors.ts";
import type { MergeTree } from "../../cluster/tree/mergeTree.ts";
import { mergeTreeFromData, mergeTreeToData } from "../../cluster/tree/mergeTreeData.ts";

/** Key of the JSON half in the file's metadata. */
const JSON_KEY = "klish";

/** A tree as one safetensors file, its JSON in the metadata: one file, so a kill cannot mix two halves. */
export function encodeTree(tree: MergeTree): Uint8Array {
  const { json, tensors } = mergeTreeToData(tree);
  return writeSafetensors(new Map(Object.entries(tensors)), { [JSON_KEY]: JSON.stringify(json) });
}

/** Reads such a file. Throws when it is damaged: every length, index and K is checked. */
export function decodeTree(bytes: Uint8Array): MergeTree {
  const { tensors, metadata } = readSafetensors(bytes);
  const read = Object.fromEntries([...tensors].map(([name, tensor]) => [name, tensor.read()]));
  return mergeTreeFromData({ json: JSON.parse(metadata[JSON_KEY] ?? "null"), tensors: read });
}
