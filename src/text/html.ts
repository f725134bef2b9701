import { xml } from "./escape.ts";

/** A piece of HTML that `html` made: what else is put into a page is text. */
export class Html {
  readonly markup: string;
  private constructor(markup: string) {
    this.markup = markup;
  }
  /** Our own markup or style sheet, never anybody's text. */
  static trusted(markup: string): Html {
    return new Html(markup);
  }
}

/**
 * A template of HTML: strings and numbers that are filled in are escaped, in text and in quoted attributes; pieces of HTML stand as they
 * are, lists of pieces one after another.
 */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly (string | number | Html | readonly Html[])[]
): Html {
  const markup = (value: string | number | Html | readonly Html[]): string => {
    if (value instanceof Html) return value.markup;
    return typeof value === "object" ? value.map(markup).join("") : xml(String(value));
  };
  return Html.trusted(parts.reduce((page, part, i) => `${page}${markup(values[i - 1])}${part}`));
}

/** The policy of a page that runs no script, asks for nothing, and has its pictures within. */
export const STATIC_POLICY =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
