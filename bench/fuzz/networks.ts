/** Changed ONNX models and safetensors files, and what must hold for every one of them. */
import { readCheckpoint } from "../../src/checkpoint/readCheckpoint.ts";
import { writeSafetensors } from "../../src/checkpoint/safetensors.ts";
import { CheckpointError } from "../../src/checkpoint/stateDict.ts";
import { GeneratorError } from "../../src/gan/errors.ts";
import { exportOnnx, exportSafetensors } from "../../src/gan/exportNetwork.ts";
import { readInputs } from "../../src/gan/onnx/inputs.ts";
import { layerEnds } from "../../src/gan/onnx/onnxLayers.ts";
import { buildNetwork, looksLikeOnnx } from "../../src/gan/openGenerator.ts";
import { externalFiles } from "../../src/graph/onnxExternal.ts";
import { mayRunForever } from "../../src/graph/onnxLoops.ts";
import { decodeOnnx, OnnxError, withExtraOutputs } from "../../src/graph/onnxModel.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import {
  BOOL,
  body,
  endlessModel,
  floats,
  node,
  onnxModel,
  port,
  withExternalWeights,
  Z,
} from "../../tests/gan/onnxModels.ts";
import { tinyStyleGan2 } from "../../tests/gan/tinyStyleGan2.ts";
import { below, edgeBytes, mutateBytes, pick, type Random, replaced } from "./mutate.ts";
import { encodeMessage, mutateTree, parseMessage } from "./protobuf.ts";

export interface FuzzSeed {
  readonly name: string;
  mutate(random: Random): Uint8Array;
  /** Reads the file as klish would. Throws what is no refusal. */
  read(bytes: Uint8Array): "accepted" | "refused";
}

const MOST_CHANGES = 4;

/** Every reader of a model that does not run it. */
function readOnnx(bytes: Uint8Array): "accepted" | "refused" {
  return unlessRefused(() => {
    looksLikeOnnx(bytes);
    const { graph } = decodeOnnx(bytes);
    externalFiles(bytes);
    mayRunForever(bytes);
    const ends = layerEnds(graph);
    if (decodeOnnx(withExtraOutputs(bytes, ends)).graph.outputs.length < new Set(ends).size)
      throw new Error("an inner map did not become an output");
    const ports = graph.inputs.map(({ name, elementType, shape }) => ({
      name,
      dtype: TYPES[elementType] ?? "other",
      shape,
    }));
    readInputs(ports, graph);
  });
}

const TYPES: Readonly<Record<number, string>> = {
  1: "float32",
  6: "int32",
  7: "int64",
  9: "bool",
  10: "float16",
  11: "float64",
};

/** The checkpoint, all its tensors, and the network that it may be. */
function readWeights(bytes: Uint8Array): "accepted" | "refused" {
  return unlessRefused(() => {
    const checkpoint = readCheckpoint(bytes);
    for (const tensors of checkpoint.networks.values()) for (const stored of tensors.values()) stored.read();
    buildNetwork(checkpoint);
  });
}

function unlessRefused(read: () => void): "accepted" | "refused" {
  try {
    read();
    return "accepted";
  } catch (error) {
    if (error instanceof OnnxError || error instanceof GeneratorError || error instanceof CheckpointError)
      return "refused";
    throw error;
  }
}

function onnxSeed(name: string, bytes: Uint8Array): FuzzSeed {
  return {
    name,
    read: readOnnx,
    mutate(random) {
      const tree = parseMessage(bytes);
      for (let changes = 1 + below(random, MOST_CHANGES); changes > 0; changes--) mutateTree(tree, random);
      const changed = encodeMessage(tree);
      return changed.length > 0 && random() < 0.2 ? mutateBytes(changed, random) : changed;
    },
  };
}

