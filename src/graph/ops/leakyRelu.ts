import { apply, type Op, type Value } from "../value.ts";
import { mul } from "./mul.ts";

interface LeakyReluAttrs {
  readonly slope: number;
}

export const leakyReluOp: Op<LeakyReluAttrs> = {
  name: "LeakyRelu",
  shape: ([x]) => x.shape,
  emit: (emitter, inputs, { slope }) => emitter.node("LeakyRelu", inputs, { alpha: { float: slope } }),
  // y has the sign of x, so that x need not be kept, and may be fused away.
  gradient: (g, y) => mul(g, leakyMask(y as unknown as Value, y.attrs.slope)),
  evaluate: ([x], { slope }) => x.map((v) => (v < 0 ? slope * v : v)),
};

/** max(x, slope x) for 0 <= slope < 1; slope 0 is ReLU. */
export const leakyRelu = (x: Value, slope = 0.2): Value => apply(leakyReluOp, [x], { slope });

/** Makes the step steep enough that every normal float32 lands on one side. */
const STEEP = 1e30;

/** The derivative of leakyRelu: 1 where x > 0, slope elsewhere. Piecewise constant, so its own derivative is zero. */
const leakyMaskOp: Op<LeakyReluAttrs> = {
  name: "LeakyMask",
  shape: ([x]) => x.shape,
  // Clip(1e30 x, slope, 1): two cheap ops where Greater, Cast and Where would be three; one does for slope 0.
  emit: (emitter, [x], { slope }, value) => {
    if (slope === 0) return emitter.node("HardSigmoid", [x], { alpha: { float: STEEP }, beta: { float: 0 } });
    const steep = emitter.node("Mul", [
      x,
      emitter.float32(
        [STEEP],
        value.shape.map(() => 1),
      ),
    ]);
    return emitter.node("Clip", [steep, emitter.float32([slope], []), emitter.float32([1], [])]);
  },
  gradient: () => undefined,
  evaluate: ([x], { slope }) => x.map((v) => (v > 0 ? 1 : slope)),
};

const leakyMask = (x: Value, slope: number): Value => apply(leakyMaskOp, [x], { slope });
