/**
 * What a job may be asked for, said once: a zod object whose members carry their defaults and their words on the command
 * line. The request type, the flags, their help and every error follow from it.
 */
import { z } from "zod";
import type { JobOptions } from "../../tensor/progress.ts";
import { nearest } from "./nearest.ts";

/** How a member of a request is given on the command line. */
export interface OptionWords {
  /** As help shows it: "--images <n>", "--filter", or "--cfg, --preset <name>" for one of two names. */
  readonly flag: string;
  readonly help: string;
  /** What the default comes to, where its value does not say: "the image's, at most 64". */
  readonly otherwise?: string;
  /** Further names that are understood, such as those of NVIDIA's older tools: "--truncation-psi". */
  readonly aliases?: readonly string[];
  /** The value of a flag that is given without one: "--sheet [columns]". */
  readonly alone?: unknown;
  /** Reads the text, where a number, a choice or a repeated flag is not what it is. Throws RangeError: "expected …, got …". */
  readonly read?: (text: string) => unknown;
  /** Heading of the help under which it stands. */
  readonly group?: string;
}

const words = z.registry<OptionWords>();

/** A member of a request with its words. Members without any are not options: arguments, or what the caller knows. */
export function option<S extends z.ZodType>(
  schema: S,
  flag: string,
  help: string,
  more: Omit<OptionWords, "flag" | "help"> = {},
): S {
  return withWords(schema, { flag, help, ...more });
}

/** Words are kept by identity, so a schema that several members share is copied. */
function withWords<S extends z.ZodType>(schema: S, text: OptionWords): S {
  const own = schema.clone() as S;
  words.add(own, text);
  return own;
}

/** Options under a heading of their own in help. */
export function inGroup<T extends Record<string, z.ZodType>>(group: string, members: T): T {
  const grouped = Object.entries(members).map(([name, schema]) => {
    const text = words.get(schema);
    return [name, text === undefined ? schema : withWords(schema, { ...text, group })];
  });
  return Object.fromEntries(grouped) as T;
}

/** A member that may be left out: null then. */
export const optional = <S extends z.ZodType>(schema: S): z.ZodDefault<z.ZodNullable<S>> =>
  schema.nullable().default(null as never) as never;

/** An option of a request, wherever it lies within. */
export interface RequestOption extends OptionWords {
  /** Names from the request down to it. */
  readonly path: readonly string[];
  readonly schema: z.ZodType;
  /** Whether it must be given: always, or when anything else of the same optional object is. */
  readonly required: "always" | "with others" | "never";
}

/** All options of a request, in the order of help. */
export function optionsOf(request: z.ZodObject): RequestOption[] {
  return Object.entries(request.shape as Record<string, z.ZodType>).flatMap(([name, schema]): RequestOption[] => {
    const text = words.get(schema);
    const left = schema.safeParse(undefined);
    if (text !== undefined) return [{ ...text, path: [name], schema, required: left.success ? "never" : "always" }];
    const inner = bare(schema);
    if (!(inner instanceof z.ZodObject)) return [];
    const isOptional = left.success && left.data === null;
    return optionsOf(inner).map((inside) => ({
      ...inside,
      path: [name, ...inside.path],
      required: isOptional && inside.required === "always" ? ("with others" as const) : inside.required,
    }));
  });
}

/** What is wrong with a member of a request. */
export interface RequestProblem {
  readonly path: readonly string[];
  /** "expected an integer of at least 1, got 0" */
  readonly message: string;
}

/** The request with its defaults, or what is wrong with it. */
export function readRequest<S extends z.ZodObject>(schema: S, request: unknown): z.output<S> | RequestProblem[] {
  const result = schema.safeParse(request);
  if (result.success) return result.data;
  const problems = new Map<string, RequestProblem>();
  for (const issue of result.error.issues) {
    const { path, message } = problemOf(schema, request, issue);
    problems.set(path.join("."), { path, message });
  }
  return [...problems.values()];
}

/**
 * A job as TypeScript calls it: the request is checked and completed by its defaults before anything begins. Rejects with
 * RangeError that names each member that is wrong, what was expected there and what came.
 */
