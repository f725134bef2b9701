import { graph } from "../../graph/graph.ts";
import { constant, conv, input, leakyRelu, matmul, reshape } from "../../graph/ops/index.ts";
import type { Value } from "../../graph/value.ts";
import { bilinearMatrix, resize } from "../../nn/resample.ts";
import { compile, type Provider, type Runtime } from "../../runtime/session.ts";
import { RandomState } from "../../tensor/random.ts";
import { sizeOf, type Tensor } from "../../tensor/tensor.ts";

/** Features of images by a network that nothing has been taught. */
export interface ImageFeatures {
  readonly dimensions: number;
  /** Images [n,3,R,R] in [-1,1] to [n,dimensions]. */
  features(images: Tensor): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** Side of the network's input. */
const SIDE = 64;
const CHANNELS = [3, 32, 64, 128, 256];
const DIMENSIONS = 64;
const SLOPE = 0.2;
/** Whoever compares figures must use the same network. */
const SEED = 20201015;

/**
 * A convolutional network with random weights, always the same: four 4x4 convolutions of stride 2 with leaky rectifiers, then
 * a random projection to 64 numbers. For pictures unlike ImageNet's, features of random networks tell sets of images
 * apart at least as well as those of trained ones (Naeem et al., 2020, section 4.3). Images of another size than 64 pixels are
 * resized first, linearly.
 */
export async function randomNetwork(
  resolution: number,
  where: { readonly runtime: Runtime; readonly provider?: Provider; readonly threads?: number },
): Promise<ImageFeatures> {
  const random = new RandomState(SEED);
  /** Variance 2 / fan-in: the scale of numbers stays the same from layer to layer. */
  const weight = (shape: readonly number[], fanIn: number): Value => {
    const deviation = Math.sqrt(2 / fanIn);
    return constant(
      shape,
      Float32Array.from({ length: sizeOf(shape) }, () => random.randn() * deviation),
    );
  };
  const images = input("images", [1, 3, resolution, resolution]);
  let x = resolution === SIDE ? images : resize(images, [SIDE, SIDE], bilinearMatrix);
  for (let i = 1; i < CHANNELS.length; i++) {
    const [I, O] = [CHANNELS[i - 1], CHANNELS[i]];
    x = leakyRelu(conv(x, weight([O, I, 4, 4], I * 16), { stride: 2, padding: 1 }), SLOPE);
  }
  const size = sizeOf(x.shape);
  const y = matmul(reshape(x, [1, size]), weight([size, DIMENSIONS], size));
  const session = await compile(graph({ y }), { ...where, dynamicBatch: true });
  return {
    dimensions: DIMENSIONS,
    features: async (batch) => (await session.run({ images: batch }))["y"].data as Float32Array,
    dispose: () => session.dispose(),
  };
}
