import type { LazyTensor, StateDict } from "../checkpoint/stateDict.ts";
import { constant } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { sameShape, type Tensor } from "../tensor/tensor.ts";
import { GeneratorError } from "./errors.ts";
import { type Layout, readFloat32 } from "./layout.ts";
import { looksConditional } from "./pytorchExport.ts";

/**
 * A row of a table that translates a file's weight names to the family's own: a pattern of whole names; the new name,
 * with $1, $2 for the pattern's groups or as a function of them, or null for what has no part in making images; then
 * what turns the stored layout into the family's.
 */
export type WeightRule = readonly [
  pattern: RegExp,
  name: string | ((...groups: string[]) => string) | null,
  ...layouts: Layout[],
];

/** A weight under the family's name, with the name that it has in the file. */
export interface NamedWeight extends LazyTensor {
  readonly storedAs: string;
}

export interface TranslatedWeights {
  readonly weights: ReadonlyMap<string, NamedWeight>;
  /** Names in the file of what was left out on purpose. */
  readonly ignored: readonly string[];
}

/**
 * Translates a state dict by the first rule that fits each name. Throws GeneratorError for names that no rule knows and
 * where two weights get the same name.
 */
export function translateWeights(network: string, stored: StateDict, rules: readonly WeightRule[]): TranslatedWeights {
  const weights = new Map<string, NamedWeight>();
  const ignored: string[] = [];
  const unknown: string[] = [];
  for (const [storedAs, tensor] of stored) {
    const rule = rules.find(([pattern]) => pattern.test(storedAs));
    if (rule === undefined) unknown.push(storedAs);
    else if (rule[1] === null) ignored.push(storedAs);
    else {
      const [pattern, rename, ...layouts] = rule;
      const name =
        typeof rename === "string"
          ? storedAs.replace(pattern, rename)
          : rename(...(pattern.exec(storedAs) as RegExpExecArray).slice(1));
      const clash = weights.get(name);
      if (clash !== undefined)
        throw new GeneratorError(`${network}: ${clash.storedAs} and ${storedAs} are the same weight, ${name}`);
      if (!FLOATS.has(tensor.dtype))
        throw new GeneratorError(
          `${network}: ${storedAs} holds ${tensor.dtype}, expected floating point; quantised weights are not read`,
        );
      const arranged = layouts.reduce((t, layout) => layout(t), tensor);
      weights.set(name, { dtype: arranged.dtype, shape: arranged.shape, read: () => arranged.read(), storedAs });
    }
  }
  refuseUnknown(network, unknown);
  return { weights, ignored };
}

/** Halves are read as float32. */
const FLOATS: ReadonlySet<string> = new Set(["float32", "float64"]);

/** Where a network gets its weights: the constants of a checkpoint, or the inputs of a training step. */
export interface NetworkWeights {
  has(name: string): boolean;
  /** The weight's shape; undefined when there is none. */
  shapeOf(name: string): readonly number[] | undefined;
  /** The weight as a value. Throws GeneratorError when it is missing or of another shape. */
  value(name: string, shape: readonly number[]): Value;
  /** The numbers of a weight that networks may lack and that is not trained. */
  takeIfStored(name: string, shape: readonly number[]): Float32Array | undefined;
}

/** Hands out weights once each, checked, so that a file with too few, too many or odd ones is refused. */
export interface WeightReader extends NetworkWeights {
  /** The weight's values as float32. Throws GeneratorError when it is missing, of another shape, or not finite. */
  take(name: string, shape: readonly number[]): Float32Array;
  /** What was taken, by name. Throws GeneratorError when a weight was left over. */
  finish(): ReadonlyMap<string, Tensor>;
}

const NONE = /^(?!)/;

export function weightReader(
  network: string,
  weights: ReadonlyMap<string, NamedWeight>,
  optional: RegExp = NONE,
): WeightReader {
  const taken = new Map<string, Tensor>();
  const reader: WeightReader = {
    has: (name) => weights.has(name),
    shapeOf: (name) => weights.get(name)?.shape,
    take(name, shape) {
      const weight = weights.get(name);
      if (weight === undefined) throw new GeneratorError(`${network}: the weight ${name} is missing from the file`);
      if (taken.has(name)) throw new Error(`${network}: ${name} is taken twice`);
      const { storedAs } = weight;
      const label = storedAs === name ? name : `${name} (${storedAs} in the file)`;
      if (!sameShape(weight.shape, shape))
        throw new GeneratorError(`${network}: ${label} has shape [${weight.shape}], expected [${shape}]`);
      const values = readFloat32(weight);
      const bad = values.data.findIndex((v) => !Number.isFinite(v));
      if (bad >= 0)
        throw new GeneratorError(
          `${network}: ${label} holds ${values.data[bad]} at element ${bad}; the file is damaged or the training diverged`,
        );
      taken.set(name, values);
      return values.data;
    },
    value: (name, shape) => constant(shape, reader.take(name, shape)),
    takeIfStored: (name, shape) => (optional.test(name) && !weights.has(name) ? undefined : reader.take(name, shape)),
    finish() {
      refuseUnknown(
        network,
        [...weights].filter(([name]) => !taken.has(name)).map(([, { storedAs }]) => storedAs),
      );
      return taken;
    },
  };
  return reader;
}

/** Names that an error lists before it stops. */
const LISTED = 5;

function refuseUnknown(network: string, names: readonly string[]): void {
  if (names.length === 0) return;
  const list = `${names.slice(0, LISTED).join(", ")}${names.length > LISTED ? ", …" : ""}`;
  const classes = looksConditional(names)
    ? ". Their names speak of classes: a conditional variant that klish does not know. Export it to ONNX with its class as an input"
    : "";
  throw new GeneratorError(
    `${network}: the file has weights that are not part of this network (${names.length}): ${list}${classes}`,
  );
}
