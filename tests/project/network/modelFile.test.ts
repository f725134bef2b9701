import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openGeneratorBytes } from "../../../src/gan/openGenerator.ts";
import { externalFiles } from "../../../src/graph/onnxExternal.ts";
import { readModelFile } from "../../../src/project/network/modelFile.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
import { onnxModel, withExternalWeights } from "../../gan/onnxModels.ts";

const options = { runtime: ortNode, provider: "cpu", threads: 1 } as const;

describe("readModelFile()", () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-model-"));
    file = join(folder, "model.onnx");
  });
  afterEach(() => rm(folder, { recursive: true }));

  it.each(["model.onnx_data", "weights/fc.weight"])(
    "takes weights from %s beside the model, and hashes them with it",
    async (name) => {
      const { model, data } = withExternalWeights(name);
      await mkdir(join(folder, "weights"));
      await writeFile(file, model);
      await writeFile(join(folder, name), data);
      const { bytes, externalData, sha256 } = await readModelFile(file);
      expect(externalData.map(({ path }) => path)).toEqual([name]);
      expect(sha256).toBe(createHash("sha256").update(model).update(name).update(data).digest("hex"));

      const [apart, whole] = [
        await openGeneratorBytes(bytes, { ...options, externalData }),
        await openGeneratorBytes(onnxModel(), options),
      ];
      const asked = { seeds: [0, 1], layers: "all" } as const;
      expect(await apart.generate(asked)).toEqual(await whole.generate(asked));
      await apart.dispose();
      await whole.dispose();

      await writeFile(
        join(folder, name),
        data.map((v) => v ^ 1),
      );
      expect((await readModelFile(file)).sha256).not.toBe(sha256);
    },
  );

  it("names the file that is missing", async () => {
    await writeFile(file, withExternalWeights("model.bin").model);
    await expect(readModelFile(file)).rejects.toThrow(
      `${file} keeps weights in another file, "model.bin": there is no ${join(folder, "model.bin")}. Put it next to the .onnx`,
    );
    await expect(readModelFile(file, "https://example.org/model.onnx")).rejects.toThrow(
      'https://example.org/model.onnx keeps weights in another file, "model.bin". Download both',
    );
  });

  it.each(["../secret", "/etc/hostname", "a/../../secret", "..\\secret", "C:/secret", ""])(
    "reads nothing from %j",
    async (name) => {
      await writeFile(file, withExternalWeights(name).model);
      await expect(readModelFile(file)).rejects.toThrow("not a path in its own folder, and nothing else is read");
    },
  );

  it("follows no link out of the folder, and reads no folder", async () => {
    const outside = await mkdtemp(join(tmpdir(), "klish-outside-"));
    const { model, data } = withExternalWeights("weights.bin");
    await writeFile(join(outside, "weights.bin"), data);
    await writeFile(file, model);
    await symlink(join(outside, "weights.bin"), join(folder, "weights.bin"));
    await expect(readModelFile(file)).rejects.toThrow("is a link that leads out of its folder");
    await rm(outside, { recursive: true });
    await rm(join(folder, "weights.bin"));
    await mkdir(join(folder, "weights.bin"));
    await expect(readModelFile(file)).rejects.toThrow("is not a file");
  });

  it("a session refuses a model whose other files it is not given: nothing is looked for in the working directory", async () => {
    const { model, data } = withExternalWeights("klish-test-weights.bin");
    expect(externalFiles(model)).toEqual(["klish-test-weights.bin"]);
    const before = process.cwd();
    await writeFile(join(folder, "klish-test-weights.bin"), data);
    process.chdir(folder);
    try {
      await expect(openGeneratorBytes(model, options)).rejects.toThrow(
        'keeps weights in other files, which are not here: "klish-test-weights.bin"',
      );
    } finally {
      process.chdir(before);
    }
  });
});
