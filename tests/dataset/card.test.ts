import { describe, expect, it } from "vitest";
import type { DatasetInfo } from "../../src/dataset/format.ts";
import { huggingFace } from "../../src/dataset/formats/huggingFace.ts";
import { info, someSamples } from "./samples.ts";

async function cardOf(about: DatasetInfo): Promise<{ readonly card: string; readonly files: ReadonlySet<string> }> {
  const texts = new Map<string, string>();
  const files = new Set<string>();
  const writer = huggingFace.writer(about, {
    file: async (path, content) => void texts.set(path, String(content)),
    append: async () => undefined,
    original: async (path) => void files.add(path),
  });
  for (const sample of await someSamples()) await writer.add(sample);
  await writer.finish();
  return { card: texts.get("README.md")!, files };
}

describe("the card of a Hugging Face data set", () => {
  it("has a licence to fill in, a preview of files that are there, loading code, origin and limits", async () => {
    const { card, files } = await cardOf({ ...info, generated: true });
    expect(card).toMatch(/^---\npretty_name: "test"\nlicense: other\n.*\ntags:\n- synthetic\n- klish\n---\n/s);
    const shown = [...card.matchAll(/!\[\]\((.*?)\)/g)].map(([, path]) => path);
    expect(shown).toHaveLength(8);
    for (const path of shown) expect(files).toContain(path);
    expect(card).toContain('load_dataset("imagefolder", data_dir="path/to/this/folder")');
    expect([...card.matchAll(/^## (.*)$/gm)].map(([, title]) => title)).toEqual(["Use", "Origin", "Licence", "Limits"]);
    expect(card).toContain("Splits: train, validation, test.");
    expect(card).toContain("No image is a photograph.");
  });

  it("claims nothing of images from elsewhere", async () => {
    const { card } = await cardOf(info);
    expect(card).not.toMatch(/synthetic|generat|photograph/);
    expect([...card.matchAll(/^## (.*)$/gm)].map(([, title]) => title)).toEqual(["Use", "Origin", "Licence", "Limits"]);
  });
});
