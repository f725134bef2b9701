import { createHash } from "node:crypto";
import { defineConfig, type Plugin } from "vite";
import { react } from "../react.ts";

const POLICY_SLOT = "__KLISH_REPORT_POLICY__";

/** What the page may do: run the script with this text, and show pictures that it holds itself. */
const policy = (script: string): string =>
  [
    "default-src 'none'",
    `script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'`,
    // Plots bring styles with them; from a style nothing can be run or, by the first line, fetched.
    "style-src 'unsafe-inline'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");

/** Moves the script and the style into the page, so that it opens from disk, and names that script as the only one to run. */
const inline: Plugin = {
  name: "inline",
  enforce: "post",
  generateBundle(_, bundle) {
    const page = bundle["template.html"];
    if (page?.type !== "asset") throw new Error("expected template.html in the bundle");
    let html = String(page.source);
    for (const [name, file] of Object.entries(bundle)) {
      if (file === page) continue;
      const text = file.type === "chunk" ? file.code.replaceAll("</script", "<\\/script") : String(file.source);
      const [tag, element] =
        file.type === "chunk"
          ? [/<script[^>]* src="[^"]*"[^>]*><\/script>/, `<script type="module">${text}</script>`]
          : [/<link[^>]* rel="stylesheet"[^>]*>/, `<style>${text}</style>`];
      if (!tag.test(html)) throw new Error(`${name} is not used by template.html`);
      html = html.replace(tag, () => element);
      if (file.type === "chunk") html = html.replace(POLICY_SLOT, () => policy(text));
      delete bundle[name];
    }
    if (html.includes(POLICY_SLOT)) throw new Error("the page has no policy: expected one script");
    page.source = html;
  },
};

export default defineConfig({
  base: "./",
  ...react,
  plugins: [inline],
  build: {
    outDir: "../../dist/report",
    emptyOutDir: true,
    modulePreload: false,
    assetsInlineLimit: Number.MAX_SAFE_INTEGER,
    rolldownOptions: { input: "template.html" },
  },
});
