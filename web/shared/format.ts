/** ".42": two decimals without the zero, as figures between 0 and 1 are set. */
export const decimals = (x: number): string => (x >= 0.995 ? "1.0" : x.toFixed(2).replace(/^(-?)0/, "$1"));

/** A share in [0, 1] as "12 %". */
export const percent = (x: number): string =>
  x === 0 ? "0 %" : x < 0.001 ? "< 0.1 %" : `${(100 * x).toFixed(x < 0.0995 ? 1 : 0)} %`;
