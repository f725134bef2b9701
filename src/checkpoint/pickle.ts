import { ByteReader } from "./byteReader.ts";
import { type PickleSource, spend } from "./pickleSource.ts";
import { buildRules, symbolRules } from "./pickleSymbols.ts";
import { asText, describe, isKind, type PickleValue } from "./pickleValue.ts";
import { CheckpointError } from "./stateDict.ts";

/**
 * A machine for Python pickles that reads data and can do nothing else. The opcodes are those of the table below, the names those of
 * pickleSymbols.ts; everything else is refused. No code of the file or of Python runs: a "call" makes an inert node.
 */

/** CPython's own recursion limit keeps official files far below. */
const MAX_MARKS = 10_000;
const MAX_STACK = 1_000_000;
const MAX_MEMO = 1_000_000;
/** Module and class names. */
const MAX_NAME_BYTES = 256;
/** Torch's magic number has 10. */
const MAX_INTEGER_BYTES = 32;
const LOWEST_PROTOCOL = 2;
const HIGHEST_PROTOCOL = 5;

/**
 * Runs the pickle at the reader's position and returns its one result; the reader then stands behind its STOP. Iterative: nesting does
 * not cost call stack. Byte strings are views.
 * @throws CheckpointError for truncated, malformed, oversized pickles and for every opcode or name that is not allowed.
 */
export function runPickle(reader: ByteReader, source: PickleSource): PickleValue {
  const machine = new Machine(reader, source);
  for (;;) {
    const code = reader.u8();
    if (code === STOP) return machine.result();
    spend(source.budget, "opcodes", 1);
    const opcode = opcodes[code];
    if (opcode === undefined)
      throw new CheckpointError(
        `The pickle uses opcode 0x${code.toString(16).padStart(2, "0")} at byte ${reader.position - 1}, which no checkpoint needs. ` +
          "It is damaged or made to do harm; nothing of it was executed.",
      );
    opcode(machine);
  }
}

/** Runs a pickle that starts at byte 0. Like Python, it does not look at what follows the STOP. */
export function readPickle(bytes: Uint8Array, source: PickleSource): PickleValue {
  return runPickle(new ByteReader(bytes, "The pickle"), source);
}

const STOP = 0x2e;

/** The state of one run. */
class Machine {
  readonly reader: ByteReader;
  readonly source: PickleSource;
  readonly start: number;
  readonly stack: PickleValue[] = [];
  /** Heights of the stack at each MARK that is open. */
  readonly marks: number[] = [];
  readonly memo = new Map<number, PickleValue>();

  constructor(reader: ByteReader, source: PickleSource) {
    this.reader = reader;
    this.source = source;
    this.start = reader.position;
  }

  push(value: PickleValue): void {
    if (this.stack.length >= MAX_STACK) throw broken(`stacks more than ${MAX_STACK} values`);
    this.stack.push(value);
  }

  /** Pushes a value that takes memory of its own. */
  make(value: PickleValue): void {
    spend(this.source.budget, "objects", 1);
    this.push(value);
  }

  /** The stack may not be emptied below the innermost mark. */
  pop(): PickleValue {
    if (this.stack.length <= (this.marks.at(-1) ?? 0)) throw broken("takes a value from an empty stack");
    return this.stack.pop()!;
  }

  top(): PickleValue {
    const value = this.pop();
    this.stack.push(value);
    return value;
  }

  popMany(count: number): PickleValue[] {
    const items = new Array<PickleValue>(count);
    for (let i = count - 1; i >= 0; i--) items[i] = this.pop();
    return items;
  }

  popToMark(): PickleValue[] {
    const height = this.marks.pop();
    if (height === undefined) throw broken("looks for a mark that is not there");
    return this.stack.splice(height);
  }

  text(bytes: number): string {
    return new TextDecoder().decode(this.textBytes(bytes));
  }

  /** Python 2 text: one byte a character. */
  latin1(bytes: number): string {
    const view = this.textBytes(bytes);
    let text = "";
    for (let i = 0; i < view.length; i += 4096) text += String.fromCharCode(...view.subarray(i, i + 4096));
    return text;
  }

  textBytes(length: number): Uint8Array {
    const view = this.reader.take(length);
    spend(this.source.budget, "textBytes", length);
    return view;
  }

