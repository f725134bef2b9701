import { type RefObject, useEffect, useEffectEvent, useRef } from "react";

export interface Shown {
  /** Whether it is in sight, or about to be. */
  visible: boolean;
  /** In CSS pixels; 0 before it was laid out. */
  width: number;
}

/** How far beyond the window counts as about to be in sight. */
const AHEAD = "200px";

/**
 * Whether an element is in sight and how wide it is, as the browser tells: to ask the element would have it lay the page out. `onChange` runs when
 * it comes into sight and when its width changes.
 */
export function useShown(ref: RefObject<Element | null>, onChange: () => void): RefObject<Shown> {
  const shown = useRef<Shown>({ visible: false, width: 0 });
  const changed = useEffectEvent(onChange);
  useEffect(() => {
    const sight = new IntersectionObserver(
      ([entry]) => {
        shown.current.visible = entry.isIntersecting;
        if (entry.isIntersecting) changed();
      },
      { rootMargin: AHEAD },
    );
    const size = new ResizeObserver(([entry]) => {
      shown.current.width = entry.contentRect.width;
      changed();
    });
    sight.observe(ref.current!);
    size.observe(ref.current!);
    return () => {
      sight.disconnect();
      size.disconnect();
    };
  }, [ref]);
  return shown;
}
