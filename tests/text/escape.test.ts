import { execFileSync, spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromXml } from "../../src/dataset/xml.ts";
import {
  csvCell,
  labelMapField,
  markdown,
  pythonString,
  safeJson,
  shellWord,
  visible,
  visibleLines,
  xml,
  yamlString,
} from "../../src/text/escape.ts";
import { Html, html } from "../../src/text/html.ts";

const has = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;

/** Any text, often with what these languages are made of. */
const texts = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({
    unit: fc.constantFrom(..."\\'\"`$(){}[]<>&;|#:,=+-@!~*?/ \t\r\n\0\u001b\u007f\u0085\u009b\u2028\u202e\ufeffaÿ日😀"),
  }),
);
const property = (holds: (text: string) => void): void =>
  fc.assert(fc.property(texts, holds), { seed: 1, numRuns: 500 });
/** Without halves of surrogate pairs. */
const wellFormed = (text: string): string => text.replace(/[\ud800-\udfff]/gu, "\ufffd");
const ONE_LINE = /^[^\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]*$/u;

describe("visible()", () => {
  it.each([
    ["plain ü 日本 😀 \\n", "plain ü 日本 😀 \\n"],
    ["\u001b]0;title\u0007\u001b[2K\rno faults\n", "\\x1b]0;title\\x07\\x1b[2K\\rno faults\\n"],
    ["a\u009b31mb\u0085c\tz\0", "a\\x9b31mb\\x85c\\tz\\x00"],
    ["evil\u202egnp.exe", "evil\\u202egnp.exe"],
  ])("writes %j as %j", (text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it("leaves nothing that a terminal obeys, and visibleLines() only the line ends", () => {
    property((text) => {
      expect(visible(text)).toMatch(ONE_LINE);
      expect(visibleLines(text).split("\n")).toEqual(text.split("\n").map(visible));
    });
  });
});

describe("safeJson()", () => {
  it("is the same value, without markup and without what is not seen", () => {
    property((text) => {
      const written = safeJson({ [text]: [text] });
      expect(JSON.parse(written)).toEqual({ [text]: [text] });
      expect(written).toMatch(ONE_LINE);
      expect(written).not.toContain("<");
    });
  });
});

describe("pythonString() and yamlString()", () => {
  it("are one line, and JSON of the same text", () => {
    property((text) => {
      for (const written of [pythonString(text), yamlString(text)]) {
        expect(written).toMatch(ONE_LINE);
        expect(JSON.parse(written)).toBe(text);
      }
    });
  });

  it.skipIf(!has("python3"))("mean the same text to Python", () => {
    // Python has no string of half a surrogate pair on its standard output, and no NUL in an argument.
    const whole = fc.sample(texts, { seed: 2, numRuns: 200 }).map((t) => wellFormed(t));
    const program = `import json; print(json.dumps([${whole.map(pythonString).join(",\n")}]))`;
    const read = JSON.parse(execFileSync("python3", ["-c", program], { encoding: "utf8" }));
    expect(read.map((t: string) => t)).toEqual(whole);
  });
});

describe("shellWord()", () => {
  it.each([
    ["a/b-c_1.onnx", "a/b-c_1.onnx"],
    ["", "''"],
    ["my gan; rm -rf ~", "'my gan; rm -rf ~'"],
    ["it's", "'it'\\''s'"],
    ["a\n'b\\", "$'a\\x0a\\'b\\\\'"],
  ])("writes %j as %s", (text, word) => {
    expect(shellWord(text)).toBe(word);
  });

  it.skipIf(!has("bash"))("is the same word to bash, on one line", () => {
    const words = fc.sample(texts, { seed: 3, numRuns: 200 }).map((t) => wellFormed(t).replaceAll("\0", ""));
    const script = words.map((word) => `printf '%s\\0' ${shellWord(word)}`);
    for (const line of script) expect(line).toMatch(ONE_LINE);
    const env = { ...process.env, LC_ALL: "C.UTF-8" };
    const read = execFileSync("bash", ["-c", script.join("\n")], { encoding: "utf8", env })
      .split("\0")
      .slice(0, -1);
    expect(read).toEqual(words);
  });
});

describe("xml()", () => {
  it("has no markup in text or attributes, no character that XML cannot write, and is read back", () => {
    property((text) => {
      expect(xml(text)).toMatch(/^(?:[^&<>"'\p{Cc}]|[\u007f-\u009f]|&#\d+;)*$/u);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what XML 1.0 cannot write
      const writable = wellFormed(text).replace(/[\0-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd");
      expect(fromXml(xml(text))).toBe(writable);
    });
  });
});

describe("markdown()", () => {
  it.each([
    ["hair-left 2", "hair-left 2"],
    ["a|b", "a\\|b"],
    ["<script>alert(1)</script>", "&#60;script&#62;alert(1)&#60;/script&#62;"],
    ["![x](javascript:alert(1))", "\\!\\[x\\](javascript:alert(1))"],
    ["a\n\n# Title `code` *b* _c_ ~~d~~ $e$", "a\\\\n\\\\n\\# Title \\`code\\` \\*b\\* \\_c\\_ \\~\\~d\\~\\~ \\$e\\$"],
    ["&lt;", "&#38;lt;"],
  ])("writes %j as %j", (text, written) => {
    expect(markdown(text)).toBe(written);
  });

  it("stays on its line and in its cell", () => {
    property((text) => {
      expect(markdown(text)).toMatch(ONE_LINE);
      expect(markdown(text).replace(/\\./gu, "")).not.toMatch(/[<>|`[\]*_]/);
    });
  });
});

describe("csvCell()", () => {
  it.each([
    ["hair", "hair"],
    ['a "b", c', '"a ""b"", c"'],
    ["=HYPERLINK(1)", "'=HYPERLINK(1)"],
    ["+1", "'+1"],
    ["-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"],
    ["@x", "'@x"],
    ["\t=1", "'\t=1"],
    ["a\nb", '"a\nb"'],
    [" a", '" a"'],
    [-1.5, "-1.5"],
    [null, ""],
  ])("writes %j as %j", (value, cell) => {
    expect(csvCell(value)).toBe(cell);
  });
});

describe("labelMapField()", () => {
  it.each([
    ["left: ear", "left  ear"],
    ["# face", "face"],
    ["a\nb:1,2,3::", "a b 1,2,3"],
    ["#:\n", "_"],
  ])("writes %j as %j", (text, field) => {
    expect(labelMapField(text)).toBe(field);
  });
});

describe("html``", () => {
  it("escapes what is filled in, in text and attributes, and keeps pieces of HTML", () => {
    const name = '"><img src=x onerror=alert(1)>';
    const item = html`<li title="${name}">${name} ${1}</li>`;
    const text = "&#34;&#62;&#60;img src=x onerror=alert(1)&#62;";
    expect(html`<ul>${[item, html`<li></li>`]}</ul>`.markup).toBe(
      `<ul><li title="${text}">${text} 1</li><li></li></ul>`,
    );
    expect(html`${Html.trusted("<b>")}`.markup).toBe("<b>");
  });
});
