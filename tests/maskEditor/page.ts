/** A page with nothing but a mask editor, which is `window.editor`. */
import { resolve } from "node:path";
import { build } from "vite";
import { react } from "../../web/react.ts";

const shared = resolve(import.meta.dirname, "../../web/shared");

/** The page's program, as text: it is of the browser, which the tests' types know nothing of. */
const program = (side: number): string => `
import "${shared}/theme.css";
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { MaskEditor } from "${shared}/maskEditor/editor.ts";
import { MaskEditorView } from "${shared}/maskEditor/MaskEditorView.tsx";
const names = ["ground", "sky", "<b>tree</b>"];
const classes = names.map((name, i) => ({ name, color: ["#6b4f2a", "#79b4e8", "#2f7d32"][i] }));
const mask = { width: ${side}, height: ${side}, data: new Uint8Array(${side} * ${side}) };
window.editor = new MaskEditor({ mask, classes });
createRoot(document.getElementById("root")).render(createElement(MaskEditorView, { editor: window.editor }));
`;

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Mask editor</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'">
<main><h1>Mask editor</h1><div id="root"></div></main><script type="module" src="/main.js"></script></html>`;

/** Builds the page for a mask of side `side` into a folder. */
export async function buildEditorPage(outDir: string, side: number): Promise<void> {
  const entry = "\0main";
  await build({
    configFile: false,
    root: shared,
    base: "./",
    logLevel: "error",
    ...react,
    plugins: [
      {
        name: "editor-page",
        resolveId: (id) => (id === "main.js" ? entry : null),
        load: (id) => (id === entry ? program(side) : null),
        generateBundle(_, bundle) {
          const styles = Object.keys(bundle).filter((name) => name.endsWith(".css"));
          const links = styles.map((name) => `<link rel="stylesheet" href="/${name}">`).join("");
          this.emitFile({ type: "asset", fileName: "index.html", source: PAGE.replace("<main>", `${links}<main>`) });
        },
      },
    ],
    build: {
      ...{ outDir, emptyOutDir: true, modulePreload: false },
      rolldownOptions: { input: "main.js", output: { entryFileNames: "main.js" } },
    },
  });
}
