import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { portraitClasses } from "../../../src/portraits/classes.ts";
import { openNetwork } from "../../../src/project/network/network.ts";
import { shippedPath } from "../../../src/project/network/shipped.ts";
import { readPainter } from "../../../src/project/paint/painterModel.ts";
import { readSegmenter } from "../../../src/project/segment/segmenterModel.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";

describe("shipped models", () => {
  it("opens the generator by its name, and keeps the name in place of a path", async () => {
    const { generator, path } = await openNetwork("portraits", { runtime: ortNode, provider: "cpu", threads: 1 });
    try {
      expect(path).toBe("portraits");
      expect(generator.info).toMatchObject({ family: "StyleGAN2", resolution: 64, imageChannels: 3 });
      const { image } = await generator.generate({ seeds: [0] });
      expect(image.shape).toEqual([1, 3, 64, 64]);
    } finally {
      await generator.dispose();
    }
  });

  it("opens the segmenter by its name, with the portraits' classes", async () => {
    const { classes } = await readSegmenter("portraits");
    expect(classes?.[2]).toEqual({ name: "hair", color: "#7a4a2b", background: false });
    expect(classes).toHaveLength(12);
  });

  it("opens the painter by its name, with the portraits' classes, an encoder and many styles", async () => {
    const { about, styles, weights } = await readPainter("portraits");
    expect(about).toMatchObject({ side: 64, plan: { modulation: "clade" } });
    expect(about.classes).toEqual(portraitClasses);
    expect(styles.shape).toEqual([128, portraitClasses.length, about.styleSize]);
    expect(weights).toBeDefined();
  });

  it("leaves other names as they are, and a file or a training run of the name goes first", async () => {
    expect(shippedPath("generator", "toString")).toBe("toString");
    expect(shippedPath("generator", "other.onnx")).toBe("other.onnx");
    const folder = await mkdtemp(join(tmpdir(), "klish-shipped-"));
    await writeFile(join(folder, "portraits"), "");
    const before = process.cwd();
    process.chdir(folder);
    try {
      expect(shippedPath("generator", "portraits")).toBe("portraits");
      // A project of that name, made of the very generator: its command continues it.
      await rm("portraits");
      await mkdir("portraits");
      expect(shippedPath("generator", "portraits")).toMatch(/portrait-generator\.safetensors$/);
      await writeFile(join("portraits", "settings.json"), "{}");
      expect(shippedPath("generator", "portraits")).toBe("portraits");
    } finally {
      process.chdir(before);
      await rm(folder, { recursive: true });
    }
  });
});
