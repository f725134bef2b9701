import { Command } from "commander";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { requestOf, withOptions } from "../../../src/cli/options.ts";
import { nearest } from "../../../src/project/requests/nearest.ts";
import { defineJob, option, optional } from "../../../src/project/requests/request.ts";

const colours = option(z.enum(["red", "green", "blue"]).default("red"), "--colour <name>", "of the paint");
const painting = z.strictObject({
  wall: option(z.string(), "--wall <file>", "what is painted"),
  coats: option(z.int().min(1).max(9).default(2), "--coats <n>", "how often", { aliases: ["--number-of-coats"] }),
  share: option(optional(z.number().min(0).max(1)), "--share <x>", "how much of it", { otherwise: "all" }),
  colour: colours,
  dry: option(z.boolean().default(true), "--no-dry", "leave it wet"),
  gloss: option(z.boolean().default(false), "--gloss", "make it shine"),
  brushes: option(z.array(z.string()).default([]), "--brush <name>", "what with; repeat it"),
  mode: option(z.union([z.literal("auto"), z.number().min(0)]).default("auto"), "--mode <m>", "auto or a number"),
  sheet: option(optional(z.int().min(1)), "--sheet [columns]", "show it", { alone: 8 }),
  primer: optional(
    z.strictObject({
      file: option(z.string(), "--primer <file>", "what goes below"),
      size: option(optional(z.int().min(1)), "--primer-size <px>", "its side"),
    }),
  ),
  command: z.string().default(""),
});

function typed(...args: string[]): unknown {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  try {
    const command = withOptions(new Command("paint"), painting).exitOverride();
    let request: unknown;
    command.action(() => {
      request = requestOf(command, painting, { command: "klish paint" });
    });
    command.parse(args, { from: "user" });
    return request;
  } catch {
    return write.mock.calls.map(([text]) => String(text)).join("");
  } finally {
    write.mockRestore();
  }
}

const standard = {
  wall: "w",
  coats: 2,
  share: null,
  colour: "red",
  dry: true,
  gloss: false,
  brushes: [],
  mode: "auto",
  sheet: null,
  primer: null,
  command: "klish paint",
};

describe("requestOf()", () => {
  it.each([
    [["--wall", "w"], {}],
    [["--wall", "w", "--coats", "3", "--share", "0.25"], { coats: 3, share: 0.25 }],
    [["--wall", "w", "--number-of-coats", "4"], { coats: 4 }],
    [["--wall", "w", "--no-dry", "--gloss"], { dry: false, gloss: true }],
    [["--wall", "w", "--dry", "--no-gloss"], {}],
    [["--wall", "w", "--brush", "a", "--brush", "b"], { brushes: ["a", "b"] }],
    [["--wall", "w", "--mode", "3"], { mode: 3 }],
    [["--wall", "w", "--sheet"], { sheet: 8 }],
    [["--wall", "w", "--sheet", "3"], { sheet: 3 }],
    [["--wall", "7"], { wall: "7" }],
    [["--wall", "w", "--primer", "p", "--primer-size", "32"], { primer: { file: "p", size: 32 } }],
  ])("%j", (args, changes) => {
    expect(typed(...args)).toEqual({ ...standard, ...changes });
  });

  it.each([
    [[], "error: required option '--wall <file>' not specified\n"],
    [["--wall", "w", "--coats", "0"], "error: --coats: expected an integer between 1 and 9, got 0\n"],
    [["--wall", "w", "--coats", "two"], 'error: --coats: expected an integer between 1 and 9, got "two"\n'],
    [["--wall", "w", "--mode", "-1"], "error: --mode: expected auto or a number of at least 0, got -1\n"],
    [
      ["--wall", "w", "--colour", "geen", "--share", "2"],
      'error: --share: expected a number between 0 and 1, got 2\nerror: --colour: expected one of red, green, blue, got "geen"; did you mean green?\n',
    ],
    [["--wall", "w", "--primer-size", "3"], "error: required option '--primer <file>' not specified\n"],
    [["w"], 'error: unexpected argument "w"; did you mean --wall w?\n'],
  ])("%j is refused by one line for each fault", (args, message) => {
    expect(typed(...args)).toBe(message);
  });

  it("shows defaults and choices, and hides other names", () => {
    const help = withOptions(new Command("paint"), painting).configureHelp({ helpWidth: 100 }).helpInformation();
    expect(help).toContain("--coats <n>         how often (default: 2)\n");
    expect(help).toContain("--share <x>         how much of it (default: all)\n");
    expect(help).toContain("--colour <name>     of the paint (choices: red, green, blue; default: red)\n");
    expect(help).toContain("--wall <file>       what is painted (required)\n");
    expect(help).toContain("--no-dry            leave it wet\n");
    expect(help).not.toMatch(/--dry|--no-gloss|--number-of-coats/);
  });
});

describe("defineJob()", () => {
  const paint = defineJob(painting, async ({ coats }) => coats);

  it("completes a request by its defaults", async () => {
    expect(await paint({ wall: "w" })).toBe(2);
  });

  it.each([
    [{ wall: "w", coats: 0 }, "coats: expected an integer between 1 and 9, got 0"],
    [{ wall: "w", brushes: ["a", 3] }, "brushes: expected a text, got 3"],
    [{}, "wall: expected a text, got nothing"],
    [{ wall: "w", primer: { file: 3 } }, "primer.file: expected a text, got 3"],
    [{ wall: "w", coat: 3 }, 'the request: unknown name "coat"; did you mean "coats"?'],
  ])("refuses %j", async (request, message) => {
    await expect(paint(request as never)).rejects.toThrow(new RangeError(message));
  });
});

it("nearest() finds what was meant, and nothing where nothing is near", () => {
  const names = ["cluster", "check", "generate", "report"];
  expect(["clutser", "chek", "genrate", "export", "x"].map((word) => nearest(word, names))).toEqual([
    "cluster",
    "check",
    "generate",
    "report",
    undefined,
  ]);
});
