import { expect, it } from "vitest";
import { isPicture } from "../../src/text/pictureNames.ts";

it.each([
  ["a.jpg", true],
  ["in/a/folder/B.JPEG", true],
  ["in\\a\\folder\\b.png", true],
  ["a.photo.webp", true],
  ["a.jpg.txt", false],
  ["jpg", false],
  ["folder.png/notes", false],
  [".hidden.png", false],
  ["folder/._a.png", false],
  ["__MACOSX/a.png", false],
])("%s is a picture: %s", (path, expected) => {
  expect(isPicture(path)).toBe(expected);
});
