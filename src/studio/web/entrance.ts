/** The pages at the door. */
import { type Html, html } from "../../text/html.ts";
import type { Session } from "./access.ts";

/**
 * Lets a browser in, and leads it to the page. Not by a redirect: one that began on another site, such as a link in a mail, would come without the
 * cookie, which is for our own pages alone.
 */
export function entrance({ name, value }: Session["cookie"]): Response {
  return smallPage(
    200,
    html`<meta http-equiv="refresh" content="0; url=/">`,
    html`<p><a href="/">Open the studio</a></p>`,
    {
      "set-cookie": `${name}=${value}; Path=/; HttpOnly; SameSite=Strict`,
    },
  );
}

/** What is shown to whoever has no session. */
export const strangerPage = (): Response =>
  smallPage(
    401,
    html``,
    html`<h1>klish studio</h1><p>Open the address that <code>klish studio</code> printed in its terminal: it ends with a token, without which nothing is shown.</p>`,
  );

function smallPage(status: number, head: Html, body: Html, headers: Readonly<Record<string, string>> = {}): Response {
  const { markup } =
    html`<html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,"><title>klish studio</title><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">${head}</head>
<body><main>${body}</main></body></html>`;
  return new Response(`<!doctype html>\n${markup}\n`, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      // The icon, empty, is named so that nobody asks for one.
      "content-security-policy": "default-src 'none'; img-src data:",
      ...headers,
    },
  });
}
