/** Changes one file of a dataset, knowing its structure. */
import { zlibSync } from "fflate";
import { crc32 } from "../../src/dataset/png.ts";
import { below, mutateBytes, pick, type Random, replaced } from "./mutate.ts";

export type Files = ReadonlyMap<string, Uint8Array>;

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Values at which readers break. */
const NUMBERS = [0, -1, 1, 2, 0.5, 255, 256, 40_000, 1e9, 2 ** 31, 2 ** 32, 2 ** 53, 1e308, -1e308];
const STRINGS = [
  ...["", ".", "..", "../../evil/e", "/tmp/klish-evil", "a\\..\\b", "x\0y", "__proto__", "constructor"],
  ...['"><script>alert(1)</script>', "\u001b[2J", "#zzzzzz", "a\nb", "é".repeat(300), "a".repeat(100_000)],
];

/** One to three changes of one or two files. */
export function mutateFiles(files: Files, random: Random): Files {
  const out = new Map(files);
  for (let change = below(random, 3); change >= 0; change--) {
    const path = pick(random, [...out.keys()]);
    const content = out.get(path) as Uint8Array;
    const kind = below(random, 24);
    if (kind === 0) out.delete(path);
    else if (kind === 1) out.set(`${pick(random, ["x/", "", "masks/", "images/"])}${path}`, content);
    else if (kind === 2) out.set(path, out.get(pick(random, [...out.keys()])) as Uint8Array);
    else out.set(path, mutateFile(path, content, random));
    if (out.size === 0) return files;
  }
  return out;
}

