import { useTexts } from '../../composables/use-texts';

const [SECOND, MINUTE, HOUR] = [1000, 60_000, 3_600_000];

/** How long something took, in at most two units: "0.4s", "12s", "3m 20s", "2h 5m". */
export function useDurations(): (milliseconds: number) => string {
  const { n } = useTexts();
  const unit = (value: number, name: string, digits = 0) => n(value, { style: 'unit', unit: name, unitDisplay: 'narrow', maximumFractionDigits: digits });
  const two = (large: string, small: string, rest: number) => (rest ? `${large} ${small}` : large);
  return (milliseconds) => {
    const whole = Math.max(Math.round(milliseconds / SECOND) * SECOND, 0);
    if (milliseconds < 10 * SECOND) return unit(Math.max(milliseconds, 0) / SECOND, 'second', milliseconds < 95 ? 2 : 1);
    if (whole < MINUTE) return unit(whole / SECOND, 'second');
    if (whole < HOUR) return two(unit(Math.floor(whole / MINUTE), 'minute'), unit((whole % MINUTE) / SECOND, 'second'), whole % MINUTE);
    const minutes = Math.floor((whole % HOUR) / MINUTE);
    return two(unit(Math.floor(whole / HOUR), 'hour'), unit(minutes, 'minute'), minutes);
  };
}

/** A round time since the beginning, as exact as the marks lie apart: "27m 20.5s". */
export function useTickTexts(): (time: number, size: number) => string {
  const { n } = useTexts();
  const unit = (value: number, name: string, digits = 0) => n(value, { style: 'unit', unit: name, unitDisplay: 'narrow', maximumFractionDigits: digits });
  return (time, size) => {
    const [hours, minutes, rest] = [Math.floor(time / HOUR), Math.floor((time % HOUR) / MINUTE), time % MINUTE];
    const parts = [hours && unit(hours, 'hour'), minutes && unit(minutes, 'minute')].filter(Boolean);
    if (rest > 0 || parts.length === 0) parts.push(unit(rest / SECOND, 'second', size < 100 ? 2 : size < SECOND ? 1 : 0));
    return parts.join(' ');
  };
}
