/**
 * Lets the page open without a network once it was loaded: sw.js keeps what it and its worker (`used`) fetched. Browsers have service workers on
 * https and on this machine only; elsewhere the page just needs its host.
 */
export function keepOffline(used: readonly string[]): void {
  if (!("serviceWorker" in navigator)) return;
  void (async () => {
    await navigator.serviceWorker.register("./sw.js");
    const { active } = await navigator.serviceWorker.ready;
    const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
    const own = [location.href, ...loaded, ...used].filter((url) => url.startsWith(location.origin));
    active?.postMessage([...new Set(own)]);
  })();
}
