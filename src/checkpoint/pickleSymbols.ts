import { buildNumpyArray, buildNumpyType, numpyScalar, reconstructNumpyArray, reduceNumpyType } from "./numpyPickle.ts";
import { type PickleContext, type PickleSource, spend } from "./pickleSource.ts";
import {
  asBytes,
  asDict,
  asItems,
  asText,
  describe,
  isKind,
  type NodeKind,
  type NodeOfKind,
  type PickleValue,
} from "./pickleValue.ts";
import { CheckpointError } from "./stateDict.ts";
import { rebuildParameter, rebuildTensor, storageTypes } from "./torchTensor.ts";

/** What may be done with a name, and what that makes. A name without `reduce` or `create` may only be mentioned. */
export interface SymbolRule {
  readonly contexts: readonly PickleContext[];
  /** REDUCE: "call" with arguments. */
  readonly reduce?: (args: readonly PickleValue[], source: PickleSource) => PickleValue;
  /** NEWOBJ: "new object" with arguments. */
  readonly create?: (args: readonly PickleValue[]) => PickleValue;
}

const plain: readonly PickleContext[] = ["plain"];
const both: readonly PickleContext[] = ["plain", "torch"];
const torch: readonly PickleContext[] = ["torch"];
const numpyCore = (name: string, rule: SymbolRule): [string, SymbolRule][] => [
  [`numpy.core.multiarray ${name}`, rule],
  [`numpy._core.multiarray ${name}`, rule],
];

/** The allow-list: "module name" -> rule. Nothing that is not here can be named by a file. */
export const symbolRules: ReadonlyMap<string, SymbolRule> = new Map<string, SymbolRule>([
  ["collections OrderedDict", { contexts: both, reduce: orderedDict }],
  ["builtins set", { contexts: both, reduce: set }],
  ["__builtin__ set", { contexts: both, reduce: set }],
  ["_codecs encode", { contexts: both, reduce: encode }],
  ["dnnlib.util EasyDict", { contexts: plain, reduce: emptyDict, create: emptyDict }],
  ["torch_utils.persistence _reconstruct_persistent_obj", { contexts: plain, reduce: persistentModule }],
  ["torch._utils _rebuild_parameter", { contexts: both, reduce: rebuildParameter }],
  ["torch._utils _rebuild_tensor_v2", { contexts: both, reduce: rebuildTensor }],
  ["torch.storage _load_from_bytes", { contexts: plain, reduce: loadFromBytes }],
  ["torch Size", { contexts: both, reduce: torchSize }],
  ...numpyCore("scalar", { contexts: both, reduce: numpyScalar }),
  ...numpyCore("_reconstruct", { contexts: both, reduce: reconstructNumpyArray }),
  ["numpy ndarray", { contexts: both }],
  ["numpy dtype", { contexts: both, reduce: reduceNumpyType }],
  ["dnnlib.tflib.network Network", { contexts: plain, create: network }],
  ["tfutil Network", { contexts: plain, create: network }],
  ["argparse Namespace", { contexts: torch, create: ignored }],
  ...[...storageTypes.keys()].map((name): [string, SymbolRule] => [name, { contexts: ["torch", "storage"] }]),
]);

/** Says whether the rule is for this object; if so, the object has got its state. */
export type BuildRule = (object: PickleValue, state: PickleValue) => boolean;

/** BUILD: which nodes take a state, and what it does. */
export const buildRules: readonly BuildRule[] = [
  // The _metadata of a state dict: versions of modules, not needed.
  on("dict", () => undefined),
  on("ignored", () => undefined),
  on("numpyType", buildNumpyType),
  on("numpyArray", buildNumpyArray),
  on("network", (node, state) => {
    node.state = asDict(state, "state of a Network");
  }),
];

function on<K extends NodeKind>(kind: K, give: (node: NodeOfKind<K>, state: PickleValue) => void): BuildRule {
  return (object, state) => {
    if (!isKind(object, kind)) return false;
    give(object, state);
    return true;
  };
}

function takes(args: readonly PickleValue[], count: number, what: string): void {
  if (args.length !== count) throw new CheckpointError(`${what}: expected ${count} arguments, got ${args.length}.`);
}

function emptyDict(args: readonly PickleValue[]): PickleValue {
  takes(args, 0, "EasyDict");
  return { kind: "dict", entries: new Map() };
}

function orderedDict(args: readonly PickleValue[], source: PickleSource): PickleValue {
  const entries = new Map<PickleValue, PickleValue>();
  if (args.length > 0) {
    takes(args, 1, "OrderedDict");
    const pairs = asItems(args[0], "items of an OrderedDict");
    spend(source.budget, "objects", pairs.length);
    for (const pair of pairs) {
      const [key, value, ...more] = asItems(pair, "item of an OrderedDict");
      if (key === undefined || value === undefined || more.length > 0)
        throw new CheckpointError("item of an OrderedDict: expected a key and a value.");
      entries.set(key, value);
    }
  }
  return { kind: "dict", entries };
}

function set(args: readonly PickleValue[]): PickleValue {
  takes(args, 1, "set");
  asItems(args[0], "items of a set");
  return { kind: "set" };
}

/** `_codecs.encode(text, "latin1")`: how protocol 2 writes bytes. */
function encode(args: readonly PickleValue[], source: PickleSource): PickleValue {
  takes(args, 2, "_codecs.encode");
  const text = asText(args[0], "text to encode");
  if (args[1] !== "latin1") throw new CheckpointError(`_codecs.encode: expected "latin1", got ${describe(args[1])}.`);
  spend(source.budget, "textBytes", text.length);
  return asBytes(text, "text to encode");
}

function persistentModule(args: readonly PickleValue[]): PickleValue {
  takes(args, 1, "_reconstruct_persistent_obj");
  return { kind: "module", meta: asDict(args[0], "module of an NVIDIA pickle") };
}

function loadFromBytes(args: readonly PickleValue[], source: PickleSource): PickleValue {
  takes(args, 1, "_load_from_bytes");
  if (source.loadStorage === undefined)
    throw new CheckpointError("A torch storage within a torch storage is not allowed.");
  return source.loadStorage(asBytes(args[0], "bytes of a torch storage"));
}

function torchSize(args: readonly PickleValue[]): PickleValue {
  takes(args, 1, "torch.Size");
  if (!isKind(args[0], "tuple")) throw new CheckpointError(`torch.Size: expected a tuple, got ${describe(args[0])}.`);
  return args[0];
}

function network(args: readonly PickleValue[]): PickleValue {
  takes(args, 0, "Network");
  return { kind: "network", state: null };
}

function ignored(args: readonly PickleValue[]): PickleValue {
  takes(args, 0, "Namespace");
  return { kind: "ignored" };
}
