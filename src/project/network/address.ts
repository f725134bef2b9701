import { ProjectError } from "../storage/files.ts";

/** Whether a network is given as a URL. */
export const isUrl = (text: string): boolean => /^https?:\/\//i.test(text);

/** An address as it may be shown and kept: without password and query, which often hold a key. */
export function shownAddress({ protocol, host, pathname, search }: URL): string {
  return `${protocol}//${host}${pathname}${search === "" ? "" : "?…"}`;
}

/** Text with the addresses in it, of networks, queues and buckets, as they may be shown and kept. */
export const withoutSecrets = (text: string): string =>
  text.replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s'"]+/gi, (address) => {
    try {
      return shownAddress(new URL(address));
    } catch {
      return hidden(address);
    }
  });

/** An invalid address, without what may be secret in it. */
const hidden = (text: string): string =>
  text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, "$1…@").replace(/\?.*$/s, "?…");

/** Throws ProjectError for what is not a web address, without repeating what may be secret in it. */
export function parseAddress(text: string): URL {
  try {
    const url = new URL(text);
    url.hash = "";
    return url;
  } catch (cause) {
    throw new ProjectError(`${hidden(text)} is not a valid address. Give it as https://host/path/file.`, { cause });
  }
}

/** The name of the file that an address means, made safe and at most 60 characters long; its end says the format. */
export function fileNameOf({ pathname }: URL): string {
  let path = pathname;
  try {
    path = decodeURIComponent(pathname);
  } catch {
    // Not every path is UTF-8: then it is named as it is written.
  }
  const name = path
    .split("/")
    .at(-1)!
    .replace(/[^\w.-]/g, "_")
    .slice(-60);
  return /^\.*$/.test(name) ? "network" : name;
}

const isLoopback = ({ hostname }: URL): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);

/**
 * Throws ProjectError for an address that is not fetched. Weights decide what is computed, so they travel over an authenticated
 * channel, or do not leave the machine. `from` sent us there: only this machine may send us to an address of its own.
 */
export function checkAddress(url: URL, from?: URL): void {
  const way = from === undefined ? shownAddress(url) : `${shownAddress(from)} leads to ${shownAddress(url)}`;
  if (isLoopback(url) && from !== undefined && !isLoopback(from))
    throw new ProjectError(`${way}, an address of this machine. Nothing of it is fetched; download the file yourself.`);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url)))
    throw new ProjectError(`${way}: only https is fetched. Use https, or download the file yourself.`);
}
