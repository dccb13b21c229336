import type { DeviceHealth, Pressure } from './saving';

interface Battery extends EventTarget {
  level: number;
  charging: boolean;
}

interface PressureObserving {
  observe(source: 'cpu', options: { sampleInterval: number }): Promise<void>;
  disconnect(): void;
}

declare const PressureObserver: undefined | (new (onChange: (records: { state: Pressure }[]) => void) => PressureObserving);

/** Tells of the device's battery and processor, as far as the browser does, now and when they change. Returns what ends it. */
export function watchHealth(onChange: (health: DeviceHealth) => void): () => void {
  let health: DeviceHealth = {};
  let isOver = false;
  const ends: (() => void)[] = [];
  const note = (change: DeviceHealth) => {
    health = { ...health, ...change };
    if (!isOver) onChange(health);
  };

  const { getBattery } = navigator as Navigator & { getBattery?: () => Promise<Battery> };
  getBattery?.call(navigator).then(
    (battery) => {
      const read = () => note({ battery: { level: battery.level, isCharging: battery.charging } });
      read();
      for (const event of ['levelchange', 'chargingchange']) {
        battery.addEventListener(event, read);
        ends.push(() => battery.removeEventListener(event, read));
      }
    },
    () => {},
  );

  if (typeof PressureObserver !== 'undefined') {
    const observer = new PressureObserver((records) => {
      const last = records.at(-1);
      if (last) note({ pressure: last.state });
    });
    observer.observe('cpu', { sampleInterval: 2000 }).catch(() => {});
    ends.push(() => observer.disconnect());
  }

  return () => {
    isOver = true;
    for (const end of ends) end();
  };
}