/** What stands where a safetensors header expects something else. */
const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e9,
  2 ** 53,
  1e308,
  "",
  "F32",
  "I64",
  "BOOL",
  "U8",
  "F8_E4M3",
  [],
  {},
  [0, 4],
  [4, 0],
  [-4, 0],
  [0.5, 4.5],
  [2 ** 31, 2 ** 31],
  [65536, 65536],
  [1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
  [0],
  [[1]],
  { dtype: "F32", shape: [1], data_offsets: [0, 4] },
];
const NAMES = ["__proto__", "constructor", "__metadata__", "", "toString", "a\u0000b", "x".repeat(10_000)];

function safetensorsSeed(name: string, bytes: Uint8Array): FuzzSeed {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  const data = bytes.subarray(8 + length);
  const file = (json: string, content: Uint8Array): Uint8Array => {
    const encoded = new TextEncoder().encode(json);
    const out = new Uint8Array(8 + encoded.length + content.length);
    new DataView(out.buffer).setBigUint64(0, BigInt(encoded.length), true);
    out.set(encoded, 8);
    out.set(content, 8 + encoded.length);
    return out;
  };
  return {
    name,
    read: readWeights,
    mutate(random) {
      if (random() < 0.1) return mutateBytes(bytes, random);
      if (random() < 0.05) return replaced(bytes, 0, 8, edgeBytes(random, 8));
      if (random() < 0.05) return file("[".repeat(pick(random, [100, 100_000])), data);
      // Entries as pairs, for a name may stand twice.
      const entries: [string, unknown][] = Object.entries(JSON.parse(header));
      for (let changes = 1 + below(random, MOST_CHANGES); changes > 0 && entries.length > 0; changes--)
        changeEntry(entries, random);
      const json = `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`;
      return file(json, random() < 0.2 ? data.subarray(0, below(random, data.length + 1)) : data);
    },
  };
}

function changeEntry(entries: [string, unknown][], random: Random): void {
  const at = below(random, entries.length);
  const entry = entries[at];
  switch (below(random, 6)) {
    case 0:
      entries.splice(at, 1);
      return;
    case 1:
      entries.splice(at, 0, [entry[0], structuredClone(pick(random, entries)[1])]);
      return;
    case 2:
      entry[0] = pick(random, NAMES);
      return;
    case 3:
      entry[1] = pick(random, VALUES);
      return;
    default: {
      if (typeof entry[1] !== "object" || entry[1] === null) return;
      const fields = Object.entries(entry[1]);
      if (fields.length === 0) return;
      const [field, value] = pick(random, fields);
      const within = Array.isArray(value) && value.length > 0 && random() < 0.5;
      const changed = within ? value.with(below(random, value.length), pick(random, VALUES)) : pick(random, VALUES);
      entry[1] = { ...entry[1], [field]: changed };
    }
  }
}

/** Good files: exports of many forms, networks and plain tensors. */
export function networkSeeds(): FuzzSeed[] {
  const conditional = onnxModel({
    inputs: [port("z", ["batch", Z]), port("label", ["batch"], 7), port("psi", [1]), port("training", [], BOOL)],
    nodes: [
      node("Gather", ["table", "label"], "row"),
      node("Add", ["z", "row"], "labelled"),
      node("Mul", ["labelled", "psi"], "w"),
      ...body("w"),
    ],
    more: [floats("table", [3, Z], new Array(3 * Z).fill(0))],
  });
  const network = buildNetwork(tinyStyleGan2());
  return [
    onnxSeed("plain export", onnxModel()),
    onnxSeed("conditional export", conditional),
    onnxSeed("export with a loop", endlessModel()),
    onnxSeed("export with weights elsewhere", withExternalWeights("w.bin").model),
    onnxSeed("klish's export", exportOnnx(network, { noiseMode: "random" })),
    safetensorsSeed("klish's network", exportSafetensors(network)),
    safetensorsSeed("klish's network in halves", exportSafetensors(network, { half: true })),
    safetensorsSeed(
      "plain tensors",
      writeSafetensors(
        new Map([
          ["a", tensor([2, 2])],
          ["b", tensor([3])],
        ]),
        { family: "x" },
      ),
    ),
  ];
}
