import { toConfigObject, type UnfoldBudget, unfold, unfoldBudget } from "./pickleConfig.ts";
import { describe, isKind, type PickleDict, type PickleValue } from "./pickleValue.ts";
import { type Checkpoint, CheckpointError, type ConfigObject, type LazyTensor, type StateDict } from "./stateDict.ts";

/** The name of tensors that stand at the top of the file, outside any named network. */
export const TOP_LEVEL = "";

/**
 * The state dicts in a `.pth` or `.pt` file, or in a plain pickle of such. Every dictionary of tensors at the top is a network of that name (genforce:
 * `generator_smooth`; rosinality: `g_ema`); tensors at the top itself are the network "" (KLiSH's own files; rosinality's `latent_avg`).
 * Optimisers and other deeper things are not weights and are left out. `config` has the plain values beside the tensors.
 * @throws CheckpointError where the file is not a dictionary or has no tensors.
 */
export function readTorchState(root: PickleValue, format: string): Checkpoint {
  if (!isKind(root, "dict"))
    throw new CheckpointError(
      `torch file: expected a dictionary of weights, got ${describe(root)}. Save model.state_dict(), not the model.`,
    );
  const budget = unfoldBudget();
  const networks = new Map<string, StateDict>();
  const config: [string, ConfigObject][] = [];
  const rest: [PickleValue, PickleValue][] = [];
  const top = tensorsOf(root, budget);
  if (top.size > 0) networks.set(TOP_LEVEL, top);
  for (const [name, value] of root.entries) {
    const tensors = isKind(value, "dict") && typeof name === "string" ? tensorsOf(value, budget) : undefined;
    if (tensors === undefined || tensors.size === 0) rest.push([name, value]);
    else {
      if (name === TOP_LEVEL) throw new CheckpointError("torch file: a network without a name.");
      networks.set(name as string, tensors);
      config.push([name as string, toConfigObject((value as PickleDict).entries, budget)]);
    }
  }
  if (networks.size === 0)
    throw new CheckpointError(
      `torch file: no weights found; it has ${[...root.entries.keys()].slice(0, 10).map(describe).join(", ") || "no entries"}.`,
    );
  config.push([TOP_LEVEL, toConfigObject(rest, budget)]);
  return { format, networks, config: Object.fromEntries(config) };
}

function tensorsOf(dict: PickleDict, budget: UnfoldBudget): Map<string, LazyTensor> {
  const tensors = new Map<string, LazyTensor>();
  unfold(budget, dict.entries.size);
  for (const [name, value] of dict.entries)
    if (typeof name === "string" && isKind(value, "tensor")) tensors.set(name, value.tensor);
  return tensors;
}