export function defineJob<S extends z.ZodObject, R>(
  schema: S,
  run: (request: z.output<S>, job: JobOptions) => Promise<R>,
): (request: z.input<S>, job?: JobOptions) => Promise<R> {
  return async (request, job = {}) => {
    const read = readRequest(schema, request);
    if (Array.isArray(read))
      throw new RangeError(
        read.map(({ path, message }) => `${path.join(".") || "the request"}: ${message}`).join("; "),
      );
    return run(read, job);
  };
}

/** Without defaults, null and readonly. */
export function bare(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodNullable || schema instanceof z.ZodOptional)
    return bare(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodReadonly || schema instanceof z.ZodPrefault) return bare(schema.unwrap() as z.ZodType);
  return schema;
}

/** The value of a member that is left out; undefined where there is none. */
export function defaultOf(schema: z.ZodType): unknown {
  const result = schema.safeParse(undefined);
  return result.success ? result.data : undefined;
}

/** The words between which a member chooses; none where it does not choose. */
export function choicesOf(schema: z.ZodType): readonly string[] {
  const inner = bare(schema);
  if (inner instanceof z.ZodEnum) return inner.options.map(String);
  return inner instanceof z.ZodArray ? choicesOf(inner.element as z.ZodType) : [];
}

/** Whether a text that is a number means that number. */
export function takesNumbers(schema: z.ZodType): boolean {
  const inner = bare(schema);
  return (
    inner instanceof z.ZodNumber || (inner instanceof z.ZodUnion && (inner.options as z.ZodType[]).some(takesNumbers))
  );
}

/** What a member must be, in words. */
export function expectation(schema: z.ZodType): string {
  const inner = bare(schema);
  if (inner instanceof z.ZodEnum) return oneOf(inner.options.map(String));
  if (inner instanceof z.ZodLiteral) return oneOf([...inner.values].map(String));
  if (inner instanceof z.ZodUnion) return (inner.options as z.ZodType[]).map(expectation).join(" or ");
  if (inner instanceof z.ZodNumber) return numberExpectation(inner);
  if (inner instanceof z.ZodArray) return "a list of at least one";
  if (inner instanceof z.ZodBoolean) return "true or false";
  if (inner instanceof z.ZodString) return "a text";
  return inner instanceof z.ZodObject ? "an object" : "another value";
}

function numberExpectation(schema: z.ZodNumber): string {
  const what = schema.isInt ? "an integer" : "a number";
  const low = schema.minValue ?? Number.NEGATIVE_INFINITY;
  const high = schema.maxValue ?? Number.POSITIVE_INFINITY;
  const bounded = [low > Number.MIN_SAFE_INTEGER, high < Number.MAX_SAFE_INTEGER];
  if (bounded[0] && bounded[1]) return `${what} between ${low} and ${high}`;
  if (bounded[0]) return `${what} of at least ${low}`;
  return bounded[1] ? `${what} of at most ${high}` : what;
}

const oneOf = (names: readonly string[]): string =>
  names.length < 3 ? names.join(" or ") : `one of ${names.join(", ")}`;

/** The member that an issue is about, and what to say of it; zod's own words are for programmers. */
function problemOf(schema: z.ZodObject, request: unknown, issue: z.core.$ZodIssue): RequestProblem {
  let member: z.ZodType = schema;
  let value: unknown = request;
  const path: string[] = [];
  for (const key of issue.path) {
    const inner = bare(member);
    if (inner instanceof z.ZodObject) {
      member = inner.shape[String(key)] as z.ZodType;
      path.push(String(key));
    } else if (inner instanceof z.ZodArray) member = inner.element as z.ZodType;
    else break;
    value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  }
  if (issue.code === "unrecognized_keys") {
    const names = Object.keys((bare(member) as z.ZodObject).shape);
    const known = (key: string): string => {
      const meant = nearest(key, names);
      return `unknown name "${key}"${meant === undefined ? "" : `; did you mean "${meant}"?`}`;
    };
    return { path, message: issue.keys.map(known).join(", ") };
  }
  if (issue.code === "custom") return { path, message: issue.message };
  const meant = typeof value === "string" ? nearest(value, choicesOf(member)) : undefined;
  const got = value === undefined ? "nothing" : JSON.stringify(value);
  return {
    path,
    message: `expected ${expectation(member)}, got ${got}${meant === undefined ? "" : `; did you mean ${meant}?`}`,
  };
}
