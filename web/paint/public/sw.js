/** Keeps the page's files: a newer one from the network goes first, what is kept serves where there is none. */
const KEPT = "klish-paint";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// Addresses of what the page fetched before this worker was there.
self.addEventListener("message", (event) => {
  event.waitUntil(
    (async () => {
      const kept = await caches.open(KEPT);
      await kept.addAll(event.data);
      for (const client of await self.clients.matchAll()) client.postMessage("kept");
    })(),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== self.location.origin) return;
  event.respondWith(
    (async () => {
      const kept = await caches.open(KEPT);
      try {
        const response = await fetch(request);
        if (response.ok) event.waitUntil(kept.put(request, response.clone()));
        return response;
      } catch (error) {
        const found = await kept.match(request, { ignoreSearch: true });
        if (found === undefined) throw error;
        return found;
      }
    })(),
  );
});
