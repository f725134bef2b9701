import { pythonString, shellWord } from "../text/escape.ts";
import { type DatasetClass, IGNORE_LABEL, type LabelMap } from "./labelMap.ts";
import type { DatasetFolder, FoundSample, ReportFault } from "./reading.ts";
import type { Split } from "./split.ts";

/** What all samples of a dataset share. */
export interface DatasetInfo {
  readonly name: string;
  /** One sentence: what it is and how it was made. */
  readonly description: string;
  /** The index is the id. */
  readonly classes: readonly DatasetClass[];
  /** Extension of the encoded images, without a dot: png, jpg or webp. */
  readonly imageExtension: string;
  /** Splits that have samples, in the order train, val, test. */
  readonly splits: readonly Split[];
  readonly samples: number;
  /** Whether a generator drew the images, and its feature maps the masks; absent: nothing is known of where they are from. */
  readonly generated?: boolean;
}

/** One image with its labels, already encoded. */
export interface Sample {
  /** File stem: letters, digits, "-" and "_". */
  readonly name: string;
  readonly split: Split;
  /** The encoded image. */
  readonly image: Uint8Array;
  readonly labels: LabelMap;
  /** `labels` as index PNG with the classes' palette, 255 = ignore. */
  readonly mask: Uint8Array;
}

/** Where a format writes. Paths are relative, with "/". */
export interface DatasetSink {
  /** A whole file. */
  file(path: string, content: Uint8Array | string): Promise<void>;
  /** A piece of a file that grows. */
  append(path: string, content: Uint8Array | string): Promise<void>;
  /** The sample's image or mask as it is: a sink may link instead of copying. */
  original(path: string, sample: Sample, part: "image" | "mask"): Promise<void>;
}

/** Writes one dataset. Memory stays bounded: nothing grows with the pixels of all samples. */
export interface DatasetWriter {
  add(sample: Sample): Promise<void>;
  /** Writes what needs to have seen all samples. */
  finish(): Promise<void>;
}

/** A layout on disk that is read. One file each, and a row in the table of `formats/index.ts`. */
export interface DatasetLayout {
  readonly name: string;
  /** Whose it is, in words. */
  readonly title: string;
  /** How many of a folder's files belong to this layout; 0 where the folder has another. */
  recognise(folder: DatasetFolder): number | Promise<number>;
  /** The classes that the layout's own files list, for folders without classes.json; undefined where they list none. */
  classes?(folder: DatasetFolder, report: ReportFault): Promise<readonly DatasetClass[] | undefined>;
  /** Its samples, in the order of their keys. What cannot be read is reported and left out, or found when the sample is read. */
  read(
    folder: DatasetFolder,
    classes: readonly DatasetClass[] | undefined,
    report: ReportFault,
  ): Promise<readonly FoundSample[]>;
}

/** A layout that is written too, for other people's tools. */
export interface DatasetFormat extends DatasetLayout {
  /** Three lines (or so) of code that load it; {path} stands for the folder, as a string of Python or a word of the shell. */
  readonly load: { readonly language: "python" | "shell"; readonly code: string };
  writer(info: DatasetInfo, sink: DatasetSink): DatasetWriter;
}

/** The lines that load a dataset from `path`, with its own numbers in them. */
export const loadCode = (
  { load }: Pick<DatasetFormat, "load">,
  { imageExtension, classes }: Pick<DatasetInfo, "imageExtension" | "classes">,
  path: string,
): string => {
  const values: Readonly<Record<string, string>> = {
    path: load.language === "python" ? pythonString(path) : shellWord(path),
    ext: imageExtension,
    classes: String(classes.length),
  };
  return load.code.replace(/\{(path|ext|classes)\}/g, (_, name) => values[name]);
};

export const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** File lists per split, one name a line: kept small in memory, written at the end. */
export function splitLists(): {
  add(sample: Sample): void;
  of(split: Split): string;
  names(split: Split): readonly string[];
} {
  const lists = new Map<Split, string[]>();
  return {
    add({ split, name }) {
      const list = lists.get(split);
      if (list === undefined) lists.set(split, [name]);
      else list.push(name);
    },
    of: (split) => (lists.get(split) ?? []).map((name) => `${name}\n`).join(""),
    names: (split) => lists.get(split) ?? [],
  };
}

/** classes.json, which every layout carries: ids, names and colours in one place. */
export const classesJson = (classes: readonly DatasetClass[]): string =>
  json({ ignore: IGNORE_LABEL, classes: classes.map((c, id) => ({ id, ...c })) });
