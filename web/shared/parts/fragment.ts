/** K, the isolated part and the large picture in the page's address: "#k=12&part=47&picture=3". */
import { type Action, type Range, reduce, type State } from "./state.ts";

const whole = (text: string | null): number | null => (text !== null && /^\d{1,6}$/.test(text) ? Number(text) : null);

/** The state that an address asks for; what it does not say, or what cannot be, stays as it is. */
export function atFragment(state: State, hash: string, range: Range): State {
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  const [k, part, picture] = ["k", "part", "picture"].map((name) => whole(said.get(name)));
  const actions: Action[] = [];
  if (k !== null) actions.push({ type: "setK", k });
  if (picture !== null) actions.push({ type: "picture", index: picture - 1 });
  const moved = actions.reduce((now, action) => reduce(now, action, range), state);
  const alive = part !== null && range.ownersAt(moved.k)[part] === part;
  return alive ? reduce(moved, { type: "only", id: part }, range) : moved;
}

/** The fragment that leads to the state; what else the present one says stays. */
export function fragmentOf({ k, isolated, picture }: State, present: string): string {
  // "#run" and the like are places of the page, not choices.
  const said = new URLSearchParams(present.includes("=") ? present.replace(/^#/, "") : "");
  // Written anew, so that the same choices have the same address.
  for (const name of ["k", "part", "picture"]) said.delete(name);
  said.set("k", String(k));
  if (isolated !== null) said.set("part", String(isolated));
  if (picture !== 0) said.set("picture", String(picture + 1));
  return `#${said}`;
}
