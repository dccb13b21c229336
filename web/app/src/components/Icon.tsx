import type { ReactNode } from 'react';

const stroke = {
  fill: 'none',
  stroke: 'currentColor',
  strokeWidth: 1.75,
  strokeLinecap: 'round',
  strokeLinejoin: 'round',
} as const;

const icons = {
  microphone: (
    <>
      <rect x="9" y="3" width="6" height="11" rx="3" />
      <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" />
    </>
  ),
  microphoneOff: (
    <>
      <path d="M15 9.5V6a3 3 0 0 0-5.7-1.3M9 9.5V11a3 3 0 0 0 4.6 2.5M5.5 11.5a6.5 6.5 0 0 0 10.3 5.3M18.1 13.6c.25-.66.4-1.37.4-2.1M12 18v3M4 4l16 16" />
    </>
  ),
  camera: (
    <>
      <rect x="3" y="6.5" width="12.5" height="11" rx="2.5" />
      <path d="m15.5 11 4.2-2.7c.5-.3 1.1 0 1.1.6v6.2c0 .6-.6.9-1.1.6L15.5 13" />
    </>
  ),
  cameraOff: (
    <>
      <path d="M10 6.5h3A2.5 2.5 0 0 1 15.5 9v2l4.2-2.7c.5-.3 1.1 0 1.1.6v6.2c0 .4-.2.6-.5.7M15.5 15.5A2.5 2.5 0 0 1 13 17.5H5.5A2.5 2.5 0 0 1 3 15V9a2.5 2.5 0 0 1 2-2.45M4 4l16 16" />
    </>
  ),
  screen: (
    <>
      <rect x="3" y="4.5" width="18" height="12" rx="2" />
      <path d="M8.5 20h7M12 13.5v-5.5M9.5 10.2 12 7.8l2.5 2.4" />
    </>
  ),
  people: (
    <>
      <circle cx="9" cy="8" r="3.25" />
      <path d="M3 19.5c.4-3.3 2.8-5.2 6-5.2s5.6 1.9 6 5.2M15.5 5.2a3.25 3.25 0 0 1 0 5.7M17.5 14.7c2 .6 3.2 2.2 3.5 4.6" />
    </>
  ),
  chat: <path d="M4 6.5A2.5 2.5 0 0 1 6.5 4h11A2.5 2.5 0 0 1 20 6.5v7a2.5 2.5 0 0 1-2.5 2.5H11l-4.2 3.6c-.3.3-.8.1-.8-.4V16A2 2 0 0 1 4 14Z" />,
  leave: <path d="M3.2 14.7c-.5-.6-.5-1.5.1-2.2C5.5 10.2 8.6 9 12 9s6.5 1.2 8.7 3.5c.6.7.6 1.6.1 2.2l-1.2 1.4c-.4.5-1.1.6-1.7.3l-2.4-1.2c-.5-.3-.8-.8-.7-1.4l.1-1.2a9.4 9.4 0 0 0-5.8 0l.1 1.2c.1.6-.2 1.1-.7 1.4l-2.4 1.2c-.6.3-1.3.2-1.7-.3Z" />,
  exit: <path d="M14 4.5H7A1.5 1.5 0 0 0 5.5 6v12A1.5 1.5 0 0 0 7 19.5h7M11 12h9M16.5 8.5 20 12l-3.5 3.5" />,
  clip: <path d="m20 11.5-8 8a5 5 0 0 1-7-7l8.5-8.5a3.4 3.4 0 0 1 4.8 4.8L10 17a1.7 1.7 0 0 1-2.4-2.4l7.4-7.4" />,
  file: <path d="M13.5 3.5H7A1.5 1.5 0 0 0 5.5 5v14A1.5 1.5 0 0 0 7 20.5h10a1.5 1.5 0 0 0 1.5-1.5V8.5ZM13.5 3.5v5h5" />,
  copy: (
    <>
      <rect x="8.5" y="8.5" width="11.5" height="11.5" rx="2" />
      <path d="M15.5 5.5V5a1.5 1.5 0 0 0-1.5-1.5H5.5A1.5 1.5 0 0 0 4 5v8.5A1.5 1.5 0 0 0 5.5 15H6" />
    </>
  ),
  minus: <path d="M5 12h14" />,
  download: <path d="M12 4v11M7 10.5l5 5 5-5M5 19.5h14" />,
  reload: <path d="M19 12a7 7 0 1 1-2.2-5.1M19 4v4h-4" />,
  plus: <path d="M12 5v14M5 12h14" />,
  smile: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M8.5 14.2c.8 1.2 2 1.9 3.5 1.9s2.7-.7 3.5-1.9M9 9.8v.2M15 9.8v.2" />
    </>
  ),
  reply: <path d="M9.5 6 4 11.5 9.5 17M4.5 11.5H14a6 6 0 0 1 6 6v1" />,
  search: (
    <>
      <circle cx="10.5" cy="10.5" r="6" />
      <path d="m15 15 5 5" />
    </>
  ),
  person: (
    <>
      <circle cx="12" cy="8" r="3.5" />
      <path d="M5 20c.5-3.6 3.3-5.7 7-5.7s6.5 2.1 7 5.7" />
    </>
  ),
  bellOff: <path d="M6.5 10a5.5 5.5 0 0 1 9-4.2M17.5 10v3l1.5 3.5h-8M8 16.500H5L6.500 13M10 19.500c.5.600 1.200 1 2 1s1.500-.4 2-1M4 4l16 16" />,
  at: (
    <>
      <circle cx="12" cy="12" r="3.5" />
      <path d="M15.500 8.500v5a2.300 2.300 0 0 0 4.600 0V12a8.100 8.100 0 1 0-3.200 6.500" />
    </>
  ),
  send: <path d="M20 4 3.5 10.5l6.5 3.5m10-10-6.5 16.5L10 14m10-10L10 14" />,
  back: <path d="m14.5 5-7 7 7 7" />,
  down: <path d="m6 9.5 6 6 6-6" />,
  up: <path d="m6 14.5 6-6 6 6" />,
  close: <path d="m6 6 12 12M18 6 6 18" />,
  more: (
    <>
      <circle cx="5.5" cy="12" r=".9" fill="currentColor" />
      <circle cx="12" cy="12" r=".9" fill="currentColor" />
      <circle cx="18.5" cy="12" r=".9" fill="currentColor" />
    </>
  ),
  check: <path d="m5 12.5 4.5 4.5L19 7.5" />,
  clock: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M12 7.5V12l3 2" />
    </>
  ),
  alert: (
    <>
      <path d="M12 4 2.8 19.5h18.4Z" />
      <path d="M12 10v4.5M12 17v.2" />
    </>
  ),
  eye: (
    <>
      <path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12Z" />
      <circle cx="12" cy="12" r="3" />
    </>
  ),
  settings: (
    <>
      <circle cx="15" cy="7.5" r="2.5" />
      <circle cx="9" cy="16.5" r="2.5" />
      <path d="M4 7.5h8.5M17.5 7.5H20M4 16.5h2.5M11.5 16.5H20" />
    </>
  ),
  pin: <path d="M9 4h6l-1 6 3 3.5H7L10 10ZM12 13.5V20" />,
  speaker: <path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5ZM15.5 9a4 4 0 0 1 0 6M18 6.5a7.5 7.5 0 0 1 0 11" />,
  weak: (
    <g strokeWidth="3">
      <path d="M4.5 19v-3" />
      <path d="M9.5 19v-6M14.5 19v-9.5M19.5 19V5.5" opacity=".35" />
    </g>
  ),
  grid: (
    <>
      <rect x="3.5" y="4.5" width="7.5" height="6.5" rx="1.5" />
      <rect x="13" y="4.5" width="7.5" height="6.5" rx="1.5" />
      <rect x="3.5" y="13" width="7.5" height="6.5" rx="1.5" />
      <rect x="13" y="13" width="7.5" height="6.5" rx="1.5" />
    </>
  ),
  phone: <path d="M6.5 4h2.3c.5 0 .9.3 1 .8l.8 3.2c.1.4 0 .8-.4 1.1L8.5 10.5a11 11 0 0 0 5 5l1.4-1.7c.3-.4.7-.5 1.1-.4l3.2.8c.5.1.8.5.8 1v2.3c0 1.4-1.1 2.5-2.5 2.5C10.6 20 4 13.4 4 6.5 4 5.1 5.1 4 6.5 4Z" />,
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof icons;

/** A picture beside or in place of words; whoever cannot see it is told by the words or the label around it. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" {...stroke}>
      {icons[name]}
    </svg>
  );
}