function mutateFile(path: string, content: Uint8Array, random: Random): Uint8Array {
  if (content.length === 0 || below(random, 8) === 0)
    return content.length === 0 ? content : mutateBytes(content, random);
  if (path.endsWith(".json")) return mutateJson(content, random);
  if (path.endsWith(".jsonl")) return mutateLines(content, random);
  if (path.endsWith(".xml")) return mutateXml(content, random);
  if (path.endsWith(".tar")) return mutateTar(content, random);
  if (path.endsWith(".png")) return mutatePng(content, random);
  return mutateLines(content, random);
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

function mutateJson(content: Uint8Array, random: Random): Uint8Array {
  let root: Json;
  try {
    root = JSON.parse(textOf(content)) as Json;
  } catch {
    return mutateBytes(content, random);
  }
  const text = JSON.stringify(changed(root, random));
  // Nesting deeper than any parser's patience, now and then.
  return bytesOf(below(random, 200) === 0 ? `${"[".repeat(100_000)}${text}` : text);
}

/** The value, with a change in a place that is found by going down at random. */
function changed(value: Json, random: Random): Json {
  const keys = value !== null && typeof value === "object" ? Object.keys(value) : [];
  if (keys.length > 0 && below(random, 5) > 0) {
    const key = pick(random, keys);
    if (Array.isArray(value)) {
      const copy = [...value];
      const at = Number(key);
      const kind = below(random, 12);
      if (kind === 0) copy.splice(at, 1);
      else if (kind === 1) for (let n = below(random, 300); n >= 0; n--) copy.push(copy[at]);
      else copy[at] = changed(copy[at], random);
      return copy;
    }
    const copy = { ...(value as { [key: string]: Json }) };
    const kind = below(random, 12);
    if (kind === 0) delete copy[key];
    else if (kind === 1) copy[pick(random, keys)] = copy[key];
    else copy[key] = changed(copy[key], random);
    return copy;
  }
  if (typeof value === "number" && below(random, 3) > 0)
    return pick(random, [-value, value + 1, value - 1, value * 65_536, value + 0.5, pick(random, NUMBERS)]);
  if (typeof value === "string" && below(random, 3) > 0)
    return pick(random, [value.slice(0, below(random, value.length + 1)), value + value, pick(random, STRINGS)]);
  return pick<Json>(random, [null, true, pick(random, NUMBERS), pick(random, STRINGS), [], {}, [null], [[]], value]);
}

/** JSON lines, CSV, lists of names, YAML. */
function mutateLines(content: Uint8Array, random: Random): Uint8Array {
  const lines = textOf(content).split("\n");
  const at = below(random, lines.length);
  switch (below(random, 6)) {
    case 0:
      lines.splice(at, 1);
      break;
    case 1:
      lines.push(lines[at], pick(random, STRINGS));
      break;
    case 2:
      lines[at] = textOf(mutateJson(bytesOf(lines[at] || "null"), random));
      break;
    default: {
      const fields = lines[at].split(/([\s,:=]+)/);
      fields[below(random, fields.length)] = String(
        pick<string | number>(random, [...STRINGS, ...NUMBERS, '"', "[", "#"]),
      );
      lines[at] = fields.join("");
    }
  }
  return bytesOf(lines.join("\n"));
}

function mutateXml(content: Uint8Array, random: Random): Uint8Array {
  const text = textOf(content);
  const parts = [...text.matchAll(/"[^"]*"|<\/?\w+|\/?>/g)];
  if (parts.length === 0) return mutateBytes(content, random);
  const part = pick(random, parts);
  const by = part[0].startsWith('"')
    ? pick(random, [
        `"${pick<string | number>(random, [...NUMBERS, ...STRINGS])}"`,
        '"',
        `"${part[0].slice(1, -1).split(/[,;]/).reverse().join(",")}"`,
        `"${part[0].slice(1, -1)},${pick(random, NUMBERS)}"`,
      ])
    : pick(random, [
        "",
        part[0].repeat(1 + below(random, 2000)),
        "<!--",
        "-->",
        "<![CDATA[",
        "<image ",
        "<label>",
        "<a>",
        "/>",
        ">",
      ]);
  return bytesOf(text.slice(0, part.index) + by + text.slice(part.index + part[0].length));
}

/** Header fields of ustar: where they begin, and their bytes. */
const TAR_FIELDS = [
  [0, 100],
  [124, 12],
  [148, 8],
  [156, 1],
  [257, 6],
  [345, 155],
] as const;

function mutateTar(content: Uint8Array, random: Random): Uint8Array {
  const headers: number[] = [];
  for (let at = 0; at + 512 <= content.length; at += 512)
    if (textOf(content.subarray(at + 257, at + 262)) === "ustar") headers.push(at);
  if (headers.length === 0) return mutateBytes(content, random);
  const at = pick(random, headers);
  const [field, length] = pick(random, TAR_FIELDS);
  const out = content.slice();
  const value = pick<string | number>(random, [
    "-0001000",
    "77777777777",
    "0",
    "L",
    "x",
    "5",
    "\x80\xff\xff",
    ...STRINGS,
    ...NUMBERS,
  ]);
  const bytes = Uint8Array.from(String(value).slice(0, length), (c) => c.charCodeAt(0) & 255);
  out.fill(0, at + field, at + field + length).set(bytes, at + field);
  // Most changes get a good checksum, so that they are met and not refused at the door.
  if (below(random, 5) > 0) {
    out.fill(32, at + 148, at + 156);
    const sum = out.subarray(at, at + 512).reduce((s, byte) => s + byte, 0);
    out.set(bytesOf(`${sum.toString(8).padStart(6, "0")}\0 `), at + 148);
  }
  return out;
}

function mutatePng(content: Uint8Array, random: Random): Uint8Array {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const chunks: { at: number; end: number; type: string }[] = [];
  for (let at = 8; at + 12 <= content.length; ) {
    const end = at + 12 + view.getUint32(at);
    if (end > content.length) break;
    chunks.push({ at, end, type: textOf(content.subarray(at + 4, at + 8)) });
    at = end;
  }
  if (chunks.length === 0) return mutateBytes(content, random);
  const { at, end, type } = pick(random, chunks);
  const body = content.slice(at + 8, end - 4);
  if (below(random, 6) === 0)
    return replaced(content, at, end, pick(random, [new Uint8Array(), content.slice(at, end)]));
  // A header that an earlier change left too short for its fields changes as any other chunk.
  if (type === "IHDR" && body.length >= 13) {
    const header = new DataView(body.buffer);
    const field = below(random, 7);
    if (field < 2) header.setUint32(field * 4, pick(random, [0, 1, 2, 13, 255, 16_384, 40_000, 2 ** 31, 2 ** 32 - 1]));
    else body[6 + field] = pick(random, [0, 1, 2, 3, 4, 6, 8, 16, 255]);
  } else if (type === "IDAT" && below(random, 2) === 0) {
    // Of zeros, up to a thousand times what the header claims.
    return replaced(content, at, end, chunk(type, packedZeros(pick(random, [0, 1, 100, 100_000, 20_000_000]))));
  } else if (body.length > 0) return replaced(content, at, end, chunk(type, mutateBytes(body, random)));
  return replaced(content, at, end, chunk(type, body));
}

/** Packed once: making them anew would be most of what the harness needs of memory and time. */
const PACKED = new Map<number, Uint8Array>();
function packedZeros(bytes: number): Uint8Array {
  const packed = PACKED.get(bytes) ?? zlibSync(new Uint8Array(bytes), { level: 9 });
  PACKED.set(bytes, packed);
  return packed;
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const out = new Uint8Array(body.length + 12);
  const view = new DataView(out.buffer);
  view.setUint32(0, body.length);
  out.set(bytesOf(type), 4);
  out.set(body, 8);
  view.setUint32(body.length + 8, crc32(out.subarray(4, body.length + 8)));
  return out;
}
