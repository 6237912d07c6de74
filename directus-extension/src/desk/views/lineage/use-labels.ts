import { useTexts } from '../../composables/use-texts';
import { LABEL_FONT, STRONG } from './draw';
import type { Edge } from './graph';

/** Without a canvas, about so wide is a letter. */
const LETTER = 6.5;
const AROUND = 10;

/** What stands on the lines of the picture, and how much room that takes. Lines to and from steps say it by their ends. */
export function useLabels(): { textOf: (edge: Edge) => string; widthOf: (edge: Edge) => number } {
  const { t } = useTexts();
  const pen = document.createElement('canvas').getContext('2d');
  if (pen) pen.font = LABEL_FONT;
  const widths = new Map<string, number>();
  const textOf = ({ type }: Edge) => t(`lineage.relation.${type}`);
  function widthOf(edge: Edge): number {
    if (!STRONG.includes(edge.type)) return 0;
    const text = textOf(edge);
    const width = widths.get(text) ?? Math.ceil(pen?.measureText(text).width ?? text.length * LETTER) + AROUND;
    widths.set(text, width);
    return width;
  }
  return { textOf, widthOf };
}
