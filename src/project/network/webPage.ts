const PAGE = /^\s*<(!doctype|html|head|body|script|\?xml|!--)/i;

/**
 * Throws RangeError where bytes, the first of a file at least, are a web page, a message in JSON or a pointer of Git LFS: what
 * servers send in place of a file, as if all were well.
 */
export function refuseWebPage(bytes: Uint8Array): void {
  const text = new TextDecoder().decode(bytes.subarray(0, 512));
  if (PAGE.test(text))
    throw new RangeError(
      "this is a web page, not a file. Take the address behind the page's download button, and see whether it needs a login.",
    );
  if (/^\s*[{[]\s*("|\{|\])/.test(text)) throw new RangeError(`this is a message, not a file: ${excerpt(text)}`);
  if (text.startsWith("version https://git-lfs"))
    throw new RangeError(
      "this is a pointer of Git LFS, not the file itself. Take the address of the file's raw content.",
    );
}

const excerpt = (text: string): string => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\s]+/g, " ").trim();
  return line.length > 80 ? `${line.slice(0, 80)}…` : line;
};
