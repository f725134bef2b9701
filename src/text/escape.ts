/**
 * Text from somebody else inside the languages that we write: a name, a path or a title enters each of them through one function here,
 * and means nothing there but itself. HTML pages are made with `html`, which calls `xml`.
 */

/** What is not seen where it is read: control characters, other line ends, marks that hide text or turn its order round. */
const UNSEEN = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;
/** Characters that XML 1.0 has no way to write: most control characters, halves of surrogate pairs. */
const NO_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

const hex = (char: string, digits: number): string => char.charCodeAt(0).toString(16).padStart(digits, "0");

/** One line for a terminal, with what it would obey instead of show written out: `\x1b`, `\n`, `\u202e`. */
export const visible = (text: string): string =>
  text.replace(UNSEEN, (c) => {
    if (c === "\n") return "\\n";
    if (c === "\r") return "\\r";
    if (c === "\t") return "\\t";
    return c < "\u0100" ? `\\x${hex(c, 2)}` : `\\u${hex(c, 4)}`;
  });

/** Several lines for a terminal, each made visible. Only for text whose line ends are its author's. */
export const visibleLines = (text: string): string => text.split("\n").map(visible).join("\n");

/** Of UNSEEN, those that belong to the writing of Persian, of Indian languages and of emoji: they join letters, or keep them apart. */
const JOINERS = /[\u200c\u200d]/;

/** A name on one line: line ends and tabs become spaces, and what is not seen is left out, so that two names that look alike are alike. */
export const plainName = (text: string): string =>
  text
    .replace(/\p{Cs}/gu, "")
    .replace(/[\s\u0085]+/g, " ")
    .replace(UNSEEN, (c) => (JOINERS.test(c) ? c : ""))
    .trim();

/** JSON on one line, without a character that is not seen. */
export const plainJson = (value: unknown): string => JSON.stringify(value).replace(UNSEEN, (c) => `\\u${hex(c, 4)}`);

/** JSON for a script element too: no end tag and no comment begins in it. */
export const safeJson = (value: unknown): string => plainJson(value).replaceAll("<", "\\u003c");

/** A string literal of Python, on one line. */
export const pythonString = (text: string): string => plainJson(text);

/** A double-quoted scalar of YAML, on one line. */
export const yamlString = (text: string): string => plainJson(text);

/** A word of a POSIX shell; with control characters, of bash and zsh. */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (text.search(UNSEEN) < 0) return `'${text.replaceAll("'", "'\\''")}'`;
  const written = text
    .replace(/[\\']/g, "\\$&")
    .replace(UNSEEN, (c) => (c < "\u0080" ? `\\x${hex(c, 2)}` : `\\u${hex(c, 4)}`));
  return `$'${written}'`;
}

/** Text and attributes of XML, SVG and HTML. */
export const xml = (text: string): string =>
  text.replace(NO_XML, "\ufffd").replace(/[&<>"'\t\n\r]/g, (c) => `&#${c.charCodeAt(0)};`);

/** Words in a paragraph, heading or table cell of Markdown, on one line: no markup, no HTML, no column. */
export const markdown = (text: string): string =>
  visible(text)
    .replace(/[\\`*_[\]#|~!$]/g, "\\$&")
    .replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);

/** A cell of CSV. What a spreadsheet would compute gets an apostrophe in front, and is text then. */
export function csvCell(value: string | number | null | undefined): string {
  if (typeof value !== "string") return value === null || value === undefined ? "" : String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A field of CVAT's labelmap.txt, which has no escape: what would end it, its line, or make that a comment is a space. */
export const labelMapField = (text: string): string =>
  text
    .replace(UNSEEN, " ")
    .replaceAll(":", " ")
    .replace(/^[\s#]+/, "")
    .trimEnd() || "_";
