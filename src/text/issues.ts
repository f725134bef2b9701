/** What is wrong with a value of ours, in plain words; zod's own are for programmers. */
import type { z } from "zod";

/** "classes, entry 15, split, count: expected at most 16, got 99", one after another. `value` is what was read. */
export function plainIssues({ issues }: z.ZodError, value: unknown): string {
  return issues
    .map((issue) => {
      const at = issue.path.map((key) => (typeof key === "number" ? `entry ${key + 1}` : String(key))).join(", ");
      const found = issue.path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)?.[key], value);
      return `${at === "" ? "" : `${at}: `}${plainIssue(issue)}${got(issue, found)}`;
    })
    .join("; ");
}

/** What was expected: "expected at most 16". */
export function plainIssue(issue: z.core.$ZodIssue): string {
  if (!ZODS.test(issue.message)) return issue.message;
  switch (issue.code) {
    case "invalid_type":
      return `expected ${KINDS[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `expected ${issue.values.map(shown).join(" or ")}`;
    case "too_small":
      return `expected at least ${issue.minimum}${unit(issue.origin)}`;
    case "too_big":
      return `expected at most ${issue.maximum}${unit(issue.origin)}`;
    case "unrecognized_keys":
      return `unknown ${issue.keys.map((key) => `"${key}"`).join(", ")}`;
    case "invalid_union":
      return "expected another kind of value";
    default:
      return "expected another value";
  }
}

/** ", got 99", where that is not said already. */
function got(issue: z.core.$ZodIssue, value: unknown): string {
  const { code, message } = issue;
  if (!ZODS.test(message)) return "";
  if (code === "too_small" || code === "too_big") return `, got ${amount(value, issue.origin)}`;
  return code === "invalid_type" || code === "invalid_value" || code === "invalid_union" ? `, got ${shown(value)}` : "";
}

/** How zod's own messages begin; all others are ours. */
const ZODS = /^(Invalid|Too small|Too big|Unrecognized)/;

const KINDS: Readonly<Record<string, string>> = {
  int: "an integer",
  number: "a number",
  string: "a text",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
  tuple: "a list",
};

const unit = (origin: string): string =>
  origin === "string" ? " characters" : origin === "array" || origin === "set" ? " entries" : "";

/** Numbers of addresses and forms are texts before they are read. */
const amount = (value: unknown, origin: string): string =>
  (typeof value === "string" && origin === "string") || Array.isArray(value) ? String(value.length) : shown(value);

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
