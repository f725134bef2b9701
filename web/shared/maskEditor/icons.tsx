/** Pictures of the toolbar's buttons, drawn on a field of 20 x 20. */
const PATHS = {
  brush: "M3 17c3 0 4-1 4-3a2 2 0 0 1 4 0c0 3-4 4-8 3ZM10 12l6-8 1 1-5 8",
  eraser: "M3 13l8-9 6 5-8 8H6ZM7 8.5l6 5M9 17h8",
  fill: "M4 10l6-6 6 6-6 6ZM4 10h12M10 4L8 2M17 13c1 2 1 3 0 3s-1-1 0-3Z",
  lasso: "M5 12C1 8 5 3 10 3s9 4 6 7-8 3-11 2c-1 2 1 3 0 5",
  move: "M10 2v16M2 10h16M10 2L8 4M10 2l2 2M10 18l-2-2M10 18l2-2M2 10l2-2M2 10l2 2M18 10l-2-2M18 10l-2 2",
  pick: "M3 17l1-4 7-7 3 3-7 7ZM10 5l5 5M13 7l2-3 1 1-2 3",
  hand: "M6 10V5a1 1 0 0 1 2 0v4V3a1 1 0 0 1 2 0v6V4a1 1 0 0 1 2 0v6V6a1 1 0 0 1 2 0v6c0 4-2 6-5 6s-4-2-6-6c0-2 1-2 3 0",
  undo: "M4 8h8a4 4 0 0 1 0 8H8M4 8l3-3M4 8l3 3",
  redo: "M16 8H8a4 4 0 0 0 0 8h4M16 8l-3-3M16 8l-3 3",
  grow: "M10 7v6M7 10h6M3 6V3h3M17 6V3h-3M3 14v3h3M17 14v3h-3",
  shrink: "M7 10h6M6 3v3H3M14 3v3h3M6 17v-3H3M14 17v-3h3",
  duplicate: "M3 3h9v9H3ZM8 15v2h9V8h-2",
  remove: "M4 6h12M8 6V4h4v2M6 6l1 11h6l1-11",
  zoomIn: "M9 3a6 6 0 1 1 0 12A6 6 0 0 1 9 3ZM13.5 13.5L18 18M9 6v6M6 9h6",
  zoomOut: "M9 3a6 6 0 1 1 0 12A6 6 0 0 1 9 3ZM13.5 13.5L18 18M6 9h6",
  fit: "M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4",
  clear: "M4 4l12 12M16 4L4 16",
  locked: "M5 9h10v8H5ZM7 9V6a3 3 0 0 1 6 0v3",
  unlocked: "M5 9h10v8H5ZM7 9V6a3 3 0 0 1 6-1",
  help: "M7 7a3 3 0 1 1 4 3c-1 .5-1 1-1 2M10 15v1",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
