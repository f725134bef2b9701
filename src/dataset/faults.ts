/** What breaks training elsewhere, and what to do about it. Adding a kind means a row here, and a reader or `check` that finds it. */

interface FaultInfo {
  /** Warnings are worth a look, but may be meant. */
  readonly severity: "error" | "warning";
  readonly fix: string;
}

/** Every kind of fault: how grave it is, and what to do. */
export const FAULTS = {
  "no-pairs": {
    severity: "error",
    fix: "put images beside their masks or annotations, or name the layout with --format",
  },
  "folder-left-out": { severity: "warning", fix: "check and export that folder by itself" },
  "image-without-mask": { severity: "error", fix: "add the mask, or remove the image" },
  "mask-without-image": { severity: "error", fix: "give image and mask the same stem, or remove the mask" },
  "stem-twice": { severity: "error", fix: "rename one of them: loaders pair by stem" },
  "size-mismatch": {
    severity: "error",
    fix: "make the mask at the image's size; resize masks by nearest neighbour only",
  },
  "empty-file": { severity: "error", fix: "write it again: a copy or a full disk cut it off" },
  "image-damaged": { severity: "error", fix: "write it again" },
  "mask-damaged": { severity: "error", fix: "write it again" },
  "mask-lossy": { severity: "error", fix: "save masks as PNG: lossy compression invents ids" },
  "mask-channels": { severity: "error", fix: "save one channel that holds the class id" },
  "mask-depth": { severity: "error", fix: "save 8-bit ids" },
  "mask-interlaced": { severity: "error", fix: "save it without interlacing" },
  "anti-aliased": { severity: "error", fix: "draw and resize masks without smoothing (nearest neighbour)" },
  "ids-between": {
    severity: "warning",
    fix: "look at its borders: if they were smoothed, make it again without (nearest neighbour)",
  },
  "binary-mask": { severity: "error", fix: "write 1 for the class: 255 means ignore" },
  "id-out-of-range": { severity: "error", fix: "map it to a class id, or to 255 to ignore it" },
  "ids-from-one": { severity: "error", fix: "subtract 1 from every id, or add a background class with id 0" },
  "id-gaps": { severity: "error", fix: "add classes.json with the names of all ids, or number the classes 0, 1, 2, …" },
  "palette-colour": { severity: "warning", fix: "write the classes' colours as palette, or correct classes.json" },
  "all-ignored": { severity: "warning", fix: "leave the sample out: it teaches nothing" },
  "one-class": { severity: "warning", fix: "look at it: nothing but one class is in the mask" },
  "class-empty": { severity: "warning", fix: "leave the class out, or find samples of it" },
  "classes-missing": { severity: "warning", fix: "add classes.json with ids, names and colours" },
  "classes-damaged": { severity: "error", fix: "list each class once, with ids 0, 1, 2, … and colours #rrggbb" },
  "list-unknown": { severity: "error", fix: "remove the line, or add the sample" },
  "list-twice": { severity: "error", fix: "keep it in one split: what is trained on must not be tested on" },
  "list-left-out": { severity: "warning", fix: "add it to a split, or remove it" },
  "list-empty": { severity: "error", fix: "put samples into the split, or remove the list" },
  "annotation-damaged": { severity: "error", fix: "write or export the annotations again" },
  "annotation-stray": { severity: "error", fix: "add the image that it belongs to, or remove the annotation" },
  "annotation-unused": { severity: "warning", fix: "mark the one to use as ground truth, or delete the others" },
  "label-unknown": { severity: "error", fix: "use a name from the list of labels, or add the class to it" },
  "annotations-differ": { severity: "error", fix: "write instances and panoptic maps from the same labels" },
  "area-wrong": { severity: "warning", fix: "compute area and box from the mask" },
  overlap: { severity: "warning", fix: "cut one of the areas: a pixel has one class, and the later area wins" },
  "image-twice": { severity: "warning", fix: "keep one of them: the same picture in two splits is a leak" },
  "image-rotated": {
    severity: "error",
    fix: "apply the EXIF orientation: some loaders turn the image and not the mask",
  },
  "image-alpha": { severity: "warning", fix: "flatten it: most loaders expect three channels" },
  "name-odd": { severity: "warning", fix: "use letters, digits, '-', '_' and '.' only" },
  "stray-file": { severity: "warning", fix: "remove it: folder loaders may take it for a sample" },
} as const satisfies Record<string, FaultInfo>;

/** A kind of fault, by name. */
export type FaultKind = keyof typeof FAULTS;

/** A fault of a file: its kind, and what was found. */
export interface Fault {
  readonly kind: FaultKind;
  readonly path: string;
  /** What was found, with its value. */
  readonly found: string;
}
