import { type MouseEvent, useCallback, useEffect, useState } from 'react';
import { type Attachment, type ResourceLink, StatusCode, TurmsError } from 'turms-client';
import { Icon } from '../components/Icon';
import { useTexts } from '../i18n';
import { app } from '../state/page';
import { pictureTypes } from '../state/pictures';
import { fileSize } from './fileSize';
import { saveFile } from './saveFile';

/** Links are good for some minutes. */
const linkFreshMs = 120_000;

interface AttachmentViewProps {
  attachment: Attachment;
  /** Shows the picture large. */
  onShow: () => void;
  tabIndex: number;
}

/** A sent file: a picture as a picture, everything else by its name and size. */
export function AttachmentView({ attachment, onShow, tabIndex }: AttachmentViewProps) {
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
    // With these keys the browser opens it beside the page.
    if (isPicture && (event.ctrlKey || event.metaKey || event.shiftKey)) return;
    event.preventDefault();
    if (isPicture) onShow();
    else void fetchLink().then((found) => found && saveFile(found.url, name));
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
      aria-label={isPicture ? label : undefined}
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
