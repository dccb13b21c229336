import { useState } from 'react';
import { Icon, type IconName } from '../components/Icon';
import { Menu, type MenuSection } from '../components/Menu';
import { useTexts } from '../i18n';
import { rememberDevice } from '../state/preferences';
import type { MeetingRoom } from './room';

interface DeviceMenuProps {
  room: MeetingRoom;
  kinds: MediaDeviceKind[];
  label: string;
  className?: string;
  icon?: IconName;
  iconSize?: number;
  /** What stands below the devices. */
  more?: MenuSection[];
}

const none: MenuSection[] = [];

/** Chooses which of the machine's devices is used. */
export function DeviceMenu({
  room,
  kinds,
  label,
  className = 'control-more',
  icon = 'up',
  iconSize = 16,
  more = none,
}: DeviceMenuProps) {
  const { meeting: texts } = useTexts();
  const [devices, setDevices] = useState<MenuSection[]>();
  const titles: Record<MediaDeviceKind, string> = {
    audioinput: texts.microphone,
    audiooutput: texts.speaker,
    videoinput: texts.camera,
  };

  const load = async () => {
    const lists = await Promise.all(kinds.map(async (kind) => ({ kind, ...(await room.listDevices(kind)) })));
    setDevices(
      lists
        .filter(({ devices }) => devices.length > 0)
        .map(({ kind, devices, active }) => ({
          key: kind,
          title: titles[kind],
          items: devices.map((device) => ({
            key: device.deviceId,
            label: device.label || texts.defaultDevice,
            checked: device.deviceId === active,
            onSelect: () => {
              rememberDevice(kind, device.deviceId);
              void room.useDevice(kind, device.deviceId);
            },
          })),
        })),
    );
  };

  // All at once: what comes above the item that has the focus would move it away.
  const sections = devices ? [...devices, ...more] : none;
  return (
    <Menu label={label} className={className} sections={sections} onOpen={() => void load()}>
      <Icon name={icon} size={iconSize} />
    </Menu>
  );
}
