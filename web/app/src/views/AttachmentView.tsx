import { type MouseEvent, useCallback, useEffect, useState } from 'react';
import { type Attachment, type ResourceLink, StatusCode, TurmsError } from 'turms-client';
import { Icon } from '../components/Icon';
import { useTexts } from '../i18n';
import { app } from '../state/page';
import { fileSize } from './fileSize';

/** Pictures that every browser shows. The sender says so; what is no picture after all is shown as a file. */
const pictureTypes = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);
/** Links are good for some minutes. */
const linkFreshMs = 120_000;

interface AttachmentViewProps {
  attachment: Attachment;
  tabIndex: number;
}

/** The page stays: the server has files saved, and so has the browser what is of this origin. */
function save(url: string, name: string): void {
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
}

/** A sent file: a picture as a picture, everything else by its name and size. */
export function AttachmentView({ attachment, tabIndex }: AttachmentViewProps) {
  const { conversation: texts } = useTexts();
  const { id, name, mediaType, size } = attachment;
  const [link, setLink] = useState<(ResourceLink & { at: number }) | undefined>();
  const [isGone, setIsGone] = useState(false);
  const [isShown, setIsShown] = useState(true);
  const isPicture = pictureTypes.has(mediaType) && isShown;

  const fetchLink = useCallback(async () => {
    try {
      const found = await app.writing.attachmentLink(id);
      setLink({ ...found, at: Date.now() });
      return found;
    } catch (error) {
      if (error instanceof TurmsError && error.code === StatusCode.AttachmentNotShared) setIsGone(true);
      // For now the name has to do; a click asks again.
      else setIsShown(false);
      return undefined;
    }
  }, [id]);
  useEffect(() => {
    if (isPicture) void fetchLink();
  }, [isPicture, fetchLink]);

  const isFresh = () => link !== undefined && Date.now() - link.at < linkFreshMs;
  const open = (event: MouseEvent) => {
    if (isPicture && isFresh()) return;
    event.preventDefault();
    // A tab can only be opened while the click is handled.
    const tab = isPicture ? window.open('about:blank', '_blank') : null;
    if (tab) tab.opener = null;
    void fetchLink().then((found) => {
      if (!found) tab?.close();
      else if (tab) tab.location.href = found.url;
      else save(found.url, name);
    });
  };
  const onPictureError = () => {
    // It may have come into view long after its link was made.
    if (isFresh()) setIsShown(false);
    else void fetchLink();
  };
  const label = texts.openFile(name, fileSize(size));

  if (isGone) {
    return (
      <span className="attachment is-gone">
        <Icon name="file" size={18} />
        {name} ({texts.fileGone})
      </span>
    );
  }
  return (
    <a
      className={`attachment ${isPicture ? 'is-picture' : ''}`}
      href={link?.url ?? '#'}
      {...(isPicture && link && { target: '_blank', rel: 'noopener noreferrer' })}
      aria-label={label}
      tabIndex={tabIndex}
      onClick={open}
    >
      {isPicture ? (
        link && <img src={link.smallUrl} alt={name} loading="lazy" onError={onPictureError} />
      ) : (
        <>
          <Icon name="file" size={18} />
          <span>{name}</span>
          <small>{fileSize(size)}</small>
        </>
      )}
    </a>
  );
}
