/** What a part is called, with its colour. */
import { cssVars } from "../ui/style.ts";
import { useCalled } from "./context.tsx";

export function Swatch({ color }: { readonly color: string }) {
  return <span className="swatch" style={cssVars({ "--color": color })} aria-hidden="true" />;
}

/** "#12" with its colour, or its name. */
export function PartName({ id }: { readonly id: number }) {
  const { names, groups } = useCalled();
  return (
    <span className="name">
      <Swatch color={`rgb(${groups.rgb[id].join(" ")})`} />
      {names.get(id) ?? `#${id}`}
    </span>
  );
}