  line(): string {
    const { bytes, position } = this.reader;
    const end = bytes.indexOf(0x0a, position);
    const length = (end < 0 ? bytes.length : end) - position;
    if (length > MAX_NAME_BYTES) throw broken("has an overlong name");
    const text = this.text(length);
    this.reader.skip(1);
    return text;
  }

  put(index: number): void {
    if (this.memo.size >= MAX_MEMO) throw broken(`memorises more than ${MAX_MEMO} values`);
    this.memo.set(index, this.top());
  }

  get(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw broken(`recalls value ${index}, which it never stored`);
    this.push(value);
  }

  integer(bytes: number): void {
    if (bytes < 0 || bytes > MAX_INTEGER_BYTES) throw broken(`has an integer of ${bytes} bytes`);
    const view = this.reader.take(bytes);
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(view[i]!);
    value = BigInt.asIntN(8 * bytes, value);
    if (Number.isSafeInteger(Number(value))) this.push(Number(value));
    else this.make(value);
  }

  symbol(module: string, name: string): void {
    // Keys of the table hold exactly one space, so two texts cannot be joined into one of them in another way.
    const key = `${module} ${name}`;
    const rule = symbolRules.get(key);
    if (rule === undefined || !rule.contexts.includes(this.source.context))
      throw new CheckpointError(
        `The pickle asks for ${JSON.stringify(`${module}.${name}`)}, which is not among the names that a checkpoint may use here. ` +
          "Nothing of it was executed. If the file comes from a place that you do not trust, delete it.",
      );
    this.make({ kind: "symbol", name: key });
  }

  /** `reduce`: a call of the symbol; `create`: a new object of the class. Both make data, by the symbol's rule. */
  apply(how: "reduce" | "create"): void {
    const args = this.pop();
    const callable = this.pop();
    const rule = isKind(callable, "symbol") ? symbolRules.get(callable.name)?.[how] : undefined;
    if (rule === undefined || !isKind(args, "tuple"))
      throw broken(`uses ${describe(callable)} with ${describe(args)} in a way that no checkpoint needs`);
    this.make(rule(args.items, this.source));
  }

  /** BUILD: gives an object its state. */
  build(): void {
    const state = this.pop();
    const object = this.top();
    if (!buildRules.some((rule) => rule(object, state))) throw broken(`gives a state to ${describe(object)}`);
  }

  append(items: readonly PickleValue[]): void {
    const list = this.top();
    if (!isKind(list, "list")) throw broken(`appends to ${describe(list)}`);
    for (const item of items) list.items.push(item);
  }

  set(items: readonly PickleValue[]): void {
    const dict = this.top();
    if (!isKind(dict, "dict")) throw broken(`sets items of ${describe(dict)}`);
    if (items.length % 2 !== 0) throw broken("sets a key without a value");
    for (let i = 0; i < items.length; i += 2) dict.entries.set(items[i]!, items[i + 1]!);
  }

  result(): PickleValue {
    const value = this.pop();
    if (this.stack.length > 0 || this.marks.length > 0) throw broken("stops with values left over");
    return value;
  }
}

function broken(what: string): CheckpointError {
  return new CheckpointError(`The pickle ${what}; the file is damaged or made to do harm.`);
}

