import { useEffect, useState } from 'react';
import { IconButton } from '../components/Button';
import { Icon } from '../components/Icon';
import { useTexts } from '../i18n';
import type { ConversationKey } from '../state/conversationKey';
import { app } from '../state/page';
import { pictureTypes } from '../state/pictures';
import type { Upload } from '../state/uploads';
import { useApp } from '../state/store';
import { fileSize } from './fileSize';
import '../styles/uploads.css';

/** Files that were chosen, and those on their way: each is seen before it is sent, and can be given up or tried again. */
export default function Uploads({ conversationKey: key }: { conversationKey: ConversationKey }) {
  const { conversation: texts } = useTexts();
  const uploads = useApp((state) => state.uploads.get(key)) ?? [];
  return (
    <ul className="uploads" aria-label={texts.files}>
      {uploads.map((upload) => (
        <Row key={upload.id} conversationKey={key} upload={upload} />
      ))}
    </ul>
  );
}

function Row({ conversationKey: key, upload }: { conversationKey: ConversationKey; upload: Upload }) {
  const { conversation: texts } = useTexts();
  const { id, file, name, state, part } = upload;
  const hasFailed = state === 'failed' || state === 'tooLarge';
  return (
    <li className={`upload ${hasFailed ? 'is-failed' : ''}`}>
      <Thumbnail file={file} />
      <span className="upload-text">
        <bdi className="upload-name">{name}</bdi>
        <small role={hasFailed ? 'alert' : undefined}>
          {state === 'failed' ? texts.uploadFailed(name) : state === 'tooLarge' ? texts.uploadTooLarge(name) : fileSize(file.size)}
        </small>
        {(state === 'sending' || state === 'waiting') && <progress aria-label={texts.uploading(name)} max={1} value={part} />}
      </span>
      {state === 'failed' && (
        <IconButton icon="reload" size={18} label={texts.uploadAgain(name)} onClick={() => void app.uploads.retry(key, id)} />
      )}
      <IconButton icon="close" size={18} label={texts.uploadCancel(name)} onClick={() => app.uploads.cancel(key, id)} />
    </li>
  );
}

function Thumbnail({ file }: { file: File }) {
  const [address, setAddress] = useState<string>();
  const isPicture = pictureTypes.has(file.type);
  useEffect(() => {
    if (!isPicture) return undefined;
    const made = URL.createObjectURL(file);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [file, isPicture]);
  return address === undefined ? <Icon name="file" size={22} /> : <img src={address} alt="" />;
}
