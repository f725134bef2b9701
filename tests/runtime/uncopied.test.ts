import { describe, expect, it } from "vitest";
import { toOnnx } from "../../src/graph/emit.ts";
import { graph } from "../../src/graph/graph.ts";
import { add, input, mul } from "../../src/graph/ops/index.ts";
import { writesBeforeFailing } from "../../src/runtime/node/uncopied.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { RuntimeError } from "../../src/runtime/session.ts";
import { tensor } from "../../src/tensor/tensor.ts";

describe("a session with uncopied results", () => {
  const x = tensor([2], Float32Array.of(1, 2));
  const doubled = () => {
    const port = input("x", [2]);
    return toOnnx(graph({ twice: add(port, port), thrice: mul(port, 3) }));
  };

  it("is what this build of onnxruntime-node can do", async () => {
    expect(await writesBeforeFailing()).toBe(true);
  });

  it("writes into the arrays that it is given, and new ones for the rest", async () => {
    const session = await ortNode.createSession(doubled(), { uncopied: true });
    expect(session.outputs.map(({ name }) => name)).toEqual(["twice", "thrice"]);
    const into = tensor([2]);
    const results = await session.run({ x }, undefined, { thrice: into });
    expect(results["thrice"].data).toBe(into.data);
    expect(Array.from(into.data)).toEqual([3, 6]);
    expect(Array.from(results["twice"].data as Float32Array)).toEqual([2, 4]);
    expect(Object.keys(await session.run({ x }, ["twice"]))).toEqual(["twice"]);
    await session.dispose();
  });

  it("rejects with RuntimeError: a feed of another shape, an output that is not there, results of no fixed shape", async () => {
    const session = await ortNode.createSession(doubled(), { uncopied: true });
    await expect(session.run({ x: tensor([3]) })).rejects.toThrow(RuntimeError);
    await expect(session.run({ x }, ["fourfold"])).rejects.toThrow("no output called fourfold");
    await session.dispose();
    const batches = toOnnx(graph({ y: mul(input("x", [1, 2]), 3) }), { dynamicBatch: true });
    await expect(ortNode.createSession(batches, { uncopied: true })).rejects.toThrow(/y is float32 \[.*,2\]/);
  });
});
