import { basename, extname } from "node:path";

/** Endings of pictures, those too that cannot be decoded here: such files belong on the list of the rejected. */
export const PICTURE_ENDINGS: ReadonlySet<string> = new Set(
  "jpg jpeg jpe jfif png webp gif tif tiff avif bmp heic heif jxl jp2 ppm pgm tga psd".split(" ").map((e) => `.${e}`),
);

/** Hidden files and what macOS adds to archives are not pictures, whatever their extension. */
export const isPicture = (name: string): boolean =>
  PICTURE_ENDINGS.has(extname(name).toLowerCase()) && !basename(name).startsWith(".") && !name.startsWith("__MACOSX/");
