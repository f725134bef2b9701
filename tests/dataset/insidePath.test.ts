import { describe, expect, it } from "vitest";
import { fileStem, insidePath } from "../../src/dataset/insidePath.ts";
import { tarEntry } from "../../src/dataset/tar.ts";

const LEAVING = [
  ...["", ".", "..", "/etc/passwd", "../a", "a/../../b", "a/..", "./a", "a//b", "a/", "//server/share"],
  ...["..\\a", "a\\..\\b", "\\\\server\\share", "C:/a", "c:a", "a:stream", "a\0.png", "a\nb", "a\u001b[2J", "a\u0085b"],
  ...["a?.png", "a*", "a|b", "<a>", 'a"b'],
];

describe("insidePath()", () => {
  it.each(["a", "images/seed000001.png", "a b/c-d_e.f", "...", "..a", "a..", "-rf", "ü/日本.png"])(
    "takes %j",
    (path) => {
      expect(insidePath(path)).toBe(path);
    },
  );

  it.each(LEAVING)("refuses %j", (path) => {
    expect(() => insidePath(path)).toThrow(RangeError);
    expect(() => tarEntry(path, new Uint8Array())).toThrow(RangeError);
  });

  it.each([
    ["../../evil/e", "______evil_e"],
    ["a b.c", "a_b_c"],
    ["", "_"],
    ["..", "__"],
    ["C:\\x\n", "C__x_"],
    ["seed000001", "seed000001"],
  ])("fileStem(%j) is %j", (name, stem) => {
    expect(fileStem(name)).toBe(stem);
    expect(insidePath(stem)).toBe(stem);
  });
});
