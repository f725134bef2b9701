import { defineConfig, type Plugin } from "vite";

/** Moves the script and the style into the page, so that it opens from disk. */
const inline: Plugin = {
  name: "inline",
  enforce: "post",
  generateBundle(_, bundle) {
    const page = bundle["template.html"];
    if (page?.type !== "asset") throw new Error("expected template.html in the bundle");
    let html = String(page.source);
    for (const [name, file] of Object.entries(bundle)) {
      if (file === page) continue;
      const text = file.type === "chunk" ? file.code : String(file.source);
      const [tag, element] =
        file.type === "chunk"
          ? [
              /<script[^>]* src="[^"]*"[^>]*><\/script>/,
              `<script type="module">${text.replaceAll("</script", "<\\/script")}</script>`,
            ]
          : [/<link[^>]* rel="stylesheet"[^>]*>/, `<style>${text}</style>`];
      if (!tag.test(html)) throw new Error(`${name} is not used by template.html`);
      html = html.replace(tag, () => element);
      delete bundle[name];
    }
    page.source = html;
  },
};

export default defineConfig({
  base: "./",
  plugins: [inline],
  build: {
    outDir: "../../dist/report",
    emptyOutDir: true,
    modulePreload: false,
    assetsInlineLimit: Number.MAX_SAFE_INTEGER,
    rolldownOptions: { input: "template.html" },
  },
});
