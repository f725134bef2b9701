/** Endings of pictures, those too that cannot be decoded here: such files belong on the list of the rejected. */
export const PICTURE_ENDINGS: ReadonlySet<string> = new Set(
  "jpg jpeg jpe jfif png webp gif tif tiff avif bmp heic heif jxl jp2 ppm pgm tga psd".split(" ").map((e) => `.${e}`),
);

/** Hidden files and what macOS adds to archives are not pictures, whatever their extension. Folders may end in either slash. */
export function isPicture(path: string): boolean {
  const name = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  const ending = name.slice(Math.max(0, name.lastIndexOf("."))).toLowerCase();
  return PICTURE_ENDINGS.has(ending) && !name.startsWith(".") && !path.startsWith("__MACOSX/");
}
