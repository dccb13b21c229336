import { useMemo } from 'react';
import { useDateTag, useTexts } from '../i18n';
import { sameDay } from '../state/timeline';

export interface TimeText {
  /** Hour and minute. */
  clock: (time: number) => string;
  /** The clock without the half of the day: for where there is little room. */
  bareClock: (time: number) => string;
  /** The clock today, otherwise the day. */
  short: (time: number) => string;
  /** The day, in words where there are some. */
  day: (time: number) => string;
  /** The clock today, otherwise the day and the clock. */
  moment: (time: number) => string;
  full: (time: number) => string;
  duration: (ms: number) => string;
}

const dayMs = 24 * 60 * 60_000;

export function useTimeText(): TimeText {
  const tag = useDateTag();
  const { conversation } = useTexts();
  return useMemo(() => {
    const clock = new Intl.DateTimeFormat(tag, { hour: '2-digit', minute: '2-digit' });
    const date = new Intl.DateTimeFormat(tag, { month: 'short', day: 'numeric' });
    const day = new Intl.DateTimeFormat(tag, { weekday: 'long', month: 'long', day: 'numeric' });
    const full = new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeStyle: 'short' });
    const minutes = new Intl.NumberFormat(tag, { style: 'unit', unit: 'minute' });
    const hours = new Intl.NumberFormat(tag, { style: 'unit', unit: 'hour' });
    return {
      clock: (time) => clock.format(time),
      bareClock: (time) =>
        clock
          .formatToParts(time)
          .flatMap(({ type, value }) => (type === 'dayPeriod' ? [] : [value]))
          .join('')
          .trim(),
      short: (time) => (sameDay(time, Date.now()) ? clock.format(time) : date.format(time)),
      day: (time) => {
        if (sameDay(time, Date.now())) return conversation.today;
        if (sameDay(time, Date.now() - dayMs)) return conversation.yesterday;
        return day.format(time);
      },
      moment: (time) => (sameDay(time, Date.now()) ? clock.format(time) : full.format(time)),
      full: (time) => full.format(time),
      duration: (ms) => {
        const total = Math.max(1, Math.round(ms / 60_000));
        const wholeHours = Math.floor(total / 60);
        const rest = minutes.format(total % 60);
        return wholeHours === 0 ? rest : `${hours.format(wholeHours)} ${rest}`;
      },
    };
  }, [tag, conversation]);
}
