/** Names of a stranger's file within messages: whoever prints those, also from TypeScript. */
import { describe, expect, it } from "vitest";
import { CheckpointError } from "../../src/checkpoint/stateDict.ts";
import { GeneratorError } from "../../src/gan/errors.ts";
import { buildNetwork, openGeneratorBytes } from "../../src/gan/openGenerator.ts";
import { OnnxError } from "../../src/graph/onnxModel.ts";
import { ProjectError } from "../../src/project/storage/files.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { RuntimeError } from "../../src/runtime/session.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { visibleLines } from "../../src/text/escape.ts";
import { node, onnxModel, port } from "./onnxModels.ts";
import { tinyStyleGan2 } from "./tinyStyleGan2.ts";

const NASTY = "w\u001b]0;pwned\u0007\n/home/me: no faults\r\u202e";
const SHOWN = "w\\x1b]0;pwned\\x07\\n/home/me: no faults\\r\\u202e";

const messageOf = async (act: () => unknown): Promise<string> => {
  try {
    await act();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("it was expected to fail");
};

describe("messages with names of a file", () => {
  it.each([CheckpointError, GeneratorError, OnnxError, RuntimeError].map((Kind) => [Kind.name, Kind] as const))(
    "%s writes control characters out",
    (_, Kind) => {
      const cause = new Error("inner");
      const error = new Kind(`expected a name, got ${NASTY}`, { cause });
      expect(error.message).toBe(`expected a name, got ${SHOWN}`);
      expect(error.stack).toContain(SHOWN);
      expect(error.stack).not.toContain("\u001b");
      expect(error.cause).toBe(cause);
      // A message that has been through another thread or process is not written out twice.
      expect(new Kind(error.message).message).toBe(error.message);
    },
  );

  it("ProjectError keeps its lines, for it has some of its own", () => {
    expect(new ProjectError("a\u001b[31m\n  b\u0007").message).toBe("a\\x1b[31m\n  b\\x07");
  });

  it("a weight's name", async () => {
    const { networks, ...rest } = tinyStyleGan2();
    const [[name, weights]] = networks;
    const more = new Map([...weights, [NASTY, { dtype: "float32", shape: [1], read: () => tensor([1]) } as const]]);
    const message = await messageOf(() => buildNetwork({ ...rest, networks: new Map([[name, more]]) }));
    expect(message).toContain(SHOWN);
    expect(message).not.toContain("\n");
  });

  it("an input's name", async () => {
    const bytes = onnxModel({
      inputs: [port(NASTY, ["n", 3, "h", "w"])],
      nodes: [node("Identity", [NASTY], "image")],
    });
    const message = await messageOf(() => openGeneratorBytes(bytes, { runtime: ortNode, provider: "cpu" }));
    expect(message).toContain(SHOWN);
    expect(message).not.toContain("\n");
  });

  it("the program that exports an unknown network stays a program", async () => {
    const weights = new Map([[NASTY, { dtype: "float32", shape: [8, 4], read: () => tensor([8, 4]) } as const]]);
    const checkpoint = { format: "torch-zip", networks: new Map([[NASTY, weights]]), config: {} } as const;
    const message = await messageOf(() => buildNetwork(checkpoint));
    expect(message.split("\n").slice(1, 4)).toEqual([
      "Weights alone do not say how a network computes. Export it to ONNX, where it was trained:",
      "",
      "import torch",
    ]);
    expect(visibleLines(message)).toBe(message);
    expect(message.split("\n").filter((line) => line.startsWith("/home"))).toEqual([]);
  });
});
