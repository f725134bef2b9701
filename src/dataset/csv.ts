/** CSV (RFC 4180): rows of fields; a field in quotation marks may hold commas, line breaks and doubled quotation marks. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (let at = text.startsWith("\ufeff") ? 1 : 0; at < text.length; ) {
    let field = "";
    if (text[at] === '"') {
      for (at++; at < text.length; at++) {
        const end = text.indexOf('"', at);
        if (end < 0) [field, at] = [field + text.slice(at), text.length];
        else [field, at] = [field + text.slice(at, end), end + 1];
        if (text[at] !== '"') break;
        field += '"';
      }
    }
    const end = nextOf(text, at);
    row.push(field + text.slice(at, end));
    at = end + 1;
    if (end < text.length && text[end] === ",") {
      // A comma at the end of the text leaves an empty field behind it.
      if (at === text.length) row.push("");
      else continue;
    }
    if (text[end] === "\r" && text[at] === "\n") at++;
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  }
  return rows;
}

/** The next comma or line break, or the text's end. */
function nextOf(text: string, at: number): number {
  const ends = /[,\r\n]/g;
  ends.lastIndex = at;
  return ends.exec(text)?.index ?? text.length;
}
