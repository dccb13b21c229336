import { type KeyboardEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { Button, IconButton } from '../components/Button';
import { useTexts } from '../i18n';
import type { ConversationKey } from '../state/conversationKey';
import { useNames } from '../state/names';
import { app } from '../state/page';
import { hidePicture, type Picture, picturesOf } from '../state/pictures';
import { useApp } from '../state/store';
import { saveFile } from './saveFile';
import { useTimeText } from './time';
import '../styles/gallery.css';

const zooms = [1, 1.5, 2, 3, 4] as const;

/** A picture over all of the page, with those before and after it: by buttons, arrow keys, plus and minus. */
export default function Gallery({ conversationKey: key, start }: { conversationKey: ConversationKey; start: bigint }) {
  const { gallery: texts, common } = useTexts();
  const names = useNames();
  const time = useTimeText();
  const entries = useApp((state) => state.conversations.get(key)?.entries);
  const pictures = useMemo(() => picturesOf(entries ?? []), [entries]);
  const [id, setId] = useState(start);
  const [zoom, setZoom] = useState(0);
  const dialog = useRef<HTMLDialogElement>(null);
  const index = pictures.findIndex((each) => each.id === id);
  const picture = pictures[index];
  const address = useAddress(picture);

  useLayoutEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    return () => element?.close();
  }, []);
  // It was taken back while it was looked at.
  useEffect(() => {
    if (!picture) hidePicture();
  }, [picture]);

  const go = (by: number) => {
    const next = pictures[index + by];
    if (!next) return;
    setId(next.id);
    setZoom(0);
  };
  const zoomBy = (by: number) => setZoom((now) => Math.min(zooms.length - 1, Math.max(0, now + by)));
  const onKeyDown = (event: KeyboardEvent) => {
    const actions: Record<string, () => void> = {
      ArrowLeft: () => go(-1),
      ArrowRight: () => go(1),
      '+': () => zoomBy(1),
      '=': () => zoomBy(1),
      '-': () => zoomBy(-1),
      '0': () => setZoom(0),
    };
    // What is larger than its frame is moved by the arrows.
    const isMoved = zoom > 0 && (event.target as Element).matches('.gallery-frame');
    const action = event.ctrlKey || event.metaKey || (isMoved && event.key.startsWith('Arrow')) ? undefined : actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };
  if (!picture) return null;

  return (
    <dialog
      ref={dialog}
      className="gallery"
      data-theme="dark"
      aria-label={texts.title}
      onKeyDown={onKeyDown}
      onClose={() => !dialog.current?.open && hidePicture()}
    >
      <header>
        <p>
          <strong dir="auto">{picture.name}</strong>
          <small>
            {names.in(key, picture.senderId)}, {time.full(picture.sentAt)}
          </small>
        </p>
        <IconButton icon="minus" label={texts.smaller} aria-disabled={zoom === 0} onClick={() => zoomBy(-1)} />
        <IconButton icon="plus" label={texts.larger} aria-disabled={zoom === zooms.length - 1} onClick={() => zoomBy(1)} />
        <IconButton
          icon="download"
          label={texts.save}
          aria-disabled={typeof address !== 'string'}
          onClick={() => typeof address === 'string' && saveFile(address, picture.name)}
        />
        <IconButton icon="close" label={common.close} onClick={hidePicture} />
      </header>
      <div className="gallery-frame" tabIndex={0} role="group" aria-label={picture.name}>
        {address === 'failed' ? (
          <p role="alert">{texts.failed}</p>
        ) : (
          address !== undefined && (
            <img src={address} alt={picture.name} style={{ width: `${zooms[zoom]! * 100}%`, height: `${zooms[zoom]! * 100}%` }} />
          )
        )}
      </div>
      <footer>
        <Button icon="back" aria-disabled={index === 0} onClick={() => go(-1)}>
          {texts.previous}
        </Button>
        <span role="status">{texts.place(index + 1, pictures.length)}</span>
        <Button aria-disabled={index === pictures.length - 1} onClick={() => go(1)}>
          {texts.next}
        </Button>
      </footer>
    </dialog>
  );
}

/** Where the picture is to be had; nothing until that is known. */
function useAddress(picture: Picture | undefined): string | undefined {
  const [found, setFound] = useState<{ id: bigint; address: string }>();
  const id = picture?.id;
  useEffect(() => {
    if (id === undefined) return undefined;
    let isWanted = true;
    const put = (address: string) => isWanted && setFound({ id, address });
    app.writing.attachmentLink(id).then(
      ({ url }) => put(url),
      () => put('failed'),
    );
    return () => {
      isWanted = false;
    };
  }, [id]);
  return found?.id === id ? found?.address : undefined;
}
