/**
 * VGG19 (Simonyan and Zisserman, 2015) as far as perceptual losses look: a user's own weights, since those that are trained on ImageNet are not
 * ours to give.
 */
import { decodeOnnx, ONNX_FLOAT, OnnxError, type OnnxNode, type OnnxTensor } from "../../graph/onnxModel.ts";
import { constant, conv, div, leakyRelu, maxPool, sub } from "../../graph/ops/index.ts";
import type { Value } from "../../graph/value.ts";
import { sizeOf, type Tensor, tensor } from "../../tensor/tensor.ts";

/** Convolutions of 3x3 between two poolings, up to relu5_1. */
const STAGES = [2, 2, 4, 4, 1] as const;
const CONVOLUTIONS = STAGES.reduce((sum, n) => sum + n, 0);

/** Weights [O,I,3,3] and biases [O] of the first thirteen convolutions. */
export type Vgg = readonly { readonly weight: Tensor; readonly bias: Tensor }[];

/**
 * Reads the weights from an .onnx of VGG19 (torchvision's `vgg19(...).features` exported, or the whole network): its convolutions in the order in
 * which they stand. Any numbers of channels will do. Throws OnnxError for what is none.
 */
export function readVgg(bytes: Uint8Array): Vgg {
  const {
    graph: { nodes, initializers },
  } = decodeOnnx(bytes);
  const named = new Map(initializers.map((one) => [one.name, one]));
  const refuse = (what: string): never => {
    throw new OnnxError(`this is no VGG19 for a perceptual loss: ${what}`);
  };
  const convolutions = nodes.filter(({ opType }) => opType === "Conv").slice(0, CONVOLUTIONS);
  if (convolutions.length < CONVOLUTIONS)
    refuse(`it has ${convolutions.length} convolutions, expected ${CONVOLUTIONS} or more`);
  if (nodes.some(({ opType }) => opType === "BatchNormalization"))
    refuse("it has batch normalisation; export the plain one (vgg19, not vgg19_bn)");
  return convolutions.map((node, i) => {
    const [weight, bias] = [numbers(named, node, 1), numbers(named, node, 2)];
    if (weight === undefined || bias === undefined)
      return refuse(`its convolution ${i + 1} has no weight and bias in float32 beside it`);
    const inputs = i === 0 ? 3 : named.get(convolutions[i - 1].inputs[1])?.dims[0];
    const [O, I, ...kernel] = weight.shape;
    if (weight.shape.length !== 4 || I !== inputs || kernel.some((side) => side !== 3) || bias.shape[0] !== O)
      refuse(`its convolution ${i + 1} is [${weight.shape}], expected [channels,${inputs},3,3]`);
    return { weight, bias };
  });
}

function numbers(named: ReadonlyMap<string, OnnxTensor>, { inputs }: OnnxNode, place: number): Tensor | undefined {
  const found = named.get(inputs[place] ?? "");
  const size = found === undefined ? 0 : sizeOf(found.dims);
  if (found === undefined || found.dataType !== ONNX_FLOAT || found.rawData.length !== 4 * size) return undefined;
  const view = new DataView(found.rawData.buffer, found.rawData.byteOffset, found.rawData.byteLength);
  return tensor(
    found.dims,
    Float32Array.from({ length: size }, (_, i) => view.getFloat32(4 * i, true)),
  );
}

/** What torchvision's weights expect of red, green and blue in [0,1]. */
const MEAN = [0.485, 0.456, 0.406];
const DEVIATION = [0.229, 0.224, 0.225];

/** Maps relu1_1, relu2_1, … relu5_1 of pictures [N,3,S,S] in [-1,1], S at least 16. */
export function vggFeatures(vgg: Vgg, pictures: Value): Value[] {
  // (x + 1) / 2, less the mean, over the deviation.
  const perColour = (values: readonly number[]): Value => constant([1, 3, 1, 1], values);
  const middle = perColour(MEAN.map((mean) => 2 * mean - 1));
  let x = div(sub(pictures, middle), perColour(DEVIATION.map((deviation) => 2 * deviation)));
  const features: Value[] = [];
  let i = 0;
  for (const [stage, count] of STAGES.entries()) {
    if (stage > 0) x = maxPool(x, { kernel: 2 });
    for (let k = 0; k < count; k++, i++) {
      const { weight, bias } = vgg[i];
      const kernel = constant(weight.shape, weight.data);
      x = leakyRelu(conv(x, kernel, { padding: 1, bias: constant(bias.shape, bias.data) }), 0);
      if (k === 0) features.push(x);
    }
  }
  return features;
}
