/**
 * As much of XML as the annotation files of labelling tools need: tags with attributes, and the text between them. Everything is read in
 * one pass from left to right, so time and memory grow with the file and nothing else; entities stand for one character each.
 */

import type { DatasetFolder } from "./reading.ts";

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** The text that `xml` (text/escape) made, or another writer. */
export const fromXml = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return NAMED[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });

export interface XmlTag {
  readonly name: string;
  readonly kind: "open" | "close" | "empty";
  /** What stands between its name and its end: see `attributesOf`. */
  readonly inner: string;
  /** The text between the tag before it and itself, as it is written. */
  readonly before: string;
  /** Where it stands: from `start` up to `end`. */
  readonly start: number;
  readonly end: number;
}

/** Comments and the like: how they begin and end. */
const SKIPPED = [
  ["<!--", "-->"],
  ["<![CDATA[", "]]>"],
  ["<?", "?>"],
  ["<!", ">"],
] as const;
const NAME = /\/?[A-Za-z_:][\w:.-]*/y;

/** The tags of a text in turn, up to one that it cuts off. Returns where that begins, or the text's end. */
export function* xmlTags(text: string): Generator<XmlTag, number> {
  let before = 0;
  for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at)) {
    const skipped =
      text[at + 1] === "!" || text[at + 1] === "?" ? SKIPPED.find(([s]) => text.startsWith(s, at)) : undefined;
    if (skipped !== undefined) {
      const end = text.indexOf(skipped[1], at + skipped[0].length);
      if (end < 0) return at;
      at = end + skipped[1].length;
      continue;
    }
    NAME.lastIndex = at + 1;
    const found = NAME.exec(text)?.[0];
    if (found === undefined && at + 2 < text.length) {
      at++;
      continue;
    }
    const from = at + 1 + (found?.length ?? 0);
    const end = tagEnd(text, from);
    if (found === undefined || end < 0) return at;
    const empty = text[end - 1] === "/" && end > from;
    const close = found[0] === "/";
    yield {
      name: close ? found.slice(1) : found,
      kind: close ? "close" : empty ? "empty" : "open",
      inner: text.slice(from, empty ? end - 1 : end),
      before: text.slice(before, at),
      start: at,
      end: end + 1,
    };
    at = before = end + 1;
  }
  return text.length;
}

/** The ">" that ends a tag: the first outside quotation marks; -1 where there is none. */
function tagEnd(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const c = text[i];
    if (c === ">") return i;
    if (c !== '"' && c !== "'") continue;
    i = text.indexOf(c, i + 1);
    if (i < 0) return -1;
  }
  return -1;
}

/** One attribute with what stands before it; a name without a value takes its own characters only. */
const ATTRIBUTE = /[\s=/>"']*([^\s=/>"']+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'))?/y;

/** The attributes of a tag by name, of equal names the last; names without a value are left out. */
export function attributesOf({ inner }: Pick<XmlTag, "inner">): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (ATTRIBUTE.lastIndex = 0; ; ) {
    const match = ATTRIBUTE.exec(inner);
    if (match === null) return found;
    const value = match[2] ?? match[3];
    if (value !== undefined) found.set(match[1], fromXml(value));
  }
}

/** Bytes of a file that are looked through at a time. */
const PIECE = 2 ** 22;
/** Of one tag with its attributes: the run lengths of a mask of a million edges. */
const MOST_TAG_BYTES = 2 ** 26;

/**
 * The tags of a file of any length in turn, with places in bytes; their text is one character a byte: see `utf8`. Returns whether it ends
 * after a tag. Throws RangeError for a tag of more than 64 MiB.
 */
export async function* xmlFileTags(folder: DatasetFolder, path: string): AsyncGenerator<XmlTag, boolean> {
  const size = await folder.size(path);
  let rest = "";
  let restAt = 0;
  for (let at = 0; at < size; at += PIECE) {
    rest += latin1(await folder.read(path, at, Math.min(size, at + PIECE)));
    const tags = xmlTags(rest);
    let next = tags.next();
    for (; next.done !== true; next = tags.next()) {
      const { start, end } = next.value;
      yield { ...next.value, start: restAt + start, end: restAt + end };
    }
    restAt += next.value;
    rest = rest.slice(next.value);
    if (rest.length > MOST_TAG_BYTES) throw new RangeError(`the tag at byte ${restAt} does not end`);
  }
  return rest === "";
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  const step = 2 ** 13;
  for (let i = 0; i < bytes.length; i += step) text += String.fromCharCode(...bytes.subarray(i, i + step));
  return text;
}

/** Text of one character a byte as what its bytes mean. */
export const utf8 = (text: string): string => new TextDecoder().decode(Uint8Array.from(text, (c) => c.charCodeAt(0)));
