import { useState } from 'react';
import { Icon } from '../components/Icon';
import { Menu, type MenuSection } from '../components/Menu';
import { useTexts } from '../i18n';
import { rememberDevice } from '../state/preferences';
import type { MeetingRoom } from './room';

interface DeviceMenuProps {
  room: MeetingRoom;
  kinds: MediaDeviceKind[];
  label: string;
}

/** Chooses which of the machine's devices is used. */
export function DeviceMenu({ room, kinds, label }: DeviceMenuProps) {
  const { meeting: texts } = useTexts();
  const [sections, setSections] = useState<MenuSection[]>([]);
  const titles: Record<MediaDeviceKind, string> = {
    audioinput: texts.microphone,
    audiooutput: texts.speaker,
    videoinput: texts.camera,
  };

  const load = async () => {
    const lists = await Promise.all(kinds.map(async (kind) => ({ kind, ...(await room.listDevices(kind)) })));
    setSections(
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

  return (
    <Menu label={label} className="control-more" sections={sections} onOpen={() => void load()}>
      <Icon name="up" size={16} />
    </Menu>
  );
}
