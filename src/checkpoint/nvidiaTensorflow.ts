import { tensor } from "../tensor/tensor.ts";
import { toConfig, type UnfoldBudget, unfoldBudget } from "./pickleConfig.ts";
import { asDict, asItems, asText, describe, isKind, type NetworkNode, type PickleValue } from "./pickleValue.ts";
import {
  type Checkpoint,
  CheckpointError,
  type ConfigObject,
  type ConfigValue,
  type LazyTensor,
  type StateDict,
} from "./stateDict.ts";

/**
 * NVIDIA's TensorFlow pickles (PGGAN, StyleGAN, StyleGAN2, StyleGAN2-ADA): a tuple (G, D, Gs) of Network objects. A network is
 * `{version, name, static_kwargs, components, build_module_src, build_func_name, variables}`; the Python source in `build_module_src` is
 * never looked at.
 */

/** The networks at the end of the tuple; other people put an encoder before them. Gs has the averaged weights. */
const NAMES = ["G", "D", "Gs"] as const;
/** PGGAN 2; StyleGAN 2 or 3; StyleGAN2 4. */
const NETWORK_VERSIONS: readonly PickleValue[] = [2, 3, 4];
/** Official networks have components, and those have none. */
const MAX_DEPTH = 4;
const SETTINGS = ["version", "name", "build_func_name", "static_kwargs"] as const;

/** A network, or a tuple with one in it. */
export function isNvidiaTensorflow(root: PickleValue): boolean {
  return (
    isKind(root, "network") ||
    ((isKind(root, "tuple") || isKind(root, "list")) && root.items.some((item) => isKind(item, "network")))
  );
}

/**
 * The networks of the file as "G", "D", "Gs" (a lone network is "Gs"). Variables of a network and of its components share one state dict,
 * because their names do not meet. `config[network]` has name, version, build_func_name, static_kwargs, and the same for `components`.
 * @throws CheckpointError for other numbers of networks and other versions.
 */
export function readNvidiaTensorflow(root: PickleValue): Checkpoint {
  const items = isKind(root, "network") ? [root] : asItems(root, "NVIDIA pickle");
  const last = items.length === 1 ? items : items.slice(-NAMES.length);
  if (last.length !== 1 && last.length !== NAMES.length)
    throw new CheckpointError(`NVIDIA pickle: expected the three networks G, D, Gs, got ${items.length} objects.`);
  const networks = new Map<string, StateDict>();
  const config: [string, ConfigObject][] = [];
  const budget = unfoldBudget();
  last.forEach((item, i) => {
    const name = NAMES[NAMES.length - last.length + i]!;
    if (!isKind(item, "network"))
      throw new CheckpointError(`NVIDIA pickle: expected the network ${name}, got ${describe(item)}.`);
    const tensors = new Map<string, LazyTensor>();
    config.push([name, readNetwork(item, name, tensors, budget, 0)]);
    networks.set(name, tensors);
  });
  return { format: "nvidia-tf-pickle", networks, config: Object.fromEntries(config) };
}

function readNetwork(
  node: NetworkNode,
  label: string,
  tensors: Map<string, LazyTensor>,
  budget: UnfoldBudget,
  depth: number,
): ConfigObject {
  if (depth > MAX_DEPTH) throw new CheckpointError(`${label}: components are nested too deeply.`);
  const { entries } = asDict(node.state ?? undefined, `state of network ${label}`);
  const version = entries.get("version");
  if (!NETWORK_VERSIONS.includes(version ?? null))
    throw new CheckpointError(
      `network ${label}: expected object version ${NETWORK_VERSIONS.join(", ")}, got ${describe(version)}.`,
    );
  const own = new Set<string>();
  for (const pair of asItems(entries.get("variables"), `variables of ${label}`)) {
    const [name, value, ...more] = asItems(pair, `variable of ${label}`);
    const text = asText(name, `name of a variable of ${label}`);
    if (more.length > 0 || own.has(text))
      throw new CheckpointError(`network ${label}: variable ${text} is broken or occurs twice.`);
    own.add(text);
    const known = tensors.has(text);
    // StyleGAN sets the `lod` of its synthesis component to its own before every run, so the outer one counts.
    if (known && text !== "lod")
      throw new CheckpointError(`network ${label}: variable ${text} occurs in two components.`);
    if (!known) tensors.set(text, variable(value, `variable ${text} of ${label}`));
  }
  const settings = SETTINGS.map((key) => [key, toConfig(entries.get(key) ?? null, budget)] as const);
  const components: [string, ConfigValue][] = [];
  const children = entries.get("components");
  for (const [key, child] of children === undefined ? [] : asDict(children, `components of ${label}`).entries) {
    const name = asText(key, `name of a component of ${label}`);
    if (!isKind(child, "network"))
      throw new CheckpointError(`network ${label}: expected a network as ${name}, got ${describe(child)}.`);
    components.push([name, readNetwork(child, `${label}.${name}`, tensors, budget, depth + 1)]);
  }
  const known = settings.filter(
    (pair): pair is readonly [(typeof SETTINGS)[number], ConfigValue] => pair[1] !== undefined,
  );
  return { ...Object.fromEntries<ConfigValue>(known), components: Object.fromEntries(components) };
}

/** Arrays of rank 0 are saved as numbers. */
function variable(value: PickleValue | undefined, label: string): LazyTensor {
  if (isKind(value, "numpyArray") && value.tensor !== null) return value.tensor;
  if (typeof value === "number")
    return { dtype: "float32", shape: [], read: () => tensor([], new Float32Array([value])) };
  throw new CheckpointError(`${label}: expected a NumPy array or number, got ${describe(value)}.`);
}
