import { describe, expect, it } from "vitest";
import { readPickle } from "../../src/checkpoint/pickle.ts";
import { type PickleContext, pickleBudget } from "../../src/checkpoint/pickleSource.ts";
import { asDict, asItems } from "../../src/checkpoint/pickleValue.ts";
import { CheckpointError } from "../../src/checkpoint/stateDict.ts";
import { bytesOf, global, int, pickle, STOP, text, tuple } from "./tinyFiles.ts";

const read = (file: Uint8Array, context: PickleContext = "plain") =>
  readPickle(file, { context, budget: pickleBudget() });

describe("readPickle", () => {
  it("reads numbers of every encoding", () => {
    const values = read(
      pickle(
        "(",
        [0x4a, 0xfe, 0xff, 0xff, 0xff], // BININT -2
        [0x4b, 200], // BININT1
        [0x4d, 1, 2], // BININT2 513
        [0x8a, 0], // LONG1, no bytes: 0
        [0x8a, 2, 0, 0xff], // LONG1 -256
        [0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1], // LONG1 2^64
        [0x8b, 1, 0, 0, 0, 5], // LONG4 5
        [0x47, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], // BINFLOAT 1.5
        "t",
      ),
    );
    expect(asItems(values, "")).toEqual([-2, 200, 513, 0, -256, 2n ** 64n, 5, 1.5]);
  });

  it("reads text, bytes as views, None and booleans", () => {
    const file = pickle("(", text("é"), ["X".charCodeAt(0), 1, 0, 0, 0], "a", [0x43, 2, 7, 8], "N", [0x88, 0x89], "t");
    const items = asItems(read(file), "");
    expect(items).toEqual(["é", "a", new Uint8Array([7, 8]), null, true, false]);
    expect((items[2] as Uint8Array).buffer).toBe(file.buffer);
  });

  it("gives the same object for a memo's reference, not a copy", () => {
    const [first, second] = asItems(read(pickle("(]", [0x94], "h", 0, "t")), "");
    expect(first).toBe(second);
  });

  it("fills lists and dictionaries one by one and in runs; the last value of a key counts", () => {
    expect(asItems(read(pickle("]", int(1), "a(", int(2), int(3), "e")), "")).toEqual([1, 2, 3]);
    const { entries } = asDict(
      read(pickle("}", text("a"), int(1), "s(", text("b"), int(2), text("a"), int(3), "u")),
      "",
    );
    expect([...entries]).toEqual([
      ["a", 3],
      ["b", 2],
    ]);
  });

  it("knows both spellings of names and both ways to fill an OrderedDict", () => {
    const pair = tuple(text("k"), bytesOf(int(5)));
    for (const file of [
      pickle(global("collections", "OrderedDict"), "](", pair, "e", 0x85, "R"),
      pickle(text("collections"), text("OrderedDict"), 0x93, ")R", text("k"), int(5), "s"),
    ])
      expect([...asDict(read(file), "").entries]).toEqual([["k", 5]]);
  });

  it("reads bytes that protocol 2 wrote as text", () => {
    const file = pickle(global("_codecs", "encode"), tuple(text("aÿ"), text("latin1")), "R");
    expect(read(file)).toEqual(new Uint8Array([97, 255]));
  });

  it("survives nesting that would overflow a recursive reader", () => {
    const depth = 100_000;
    expect(asItems(read(pickle("N", new Uint8Array(depth).fill(0x85))), "")).toHaveLength(1);
  });

  it.each([
    ["a name that is not on the list", pickle(global("os", "system"), text("true"), 0x85, "R")],
    ["a name that only begins like one on the list", pickle(global("torch", "FloatStorage.evil"))],
    ["a name that is only allowed elsewhere", pickle(global("torch", "FloatStorage"))],
    ["a name in two parts that join into an allowed one", pickle(text("collections OrderedDict"), text(""), 0x93)],
    ["a call of a class that may only be mentioned", pickle(global("numpy", "ndarray"), ")R")],
    ["a call of a text", pickle(text("f"), ")R")],
    ["a call of a class whose objects may only be made", pickle(global("tfutil", "Network"), ")R")],
    ["a state for a text", pickle(text("f"), "}b")],
    ["a persistent id", pickle(text("0"), "Q")],
    ["an empty stack", pickle("0")],
    ["values below the mark", pickle(int(1), "(0", int(2))],
    ["a mark that is missing", pickle("t")],
    ["a mark left over", pickle("(", int(1))],
    ["two results", pickle(int(1), int(2))],
    ["a memo that was never stored", pickle("h", 9)],
    ["a key without a value", pickle("}(", text("a"), "u")],
    ["an append to a dict", pickle("}", int(1), "a")],
    ["an item set in a list", pickle("]", int(1), int(1), "s")],
    ["an unknown protocol", bytesOf([0x80, 6], "N", STOP)],
    ["a second protocol", pickle([0x80, 4], "N")],
    ["an integer of 2 GB", pickle([0x8b, 0xff, 0xff, 0xff, 0x7f])],
    ["an integer of negative length", pickle([0x8b, 0xff, 0xff, 0xff, 0xff])],
    ["text longer than the file", pickle([0x58, 0xff, 0xff, 0xff, 0xff])],
    ["bytes longer than the file", pickle([0x8e, 0, 0, 0, 0, 0, 0, 0, 0x10])],
    ["a frame longer than the file", pickle([0x95, 0, 0, 0, 0, 0, 0, 0, 0x10], "N")],
    ["a name without an end", bytesOf([0x80, 4], "cos")],
    ["a name of 1000 bytes", pickle(global("x".repeat(1000), "y"))],
    ["too many marks", pickle("(".repeat(20_000))],
    ["no STOP", bytesOf([0x80, 4], "N")],
    ["nothing", bytesOf()],
    ...["I1\n", "L1L\n", "F1\n", "S'a'\n", "Va\n", "p0\n", "g0\n", "P0\n", "(ios\nsystem\n", "(o", "l", "d"].map(
      (code): [string, Uint8Array] => [`the opcode of ${JSON.stringify(code)}`, pickle("N", code)],
    ),
    ...[0x82, 0x83, 0x84, 0x92, 0x96, 0x97, 0x98, 0xff].map((code): [string, Uint8Array] => [
      `opcode 0x${code.toString(16)}`,
      pickle("N", code, [0, 0, 0, 0]),
    ]),
  ])("refuses %s", (_, file) => {
    expect(() => read(file)).toThrow(CheckpointError);
  });

  it("bounds what a small file can make of shared values", () => {
    // A list of 1000 pairs, of which an OrderedDict is made again and again.
    const pairs = bytesOf("](", ...Array.from({ length: 1000 }, () => tuple(text("k"), bytesOf("N"))), "e", [0x94]);
    const again = bytesOf(global("collections", "OrderedDict"), "h", 0, [0x85], "R0");
    const many = new Uint8Array(again.length * 2000);
    for (let i = 0; i < 2000; i++) many.set(again, i * again.length);
    expect(() => read(pickle(pairs, many))).toThrow(/more objects/);
  });
});
