/** The way on for a PyTorch network that klish does not know: a few lines of Python that make an ONNX model of it. */
import type { StateDict } from "../checkpoint/stateDict.ts";
import { pythonString, visible } from "../text/escape.ts";

/** Weights of what turns a class into numbers. */
const CLASS_TABLE = /embed|label|class|(?:^|[._/])cond/i;

/** Whether the weights' names speak of classes. */
export const looksConditional = (names: Iterable<string>): boolean => [...names].some((name) => CLASS_TABLE.test(name));

/**
 * Python that exports the network of these weights, for a message. The latent's shape is guessed from the first layer:
 * nn.Linear [out, in], nn.ConvTranspose2d [in, out, k, k].
 */
export function pytorchExport(weights: StateDict, file: string, network = ""): string {
  const conditional = looksConditional(weights.keys());
  const first = [...weights].find(([name, { shape }]) => shape.length >= 2 && !CLASS_TABLE.test(name));
  const latent =
    first === undefined
      ? [1, 100]
      : first[1].shape.length === 2
        ? [1, first[1].shape[1]]
        : [1, first[1].shape[0], 1, 1];
  const guess = first === undefined ? "the latent of your network" : `guessed from ${visible(first[0])}`;
  const target = `${file.replace(/\.[^./\\]*$/, "")}.onnx`;
  const batch = '{0: "batch"}';
  return [
    "import torch",
    "from my_training_code import Generator  # the class whose weights these are",
    "G = Generator()",
    `G.load_state_dict(torch.load(${pythonString(file)}, map_location="cpu")${network === "" ? "" : `[${pythonString(network)}]`})`,
    "G.eval()",
    `z = torch.randn(${latent.join(", ")})  # ${guess}`,
    ...(conditional ? ["c = torch.zeros(1, dtype=torch.long)  # a class"] : []),
    `torch.onnx.export(G, (z, ${conditional ? "c" : ""}), ${pythonString(target)}, input_names=["z"${conditional ? ', "c"' : ""}], output_names=["image"],`.replace(
      "(z, ),",
      "(z,),",
    ),
    `                  dynamic_axes={"z": ${batch}${conditional ? `, "c": ${batch}` : ""}, "image": ${batch}})`,
  ].join("\n");
}
