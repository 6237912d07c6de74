import { useTexts } from '../../../composables/use-texts';
import type { Region } from './regions';

const MOST_QUOTED = 60;

/** How a mark's place is called: "Pin", "0:12–0:15", "“The harbour wakes”". */
export function usePlaceName(): { placeOf: (region: Region) => string } {
  const { t, n } = useTexts();
  const moment = (seconds: number) => `${Math.floor(seconds / 60)}:${n(Math.floor(seconds % 60), { minimumIntegerDigits: 2 })}`;

  function place(region: Region): string {
    if (region.shape === 'time') return region.end === undefined || region.end === null ? moment(region.start) : `${moment(region.start)}–${moment(region.end)}`;
    if (region.shape === 'text') return t('review.place.quote', { text: cut(region.quote ?? `${region.start}–${region.end}`) });
    if (region.shape === 'pointer') return region.pointer || '/';
    return t(`review.place.${region.shape}`);
  }
  return { placeOf: (region) => (region.page ? `${place(region)}, ${t('review.place.page', { number: region.page })}` : place(region)) };
}

function cut(text: string): string {
  return text.length > MOST_QUOTED ? `${text.slice(0, MOST_QUOTED - 1)}…` : text;
}
