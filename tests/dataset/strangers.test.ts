import { execFileSync, spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { type DatasetInfo, loadCode } from "../../src/dataset/format.ts";
import { formatNamed, formats } from "../../src/dataset/formats/index.ts";
import type { DatasetClass } from "../../src/dataset/labelMap.ts";
import { safeJson } from "../../src/text/escape.ts";
import { memoryFolder } from "../contracts/datasetFormat.ts";
import { info, someSamples } from "./samples.ts";

/** What somebody else may call a class, a family of generators, a data set or a folder. */
const HOSTILE = [
  '"""\nimport os; os.environ["PWNED"] = "1"\n"""',
  "x coding: utf-7 +AAo-raise SystemExit(42)",
  "\\",
  '\\"',
  "x\n---\nlicense: evil\n---\n# Title",
  "</name><script>alert(1)</script>",
  'a"><img src=x onerror=alert(1)>',
  "]]><!--",
  "&quot;&#10;",
  "a:255,0,0::\nb",
  "# hidden",
  "=HYPERLINK(1)",
  "| a | b |\n| --- | --- |",
  "$(touch pwned) `touch pwned` '; touch pwned; '",
  "{names[0]}{__import__('os').abort()}",
  "{ext}{path}{classes}$&",
  "\u001b]0;title\u0007\u202e\u2028x\0",
  "..",
];

const classes: readonly DatasetClass[] = HOSTILE.map((name, id) => ({
  name,
  color: `#${String(id).padStart(6, "0")}`,
  background: id === 0,
}));
const hostile = (text: string): DatasetInfo => ({ ...info, name: text, description: `From a ${text}.`, classes });

async function textsOf(format: string, text: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const add = async (path: string, content: Uint8Array | string): Promise<void> => {
    files.set(path, (files.get(path) ?? "") + (typeof content === "string" ? content : "bytes"));
  };
  const writer = formatNamed(format).writer(hostile(text), { file: add, append: add, original: async () => undefined });
  for (const sample of await someSamples(2)) await writer.add(sample);
  await writer.finish();
  return files;
}

const has = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;

describe("names and titles from somebody else", () => {
  it.skipIf(!has("python3")).each(HOSTILE)("%j is text in MMSegmentation's config, and runs nothing", async (text) => {
    const config = (await textsOf("mmseg", text)).get("dataset_config.py")!;
    const program =
      "import sys, json, os, ast\n" +
      "source = sys.stdin.buffer.read()\n" +
      "kinds = [type(node).__name__ for node in ast.parse(source).body]\n" +
      "config = {'__file__': '/x/dataset_config.py'}\n" +
      "exec(compile(source, 'config', 'exec'), config)\n" +
      "print(json.dumps([kinds, config['__doc__'], config['metainfo'], os.environ.get('PWNED')]))";
    const [kinds, doc, { classes: names }, pwned] = JSON.parse(
      execFileSync("python3", ["-c", program], { input: config, encoding: "utf8", cwd: "/" }),
    );
    // A text, an import, and assignments: of the folder, names, shared settings and three splits.
    expect(kinds).toEqual(["Expr", "Import", ...new Array(6).fill("Assign")]);
    expect(doc).toBe(`From a ${text}.`);
    expect(names).toEqual(HOSTILE);
    expect(pwned).toBeNull();
  });

  it.each(["mmseg", "voc", "cvat", "labelstudio", "coco", "huggingface"])(
    "come back as they were from %s, where it has an escape",
    async (format) => {
      const files = await textsOf(format, "x");
      files.delete("classes.json");
      const bytes = new Map([...files].map(([path, text]) => [path, new TextEncoder().encode(text)]));
      const faults: unknown[] = [];
      const read = await formatNamed(format).classes!(memoryFolder(bytes), (...fault) => faults.push(fault));
      expect(faults).toEqual([]);
      const names = read?.map((c) => c.name);
      // No XML has a way to write NUL or ESC.
      const xml = (name: string): string => name.replace(/(?!\n)\p{Cc}/gu, "\ufffd");
      if (format === "voc") expect(new Set(names).size).toBe(HOSTILE.length);
      else expect(names).toEqual(["cvat", "labelstudio"].includes(format) ? HOSTILE.map(xml) : HOSTILE);
    },
  );

  it("stay in their line of labelmap.txt, under names of their own", async () => {
    const lines = (await textsOf("voc", "x")).get("labelmap.txt")!.trimEnd().split("\n");
    expect(lines).toHaveLength(1 + HOSTILE.length);
    for (const line of lines.slice(1)) expect(line).toMatch(/^[^:#][^:\p{Cc}]*:0,\d+,\d+::$/u);
  });

  it.each(HOSTILE)("%j adds nothing to a dataset card but words", async (text) => {
    const card = (await textsOf("huggingface", text)).get("README.md")!;
    const plain = (await textsOf("huggingface", "x")).get("README.md")!;
    expect(card.split("\n").length).toBe(plain.split("\n").length);
    const [, front, body] = /^---\n(.*?)\n---\n(.*)$/s.exec(card)!;
    expect(front.split("\n").map((line) => line.split(":")[0])).toEqual(
      /^---\n(.*?)\n---\n/s
        .exec(plain)![1]
        .split("\n")
        .map((line) => line.split(":")[0]),
    );
    expect(JSON.parse(/^pretty_name: (.*)$/m.exec(front)![1])).toBe(text);
    const markup = (content: string): number => content.replace(/\\./gu, "").match(/[<>]|!\[/g)?.length ?? 0;
    expect(markup(body)).toBe(markup(/^---\n.*?\n---\n(.*)$/s.exec(plain)![1]));
    for (const row of body.split("\n").filter((line) => /^\| \d/.test(line)))
      expect(row.replace(/\\./gu, "").split("|")).toHaveLength(5);
  });

  it("stay within their element of CVAT's and Label Studio's XML", async () => {
    const elements = async (format: string, file: string, text: string): Promise<string[]> =>
      [...(await textsOf(format, text)).get(file)!.matchAll(/<\/?([a-zA-Z]+)/g)].map(([, name]) => name);
    for (const [format, file] of [
      ["cvat", "annotations.xml"],
      ["labelstudio", "config.xml"],
    ])
      for (const text of HOSTILE) expect(await elements(format, file, text)).toEqual(await elements(format, file, "x"));
  });
});

describe("loadCode()", () => {
  const paths = HOSTILE.map((text) => `/data/${text}`);
  const about = { imageExtension: "png", classes };

  it.skipIf(!has("python3")).each(formats.filter((f) => f.load.language === "python").map((f) => f.name))(
    "of %s has any folder as one string of Python",
    (name) => {
      const program =
        "import ast, json, sys\n" +
        "def strings(code):\n" +
        "    return [n.value for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Constant) and isinstance(n.value, str)]\n" +
        "print(json.dumps([strings(code) for code in json.load(sys.stdin)]))";
      const codes = ["/data/x", ...paths].map((path) => loadCode(formatNamed(name), about, path));
      // The authors' line ends with a comment; each other line is a statement.
      for (const code of codes) expect(code.split("\n").length).toBe(codes[0].split("\n").length);
      const [plain, ...found] = JSON.parse(
        execFileSync("python3", ["-c", program], { input: safeJson(codes), encoding: "utf8" }),
      ) as string[][];
      for (const [i, path] of paths.entries())
        expect(found[i]).toEqual(plain.map((text) => (text === "/data/x" ? path : text)));
    },
  );

  it.skipIf(!has("bash")).each(formats.filter((f) => f.load.language === "shell").map((f) => f.name))(
    "of %s has any folder as one word of the shell",
    (name) => {
      for (const path of paths.filter((p) => !p.includes("\0"))) {
        const word = loadCode({ load: { language: "shell", code: "{path}" } }, about, path);
        expect(loadCode(formatNamed(name), about, path)).toContain(word);
        const env = { ...process.env, LC_ALL: "C.UTF-8" };
        expect(execFileSync("bash", ["-c", `printf %s ${word}/x`], { encoding: "utf8", env })).toBe(`${path}/x`);
      }
    },
  );
});
