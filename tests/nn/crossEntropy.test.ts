import { describe, expect, it } from "vitest";
import { grad } from "../../src/graph/grad.ts";
import { evaluateGraph, graph } from "../../src/graph/graph.ts";
import { constant, input } from "../../src/graph/ops/index.ts";
import { crossEntropy } from "../../src/nn/crossEntropy.ts";

describe("crossEntropy", () => {
  // Two places, two classes: logits (0, ln 3) and (ln 4, 0), so softmax is (1/4, 3/4) and (4/5, 1/5).
  const logits = input("logits", [1, 2, 1, 2]);
  const feeds = new Map([["logits", [0, Math.log(4), Math.log(3), 0]]]);

  it("is the mean over places of weight times -log softmax", () => {
    // The first place is of class 1, the second of class 0 with twice the weight.
    const target = constant([1, 2, 1, 2], [0, 2, 1, 0]);
    const loss = crossEntropy(logits, target);
    const value = evaluateGraph(graph({ loss }), feeds).get("loss")![0];
    expect(value).toBeCloseTo((-Math.log(3 / 4) - 2 * Math.log(4 / 5)) / 2, 10);
  });

  it("has the gradient (softmax - one-hot) times weight over places, and none where a place does not count", () => {
    const target = constant([1, 2, 1, 2], [0, 0, 1, 0]);
    const [gradient] = grad(crossEntropy(logits, target), [logits]);
    const found = evaluateGraph(graph({ gradient }), feeds).get("gradient")!;
    const expected = [1 / 8, 0, -1 / 8, 0];
    for (const [i, g] of expected.entries()) expect(found[i]).toBeCloseTo(g, 10);
  });
});
