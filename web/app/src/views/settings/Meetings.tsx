import { useTexts } from '../../i18n';
import { setIsAsking, useIsAsking } from '../../meeting/prejoin';
import { app } from '../../state/page';
import { usePreferences } from '../../state/preferences';
import { Part } from './Part';
import { useSettingsTexts } from './texts';

export function Meetings() {
  const { settings } = useTexts();
  const texts = useSettingsTexts();
  const isAsking = useIsAsking();
  const { notifications } = usePreferences();
  return (
    <Part title={texts.meetings}>
      <label className="settings-switch">
        <input type="checkbox" checked={isAsking} onChange={() => setIsAsking(!isAsking)} />
        {settings.previewFirst}
      </label>
      <label className="settings-switch">
        <input type="checkbox" checked={notifications} onChange={() => void app.setNotifications(!notifications)} />
        {settings.notifications}
      </label>
    </Part>
  );
}
