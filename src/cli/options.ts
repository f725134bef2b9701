/** From a job's request to a command's options, and back from what was typed to the request. */
import { type Command, Option } from "commander";
import type { z } from "zod";
import { nearest } from "../project/requests/nearest.ts";
import {
  bare,
  choicesOf,
  defaultOf,
  optionsOf,
  type RequestOption,
  readRequest,
  takesNumbers,
} from "../project/requests/request.ts";
import { formatSeeds } from "../project/requests/seeds.ts";

/** Adds an option for every member of a request that has words for one, in their order. */
export function withOptions(command: Command, request: z.ZodObject): Command {
  for (const member of optionsOf(request)) for (const option of commanderOptions(member)) command.addOption(option);
  // `requestOf` says where they belong.
  return command.allowExcessArguments();
}

/** Options of every command that ends with a result. */
export function withOutput(command: Command): Command {
  return command
    .option("--json", "print the result as JSON, for machines")
    .option("--quiet", "no progress bar, no advice on what comes next");
}

/**
 * The request that a command's options ask for, with `given` beside them (arguments, the command line itself). Ends with a
 * usage error that names the option, before anything is done.
 */
export function requestOf<S extends z.ZodObject>(
  command: Command,
  schema: S,
  given: Partial<z.input<S>> = {},
): z.output<S> {
  const typed = command.opts<Record<string, unknown>>();
  const members = optionsOf(schema);
  refuseForeignArguments(command, members);
  const request: Record<string, unknown> = { ...given };
  const wrong: string[] = [];
  for (const member of members) {
    const raw = namesOf(member)
      .map((name) => typed[name])
      .find((value) => value !== undefined);
    if (raw === undefined) continue;
    try {
      place(request, member.path, valueOfText(member, raw));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      wrong.push(`${longFlag(member)}: ${error.message}`);
    }
  }
  for (const member of members) {
    const beside = holder(request, member.path);
    const needed = member.required === "always" || (member.required === "with others" && beside !== undefined);
    if (needed && beside?.[member.path.at(-1)!] === undefined)
      usageError(command, `required option '${member.flag}' not specified`);
  }
  const read = readRequest(schema, request);
  if (!Array.isArray(read) && wrong.length === 0) return read;
  for (const { path, message } of Array.isArray(read) ? read : []) {
    const member = members.find((m) => m.path.join(".") === path.join("."));
    wrong.push(member === undefined ? message : `${longFlag(member)}: ${message}`);
  }
  return usageError(command, wrong.join("\nerror: "));
}

/** Ends with exit code 2: the command was not typed as it should be. */
export const usageError = (command: Command, message: string): never =>
  command.error(`error: ${message}`, { code: "klish.usage" });

/** The long name that help shows. */
const longFlag = ({ flag }: Pick<RequestOption, "flag">): string => flag.split(/[ ,]+/)[flag.includes(", ") ? 1 : 0];

function commanderOptions(member: RequestOption): Option[] {
  const { flag, aliases = [], group } = member;
  const shown = new Option(flag, helpText(member));
  if (group !== undefined) shown.helpGroup(`${group}:`);
  const hidden = (flags: string): Option => new Option(flags).hideHelp();
  const value = /( [<[].*)?$/.exec(flag)?.[0] ?? "";
  const others = aliases.map((alias) => hidden(`${alias}${value}`));
  // Either way of a switch is understood; help shows the one that changes something. Commander wants the positive one first.
  if (isSwitch(member)) {
    const name = flag.replace(/^--(no-)?/, "");
    const [yes, no] = [`--${name}`, `--no-${name}`];
    return flag === no ? [hidden(yes), shown, ...others] : [shown, hidden(no), ...others];
  }
  const all = [shown, ...others];
  if (isRepeated(member))
    for (const option of all) option.argParser((text: string, before?: string[]) => [...(before ?? []), text]);
  return all;
}

const isSwitch = ({ schema }: RequestOption): boolean => bare(schema).type === "boolean";

/** A list that has no text of its own is given by repeating its flag. */
const isRepeated = ({ schema, read }: RequestOption): boolean => read === undefined && bare(schema).type === "array";

/** The names under which commander keeps what was typed. */
const namesOf = (member: RequestOption): string[] => commanderOptions(member).map((option) => option.attributeName());

function helpText(member: RequestOption): string {
  const { help, otherwise, schema } = member;
  const choices = choicesOf(schema);
  const standard = otherwise ?? shown(defaultOf(schema));
  const facts = [
    ...(choices.length > 0 ? [`choices: ${choices.join(", ")}`] : []),
    ...(standard === undefined ? [] : [`default: ${standard}`]),
    ...(member.required === "always" ? ["required"] : []),
  ];
  return facts.length === 0 ? help : `${help} (${facts.join("; ")})`;
}

/** A default as it would be typed; undefined where saying it says nothing. */
function shown(value: unknown): string | undefined {
  if (value === undefined || value === null || typeof value === "boolean") return undefined;
  if (!Array.isArray(value)) return String(value);
  if (value.length === 0) return undefined;
  return value.every((v) => typeof v === "number") ? formatSeeds(value) : value.join(",");
}

/** What was typed as the value of a member; what does not fit is left to the schema. Throws RangeError of its reader. */
function valueOfText({ schema, read, alone }: RequestOption, raw: unknown): unknown {
  if (raw === true && alone !== undefined) return alone;
  if (typeof raw !== "string") return raw;
  if (read !== undefined) return read(raw);
  return takesNumbers(schema) && DECIMAL.test(raw) ? Number(raw) : raw;
}

/** Number() would take 0x10, blanks and Infinity too. */
const DECIMAL = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;

function place(request: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = request;
  for (const name of path.slice(0, -1)) {
    at[name] ??= {};
    at = at[name] as Record<string, unknown>;
  }
  at[path.at(-1)!] = value;
}

/** The object in which the last name of a path lies; undefined where nothing was given of it. */
const holder = (request: Record<string, unknown>, path: readonly string[]): Record<string, unknown> | undefined =>
  path
    .slice(0, -1)
    .reduce<Record<string, unknown> | undefined>(
      (at, name) => at?.[name] as Record<string, unknown> | undefined,
      request,
    );

/** "klish cluster gan.onnx": what takes no argument may be told where it belongs. */
function refuseForeignArguments(command: Command, members: readonly RequestOption[]): void {
  const foreign = command.args.slice(command.registeredArguments.length)[0];
  if (foreign === undefined || command.registeredArguments.at(-1)?.variadic) return;
  const inner = nearest(
    foreign,
    command.commands.map((one) => one.name()),
  );
  if (inner !== undefined)
    usageError(command, `unknown command '${command.name()} ${foreign}'; did you mean ${command.name()} ${inner}?`);
  const meant = members.find(({ required }) => required === "always");
  const advice = meant === undefined ? "" : `; did you mean ${longFlag(meant)} ${foreign}?`;
  usageError(command, `unexpected argument "${foreign}"${advice}`);
}
