import type { OnnxGraph, OnnxNode } from "../../graph/onnxModel.ts";

/** Nodes that transform each place of a map by itself: what follows a convolution inside one layer. */
const POINTWISE = new Set([
  "Add",
  "BatchNormalization",
  "Celu",
  "Clip",
  "Div",
  "Dropout",
  "Elu",
  "Gelu",
  "HardSigmoid",
  "HardSwish",
  "Identity",
  "InstanceNormalization",
  "LeakyRelu",
  "Mish",
  "Mul",
  "PRelu",
  "Pow",
  "Relu",
  "Selu",
  "Sigmoid",
  "Softplus",
  "Sub",
  "Tanh",
  "ThresholdedRelu",
]);
const CONVOLUTION = new Set(["Conv", "ConvTranspose"]);

/**
 * Names of tensors that end a layer of an imported graph: results of a convolution or a pointwise node that something
 * other than one pointwise node reads. So a chain convolution, normalisation, activation counts once, by its end. The
 * order is the graph's.
 */
export function layerEnds({ nodes, outputs }: OnnxGraph): string[] {
  const readers = new Map<string, OnnxNode[]>();
  for (const node of nodes)
    for (const name of node.inputs) {
      const known = readers.get(name);
      if (known === undefined) readers.set(name, [node]);
      else known.push(node);
    }
  const isOutput = new Set(outputs.map((o) => o.name));
  return (
    nodes
      .filter(({ opType }) => POINTWISE.has(opType) || CONVOLUTION.has(opType))
      .map((node) => node.outputs[0])
      // An output without a name is not computed.
      .filter((name) => {
        if (name === undefined || name === "") return false;
        const users = readers.get(name) ?? [];
        return users.length > 0 && !isOutput.has(name) && !(users.length === 1 && POINTWISE.has(users[0].opType));
      })
  );
}
