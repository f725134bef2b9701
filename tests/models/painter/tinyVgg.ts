/** A VGG19 of random weights, of few channels, as an .onnx. */
import { toOnnx } from "../../../src/graph/emit.ts";
import { graph } from "../../../src/graph/graph.ts";
import { input } from "../../../src/graph/ops/index.ts";
import { type Vgg, vggFeatures } from "../../../src/models/painter/vgg.ts";
import { randn } from "../../../src/tensor/random.ts";
import { tensor } from "../../../src/tensor/tensor.ts";

const CHANNELS = [2, 2, 3, 3, 2, 2, 2, 2, 3, 3, 3, 3, 2];

export const tinyVggWeights = (seed = 1): Vgg =>
  CHANNELS.map((outputs, i) => {
    const inputs = i === 0 ? 3 : CHANNELS[i - 1];
    const size = outputs * inputs * 9;
    return {
      weight: tensor(
        [outputs, inputs, 3, 3],
        Float32Array.from(randn(seed + i, size), (v) => v * Math.sqrt(2 / (inputs * 9))),
      ),
      bias: tensor([outputs], Float32Array.from(randn(seed + 50 + i, outputs))),
    };
  });

export function tinyVgg(seed = 1): Uint8Array {
  const features = vggFeatures(tinyVggWeights(seed), input("pictures", [1, 3, 16, 16]));
  return toOnnx(graph({ relu5_1: features[4] }));
}
