import { describeError } from '../i18n/describe';
import { type Texts, useTexts } from '../i18n';
import { type ToastMessage, useApp } from '../state/store';
import { app } from '../state/page';
import { IconButton } from './Button';

function say(message: ToastMessage, texts: Texts): string {
  switch (message.kind) {
    case 'error':
      return describeError(message.error, texts);
    case 'notificationsDenied':
      return texts.settings.notificationsDenied;
    case 'invited':
      return texts.invite.sent(message.name);
    case 'forwarded':
      return texts.conversation.forwarded(message.to);
    case 'removedFromGroup':
      return texts.members.removedYou(message.group);
    case 'meetingGone':
      return texts.meeting.gone[message.reason];
  }
}

export function Toasts() {
  const texts = useTexts();
  const toasts = useApp((state) => state.toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map((toast) => (
        <div key={toast.id} className={`toast toast-${toast.tone}`}>
          <span>{say(toast.message, texts)}</span>
          <IconButton icon="close" size={16} label={texts.common.close} onClick={() => app.dismissToast(toast.id)} />
        </div>
      ))}
    </div>
  );
}
