const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const PLAIN = /^[\u0020-\u007e]*$/;
// East Asian wide and full-width letters, and emoji.
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
const WITHOUT_WIDTH = /^(?:\p{Mark}|\u200b|\u200c|\u200d)+$/u;
const COLOURS = /\u001b\[[0-9;]*m/g;

/** What a reader takes for letters. */
export function lettersOf(text: string): string[] {
  return PLAIN.test(text) ? [...text] : Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Columns of a terminal that a letter takes. */
export function letterWidth(letter: string): number {
  if (WITHOUT_WIDTH.test(letter)) return 0;
  return WIDE.test(letter) || letter.includes("\ufe0f") ? 2 : 1;
}

/** Columns that a text takes; colours take none. */
export function textWidth(text: string): number {
  return lettersOf(text.replace(COLOURS, "")).reduce((sum, letter) => sum + letterWidth(letter), 0);
}
