/** Pictures from files, and files for the user. */
import type { Pixels } from "./engine.ts";

/** The middle square of a picture file, `side` pixels wide. Rejects with an error to be shown for what is no picture. */
export async function readPicture(file: Blob, side: number): Promise<Pixels> {
  const bitmap = await createImageBitmap(file).catch((cause) => {
    throw new Error("this is no picture that the browser can read; expected PNG, JPEG or WebP", { cause });
  });
  const context = new OffscreenCanvas(side, side).getContext("2d")!;
  const length = Math.min(bitmap.width, bitmap.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(
    bitmap,
    ...([(bitmap.width - length) / 2, (bitmap.height - length) / 2, length, length, 0, 0, side, side] as const),
  );
  bitmap.close();
  return context.getImageData(0, 0, side, side).data;
}

/** Square pixels as a PNG. */
export async function picturePng(pixels: Pixels): Promise<Blob> {
  const side = Math.sqrt(pixels.length / 4);
  const canvas = new OffscreenCanvas(side, side);
  canvas.getContext("2d")!.putImageData(new ImageData(pixels, side, side), 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}

/** Gives the user a file. */
export function download(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // After the click was handled.
  setTimeout(() => URL.revokeObjectURL(link.href), 0);
}
