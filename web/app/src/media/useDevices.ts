import { useEffect, useState } from 'react';
import type { MediaFailure } from '../state/failures';
import { openDevice } from './devices';

export interface Device {
  stream?: MediaStream;
  failure?: MediaFailure;
}

/** Holds the device while it is to be on; nothing of it leaves the page. */
export function useDevice(kind: 'audioinput' | 'videoinput', isOn: boolean, deviceId: string | undefined): Device {
  const [device, setDevice] = useState<Device>({});
  useEffect(() => {
    if (!isOn) return undefined;
    let isWanted = true;
    let held: MediaStream | undefined;
    const release = () => held?.getTracks().forEach((track) => track.stop());
    openDevice(kind, deviceId).then(
      (stream) => {
        held = stream;
        if (isWanted) setDevice({ stream });
        else release();
      },
      (failure: MediaFailure) => {
        if (isWanted) setDevice({ failure });
      },
    );
    return () => {
      isWanted = false;
      release();
      setDevice({});
    };
  }, [kind, isOn, deviceId]);
  return device;
}

/** The machine's devices; their names are told once one of them may be used. */
export function useDevices(mayName: MediaStream | undefined): MediaDeviceInfo[] {
  const [devices, setDevices] = useState<MediaDeviceInfo[]>([]);
  useEffect(() => {
    const media: MediaDevices | undefined = navigator.mediaDevices;
    if (!media) return undefined;
    const list = () => void media.enumerateDevices().then(setDevices, () => {});
    list();
    media.addEventListener('devicechange', list);
    return () => media.removeEventListener('devicechange', list);
  }, [mayName]);
  return devices;
}
