import { useEffect, useRef, useState } from 'react';
import type { VideoTrackHandle } from './room';

export interface PictureInPicture {
  isPossible: boolean;
  hasPicture: boolean;
  isOpen: boolean;
  toggle: () => void;
}

/** A small window over all others with the picture of this track, or of the next one when there is another. */
export function usePictureInPicture(track: VideoTrackHandle | undefined): PictureInPicture {
  const video = useRef<HTMLVideoElement | null>(null);
  const [isOpen, setIsOpen] = useState(false);

  // While it is open it follows; who turns the camera off leaves the last picture there.
  useEffect(() => {
    const element = video.current;
    if (!isOpen || !track || !element) return undefined;
    track.attach(element);
    return () => {
      track.detach(element);
    };
  }, [isOpen, track]);

  useEffect(
    () => () => {
      if (document.pictureInPictureElement === video.current) void document.exitPictureInPicture().catch(() => {});
    },
    [],
  );

  const open = async (shown: VideoTrackHandle) => {
    const element = document.createElement('video');
    element.muted = true;
    element.playsInline = true;
    element.autoplay = true;
    video.current = element;
    shown.attach(element);
    element.addEventListener('leavepictureinpicture', () => {
      shown.detach(element);
      setIsOpen(false);
    });
    try {
      if (element.readyState < HTMLMediaElement.HAVE_METADATA) {
        await new Promise((resolve) => element.addEventListener('loadedmetadata', resolve, { once: true }));
      }
      await element.requestPictureInPicture();
      setIsOpen(true);
    } catch {
      shown.detach(element);
    }
  };

  const toggle = () => {
    if (isOpen) void document.exitPictureInPicture().catch(() => {});
    else if (track) void open(track);
  };
  return { isPossible: document.pictureInPictureEnabled === true, hasPicture: track !== undefined, isOpen, toggle };
}
