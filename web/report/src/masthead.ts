/** What the report is about, and how it was made. */
import { byId, h } from "./dom.ts";
import type { Model } from "./model.ts";

/** Headings and settings that never change while reading. */
export function makeMasthead({ data }: Model): void {
  byId("masthead").append(
    h("p", { class: "eyebrow" }, h("span", {}, "KLiSH report"), h("a", { href: "#run" }, "How this was made")),
    h("h1", {}, data.title),
    h("p", { class: "summary" }, data.summary),
    ...data.notes.map((note) => h("p", { class: "warning", role: "note" }, note)),
  );
}

export function makeRun({ data }: Model): void {
  const copied = h("span", { role: "status" });
  const copy = h(
    "button",
    {
      type: "button",
      class: "quiet",
      click: () => {
        navigator.clipboard.writeText(data.command).then(
          () => copied.replaceChildren("Copied"),
          () => copied.replaceChildren("Select the text to copy it"),
        );
      },
    },
    "Copy",
  );
  byId("run").append(
    h("h2", { id: "run-title" }, "How this was made"),
    ...(data.command
      ? [h("div", { class: "command" }, h("pre", { tabindex: 0 }, h("code", {}, data.command)), copy, copied)]
      : []),
    h(
      "dl",
      {},
      ...data.facts.map(({ label, value, note }) =>
        h("div", {}, h("dt", {}, label), h("dd", {}, value, note ? h("small", {}, note) : null)),
      ),
    ),
    h(
      "details",
      {},
      h("summary", {}, "What the words mean"),
      h(
        "dl",
        { class: "terms" },
        ...(
          [
            [
              "IoU",
              "of a cluster: intersection over union of the pixels that its SVM accepts (score above 0) and the pixels labelled with it. High: linearly separable. A very large cluster has a high IoU by its size alone.",
            ],
            [
              "SVM, merged",
              "the two label maps at K. SVM: the highest of K one-vs-rest scores. Merged: the start clusters after the merges so far, which the SVMs were trained on.",
            ],
            ["v", "confidence of a pixel, (clamp(score, -1, 1) + 1) / 2."],
            [
              "ECoS",
              "the cosine of two clusters' confidence maps: how often both claim the same pixels. With the pair criterion, S: the same with the overlap expected by chance subtracted, as far as the balance says.",
            ],
            [
              "Effective clusters",
              "exp(H), H the entropy of the areas: how many equally large clusters would be as diverse.",
            ],
            [
              "R2, R2rel",
              "R2: the share of the features' variance that lies between the clusters. R2rel: the same relative to K-means at the same K. Low beside a high IoU: one cluster has swallowed the rest.",
            ],
            [
              "#12",
              "a cluster is named by the start cluster that it grew from; it keeps name and colour when others join it.",
            ],
          ] as const
        ).map(([term, meaning]) => h("div", {}, h("dt", {}, term), h("dd", {}, meaning))),
      ),
    ),
    h(
      "p",
      { class: "hint" },
      data.fidelity.join(" "),
      " Keys: ← → one cluster fewer or more, space plays, Esc shows all clusters.",
    ),
  );
}
