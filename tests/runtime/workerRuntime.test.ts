import { describe, expect, it } from "vitest";
import { toOnnx } from "../../src/graph/emit.ts";
import { graph } from "../../src/graph/graph.ts";
import { input, mul } from "../../src/graph/ops/index.ts";
import { workerRuntime } from "../../src/runtime/node/workerRuntime.ts";
import { RuntimeError } from "../../src/runtime/session.ts";
import { tensor } from "../../src/tensor/tensor.ts";

describe("workerRuntime()", () => {
  it("runs sessions in a thread of its own and leaves the feeds with the caller", async () => {
    const session = await workerRuntime().createSession(toOnnx(graph({ y: mul(input("x", [2]), 3) })));
    expect(session.inputs).toEqual([{ name: "x", dtype: "float32", shape: [2] }]);
    const x = tensor([2], Float32Array.of(1, 2));
    const { y } = await session.run({ x });
    expect(Array.from(y.data as Float32Array)).toEqual([3, 6]);
    expect(Array.from(x.data)).toEqual([1, 2]);
    await session.dispose();
    await expect(session.run({ x })).rejects.toThrow("disposed");
  });

  it("rejects with RuntimeError for what is no model", async () => {
    await expect(workerRuntime().createSession(new Uint8Array([1, 2, 3]))).rejects.toThrow(RuntimeError);
  });
});
