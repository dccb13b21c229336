import { useMemo } from 'react';
import { type Texts, useDateTag, useTexts } from '../i18n';
import { sameDay } from '../state/timeline';

export interface TimeText {
  /** Hour and minute. */
  clock: (time: number) => string;
  /** The clock without the half of the day: for where there is little room. */
  bareClock: (time: number) => string;
  /** The clock today, otherwise the day, with the year of another one. */
  short: (time: number) => string;
  /** The day, in words where there are some, with the year of another one. */
  day: (time: number) => string;
  /** The clock today, otherwise the day and the clock. */
  moment: (time: number) => string;
  full: (time: number) => string;
  duration: (ms: number) => string;
}

const dayMs = 24 * 60 * 60_000;

function isThisYear(time: number): boolean {
  return new Date(time).getFullYear() === new Date().getFullYear();
}

export function timeText(tag: string, conversation: Texts['conversation']): TimeText {
  const format = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(tag, options);
  const clock = format({ hour: '2-digit', minute: '2-digit' });
  const date = format({ month: 'short', day: 'numeric' });
  const dateOfYear = format({ year: 'numeric', month: 'numeric', day: 'numeric' });
  const day = format({ weekday: 'long', month: 'long', day: 'numeric' });
  const dayOfYear = format({ weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' });
  const full = format({ dateStyle: 'medium', timeStyle: 'short' });
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
    short: (time) => {
      if (sameDay(time, Date.now())) return clock.format(time);
      return (isThisYear(time) ? date : dateOfYear).format(time);
    },
    day: (time) => {
      if (sameDay(time, Date.now())) return conversation.today;
      if (sameDay(time, Date.now() - dayMs)) return conversation.yesterday;
      return (isThisYear(time) ? day : dayOfYear).format(time);
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
}

export function useTimeText(): TimeText {
  const tag = useDateTag();
  const { conversation } = useTexts();
  return useMemo(() => timeText(tag, conversation), [tag, conversation]);
}
