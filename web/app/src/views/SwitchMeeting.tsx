import { Dialog } from '../components/Dialog';
import { useTexts } from '../i18n';
import { useNames } from '../state/names';
import { app } from '../state/page';
import { useApp } from '../state/store';

/** Asks before the current meeting is left for another one. */
export function SwitchMeeting() {
  const { meeting: texts } = useTexts();
  const names = useNames();
  const isAsking = useApp((state) => state.switchingTo !== undefined);
  const groupId = useApp((state) => state.current?.groupId);
  if (!isAsking || groupId === undefined) return null;
  return (
    <Dialog
      title={texts.confirmSwitch(names.group(groupId))}
      confirm={texts.leave}
      danger
      onConfirm={() => void app.meetings.answerSwitch(true)}
      onClose={() => void app.meetings.answerSwitch(false)}
    />
  );
}
