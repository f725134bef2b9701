import { expect, it } from "vitest";
import { z } from "zod";
import { plainIssues } from "../../src/text/issues.ts";

const schema = z.strictObject({
  klish: z.literal("labels"),
  name: z.string().min(3).max(5),
  color: z.string().regex(/^#[0-9a-f]{6}$/, "expected a colour #rrggbb"),
  seed: z.coerce.number().int().min(0).max(4294967295),
  classes: z.array(z.strictObject({ count: z.int().min(2).max(16) })).min(1),
  kind: z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("a") }),
    z.strictObject({ type: z.literal("b") }),
  ]),
});
const fine = {
  klish: "labels",
  name: "hair",
  seed: "7",
  color: "#aabbcc",
  classes: [{ count: 2 }],
  kind: { type: "a" },
};

it.each<[Record<string, unknown>, string]>([
  [{ classes: [{ count: 2 }, { count: 99 }] }, "classes, entry 2, count: expected at most 16, got 99"],
  [{ classes: [{ count: "3" }] }, 'classes, entry 1, count: expected a number, got "3"'],
  [{ classes: [{ count: 2.5 }] }, "classes, entry 1, count: expected an integer, got 2.5"],
  [{ classes: [] }, "classes: expected at least 1 entries, got 0"],
  [{ classes: undefined }, "classes: expected a list, got nothing"],
  [{ klish: "edits" }, 'klish: expected "labels", got "edits"'],
  [{ name: "ha" }, "name: expected at least 3 characters, got 2"],
  // Of an address's query, where every value is a text.
  [{ seed: "-1" }, 'seed: expected at least 0, got "-1"'],
  [{ seed: "4294967296" }, 'seed: expected at most 4294967295, got "4294967296"'],
  [{ color: "red" }, "color: expected a colour #rrggbb"],
  [{ extra: 1 }, 'unknown "extra"'],
  [{ kind: { type: "c" } }, 'kind, type: expected another kind of value, got "c"'],
  [{ name: 3, color: "x" }, "name: expected a text, got 3; color: expected a colour #rrggbb"],
])("plainIssues() of %j: %s", (changes, message) => {
  const value = { ...fine, ...changes };
  const { error } = schema.safeParse(value);
  expect(plainIssues(error!, value)).toBe(message);
});
