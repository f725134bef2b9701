import { toConfigObject, type UnfoldBudget, unfold, unfoldBudget } from "./pickleConfig.ts";
import { asDict, asText, describe, isKind, type ModuleNode, type PickleDict, type PickleValue } from "./pickleValue.ts";
import { type Checkpoint, CheckpointError, type ConfigObject, type LazyTensor, type StateDict } from "./stateDict.ts";

/**
 * NVIDIA's PyTorch pickles (stylegan2-ada-pytorch, and the StyleGAN2 networks of the stylegan3 repository): a dict `{G, D, G_ema,
 * augment_pipe, training_set_kwargs}` of modules. A module is `{type, version, module_src, class_name, state}`, where `state` is its
 * `__dict__`. The Python source in `module_src` is never looked at.
 */

/** The network with averaged weights: the one that generates images. */
const GENERATOR = "G_ema";
/** torch_utils.persistence has written no other. */
const PERSISTENCE_VERSION = 6;
/** Official networks nest 4 deep (synthesis.b8.conv0.affine). */
const MAX_DEPTH = 16;

/** A dictionary with a module in it. */
export function isNvidiaPytorch(root: PickleValue): root is PickleDict {
  return isKind(root, "dict") && [...root.entries.values()].some((value) => isKind(value, "module"));
}

/**
 * The networks of the file: names -> state dicts with dotted names, parameters before buffers before children, in the order of
 * registration. `config[network]` has a row for each module, by dotted path ("" is the network itself): its `class_name` and its plain
 * attributes (`z_dim`, `architecture`, `conv_clamp`, …; `_init_args` and `_init_kwargs` as they were given).
 * @throws CheckpointError where G_ema is absent, where a module is not as NVIDIA's code writes it, and for StyleGAN3.
 */
export function readNvidiaPytorch(root: PickleDict): Checkpoint {
  const generator = root.entries.get(GENERATOR);
  if (!isKind(generator, "module"))
    throw new CheckpointError(
      `NVIDIA pickle: expected a network under ${GENERATOR}, got ${describe(generator)}. ` +
        `The file has ${[...root.entries.keys()].slice(0, 10).map(describe).join(", ")}; ask for the one that was saved for generating images.`,
    );
  const networks = new Map<string, StateDict>();
  const config: [string, ConfigObject][] = [];
  const budget = unfoldBudget();
  for (const [name, module] of root.entries) {
    if (typeof name !== "string" || !isKind(module, "module")) continue;
    const tensors = new Map<string, LazyTensor>();
    const rows = new Map<string, ConfigObject>();
    readModule(module, [], tensors, rows, budget);
    if (name === GENERATOR) refuseStyleGan3(rows);
    networks.set(name, tensors);
    config.push([name, Object.fromEntries(rows)]);
  }
  return { format: "nvidia-pytorch-pickle", networks, config: Object.fromEntries(config) };
}

function readModule(
  { meta }: ModuleNode,
  path: readonly string[],
  tensors: Map<string, LazyTensor>,
  rows: Map<string, ConfigObject>,
  budget: UnfoldBudget,
): void {
  const where = path.join(".");
  const label = `module ${JSON.stringify(where)} of the NVIDIA pickle`;
  if (path.length > MAX_DEPTH) throw new CheckpointError(`${label}: deeper than any known network.`);
  const version = meta.entries.get("version");
  if (meta.entries.get("type") !== "class" || version !== PERSISTENCE_VERSION)
    throw new CheckpointError(
      `${label}: expected a class of persistence version ${PERSISTENCE_VERSION}, got ${describe(version)}.`,
    );
  const className = asText(meta.entries.get("class_name"), `class name of ${label}`);
  const state = asDict(meta.entries.get("state"), `state of ${label}`);
  unfold(budget, state.entries.size);
  rows.set(where, { class_name: className, ...toConfigObject([...state.entries].filter(isAttribute), budget) });
  for (const kind of ["_parameters", "_buffers"]) {
    const { entries } = asDict(state.entries.get(kind), `${kind} of ${label}`);
    unfold(budget, entries.size);
    for (const [name, value] of entries) {
      const full = childPath(path, name, label).join(".");
      if (value === null) continue; // registered, but not used
      if (!isKind(value, "tensor")) throw new CheckpointError(`${full}: expected a tensor, got ${describe(value)}.`);
      if (tensors.has(full)) throw new CheckpointError(`${label}: two tensors are named ${full}.`);
      tensors.set(full, value.tensor);
    }
  }
  for (const [name, child] of asDict(state.entries.get("_modules"), `children of ${label}`).entries) {
    if (child === null) continue;
    if (!isKind(child, "module"))
      throw new CheckpointError(`${label}: expected a module as child ${describe(name)}, got ${describe(child)}.`);
    readModule(child, childPath(path, name, label), tensors, rows, budget);
  }
}

/** A name with a dot could pass for that of another module. */
const NAME = /^[^.]{1,128}$/;

function childPath(path: readonly string[], name: PickleValue, label: string): string[] {
  if (typeof name !== "string" || !NAME.test(name))
    throw new CheckpointError(`${label}: expected a name without dots, got ${describe(name)}.`);
  return [...path, name];
}

/** Names with an underscore are torch's own, but for the arguments that the module was made with. */
function isAttribute([name]: readonly [PickleValue, PickleValue]): boolean {
  return typeof name === "string" && name !== "class_name" && (!name.startsWith("_") || name.startsWith("_init_"));
}

/** StyleGAN3's generator has the same class name; its synthesis begins with a module for Fourier features. */
function refuseStyleGan3(rows: ReadonlyMap<string, ConfigObject>): void {
  if (rows.has("synthesis.input"))
    throw new CheckpointError(
      "StyleGAN3 is not supported: the file holds a StyleGAN3 generator. Readable are PGGAN, StyleGAN, StyleGAN2 and StyleGAN2-ADA.",
    );
}