const opcodes: readonly (((m: Machine) => void) | undefined)[] = tableOf([
  [0x80, (m) => checkProtocol(m.reader.u8(), m.reader.position - 2 === m.start)], // PROTO
  [0x95, (m) => m.reader.require(m.reader.u64())], // FRAME
  [0x28, (m) => mark(m)], // MARK
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4a, (m) => m.push(m.reader.i32())], // BININT
  [0x4b, (m) => m.push(m.reader.u8())], // BININT1
  [0x4d, (m) => m.push(m.reader.u16())], // BININT2
  [0x8a, (m) => m.integer(m.reader.u8())], // LONG1
  [0x8b, (m) => m.integer(m.reader.i32())], // LONG4
  [0x47, (m) => m.push(m.reader.f64BigEndian())], // BINFLOAT
  [0x58, (m) => m.push(m.text(m.reader.u32()))], // BINUNICODE
  [0x8c, (m) => m.push(m.text(m.reader.u8()))], // SHORT_BINUNICODE
  [0x8d, (m) => m.push(m.text(m.reader.u64()))], // BINUNICODE8
  [0x42, (m) => m.make(m.reader.take(m.reader.u32()))], // BINBYTES
  [0x43, (m) => m.make(m.reader.take(m.reader.u8()))], // SHORT_BINBYTES
  [0x8e, (m) => m.make(m.reader.take(m.reader.u64()))], // BINBYTES8
  [0x55, (m) => m.push(m.latin1(m.reader.u8()))], // SHORT_BINSTRING
  [0x54, (m) => m.push(m.latin1(m.reader.u32()))], // BINSTRING
  [0x5d, (m) => m.make({ kind: "list", items: [] })], // EMPTY_LIST
  [0x29, (m) => m.make({ kind: "tuple", items: [] })], // EMPTY_TUPLE
  [0x7d, (m) => m.make({ kind: "dict", entries: new Map() })], // EMPTY_DICT
  [0x8f, (m) => m.make({ kind: "set" })], // EMPTY_SET
  [0x74, (m) => m.make({ kind: "tuple", items: m.popToMark() })], // TUPLE
  [0x85, (m) => m.make({ kind: "tuple", items: m.popMany(1) })], // TUPLE1
  [0x86, (m) => m.make({ kind: "tuple", items: m.popMany(2) })], // TUPLE2
  [0x87, (m) => m.make({ kind: "tuple", items: m.popMany(3) })], // TUPLE3
  [0x61, (m) => m.append(m.popMany(1))], // APPEND
  [0x65, (m) => m.append(m.popToMark())], // APPENDS
  [0x73, (m) => m.set(m.popMany(2))], // SETITEM
  [0x75, (m) => m.set(m.popToMark())], // SETITEMS
  [0x90, (m) => addItems(m)], // ADDITEMS
  [0x71, (m) => m.put(m.reader.u8())], // BINPUT
  [0x72, (m) => m.put(m.reader.u32())], // LONG_BINPUT
  [0x94, (m) => m.put(m.memo.size)], // MEMOIZE
  [0x68, (m) => m.get(m.reader.u8())], // BINGET
  [0x6a, (m) => m.get(m.reader.u32())], // LONG_BINGET
  [0x63, (m) => m.symbol(m.line(), m.line())], // GLOBAL
  [0x93, (m) => stackGlobal(m)], // STACK_GLOBAL
  [0x52, (m) => m.apply("reduce")], // REDUCE
  [0x81, (m) => m.apply("create")], // NEWOBJ
  [0x62, (m) => m.build()], // BUILD
  [0x51, (m) => persistent(m)], // BINPERSID
  [0x30, (m) => void m.pop()], // POP
  [0x31, (m) => void m.popToMark()], // POP_MARK
  [0x32, (m) => m.push(m.top())], // DUP
]);

function tableOf(rows: readonly (readonly [number, (m: Machine) => void])[]) {
  const table = new Array<((m: Machine) => void) | undefined>(256).fill(undefined);
  for (const [code, run] of rows) table[code] = run;
  return table;
}

function checkProtocol(protocol: number, first: boolean): void {
  if (protocol < LOWEST_PROTOCOL || protocol > HIGHEST_PROTOCOL)
    throw new CheckpointError(
      `Pickle protocol ${protocol} is not known; expected ${LOWEST_PROTOCOL} to ${HIGHEST_PROTOCOL}.`,
    );
  if (!first) throw broken("names its protocol twice");
}

function mark(m: Machine): void {
  if (m.marks.length >= MAX_MARKS) throw broken(`nests more than ${MAX_MARKS} deep`);
  m.marks.push(m.stack.length);
}

function addItems(m: Machine): void {
  m.popToMark();
  const set = m.top();
  if (!isKind(set, "set")) throw broken(`adds items to ${describe(set)}`);
}

function stackGlobal(m: Machine): void {
  const [module, name] = m.popMany(2);
  m.symbol(asText(module, "module of a name"), asText(name, "name in a module"));
}

function persistent(m: Machine): void {
  const id = m.pop();
  if (m.source.persistent === undefined)
    throw broken("refers to data outside itself, which this kind of file does not have");
  m.make(m.source.persistent(id));
}
