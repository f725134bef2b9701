/** What is in a portrait: plain numbers, drawn from a seed. */
import { RandomState } from "../tensor/random.ts";
import { type Backdrop, drawBackdrop } from "./backdrop.ts";
import { type Beard, drawBeard } from "./beard.ts";
import { type Body, drawBody } from "./body.ts";
import { type Brows, drawBrows } from "./brows.ts";
import { type Color, freeColor, hairColor, near, skinColor } from "./color.ts";
import { between, chance } from "./draw.ts";
import { drawEars, type Ears } from "./ears.ts";
import { drawEyes, type Eyes } from "./eyes.ts";
import { drawSkin, type Skin } from "./face.ts";
import { drawGlasses, type Glasses } from "./glasses.ts";
import { drawHair, type Hair } from "./hair.ts";
import { drawHat, type Hat } from "./hat.ts";
import { drawHead, type Head } from "./head.ts";
import { drawLight, type Light } from "./light.ts";
import { drawMouth, type Mouth } from "./mouth.ts";
import { drawNose, type Nose } from "./nose.ts";

/** A portrait as numbers: every part with its place, shape and colour. */
export interface Portrait {
  readonly head: Head;
  readonly light: Light;
  readonly skin: Skin;
  readonly eyes: Eyes;
  readonly brows: Brows;
  readonly nose: Nose;
  readonly mouth: Mouth;
  readonly ears: Ears;
  readonly hair: Hair | null;
  readonly beard: Beard | null;
  readonly glasses: Glasses | null;
  readonly hat: Hat | null;
  readonly body: Body;
  readonly backdrop: Backdrop;
  /** Seed of strands, folds and clouds. */
  readonly texture: number;
}

/** Shares of portraits with glasses and with a hat. */
const GLASSES = 0.16;
const HAT = 0.14;
/** How often a free colour is close to one that another part has. */
const RELATED = 0.42;

/** The portrait of a seed, an integer in [0, 2^32). */
export function drawPortrait(seed: number): Portrait {
  const random = new RandomState(seed);
  const light = drawLight(random);
  const head = drawHead(random);
  const skin = skinColor(random, random.randomSample() ** 1.2);
  const pale = chance(random, 0.07);
  const hair = pale ? near(random, skin, 0.07) : hairColor(random, head.age);
  // Walls, cloth and hats often have the colour of skin or hair, so that colour does not tell what a pixel is.
  const free = (relatives: readonly Color[]): Color =>
    chance(random, RELATED) ? near(random, relatives[random.randint(relatives.length)], 0.09) : freeColor(random);
  const wall = free([skin, hair, hair]);
  const cloth = free([skin, hair, wall, wall]);
  const other = free([skin, hair, wall, cloth]);
  const hatted = chance(random, HAT);
  const eyes = drawEyes(random, head);
  return {
    head,
    light,
    skin: drawSkin(random, head, skin),
    eyes,
    brows: drawBrows(random, head, hair, skin),
    nose: drawNose(random, head),
    mouth: drawMouth(random, head, skin),
    ears: drawEars(random, head.age),
    hair: drawHair(random, head, hair, hatted),
    beard: drawBeard(random, head, hair),
    glasses: chance(random, GLASSES) ? drawGlasses(random, eyes) : null,
    hat: hatted ? drawHat(random, head, free([hair, wall, cloth]), other) : null,
    body: drawBody(
      random,
      head,
      cloth,
      other,
      chance(random, 0.4) ? near(random, [0.9, 0.9, 0.88], 0.05) : free([skin, wall]),
    ),
    backdrop: drawBackdrop(random, wall, free([skin, hair, cloth])),
    texture: Math.floor(between(random, 0, 2 ** 32)),
  };
}
