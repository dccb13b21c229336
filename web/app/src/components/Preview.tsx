import { useEffect, useRef } from 'react';
import { useTexts } from '../i18n';

/** The picture of one's own camera, mirrored as one knows it. */
export function Preview({ stream }: { stream: MediaStream }) {
  const { prejoin } = useTexts();
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (video.current) video.current.srcObject = stream;
  }, [stream]);
  return <video ref={video} aria-label={prejoin.preview} autoPlay muted playsInline />;
}
